// Random sequences of messages, most of them almost right: the connection may end with a VhostUserError, and with nothing else.
import * as spec from '../../spec/crypto.ts';
import { createCryptoDevice } from '../../src/device/device.ts';
import { foreignGuest } from '../../src/engine/foreign/index.ts';
import { ClientMemory } from '../../src/transport/vhost-user/client_memory.ts';
import { VhostUserConnection } from '../../src/transport/vhost-user/connection.ts';
import * as protocol from '../../src/transport/vhost-user/protocol.ts';
import { Random } from '../fuzz/random.ts';
import { encode, memoryTable, type Region, ringAddresses, u32s, u64 } from './support/client.ts';
import { FakeHost, type Thing } from './support/fake_host.ts';

const FILE_BYTES = 65536;
const USER = 0x7f00_0000_0000;
const MESSAGES_MAX = 40;
/** Places of rings, and of descriptors in them. */
const PLACES = [0, 0x1000, 0x2000, 0x3000, 0x4000, FILE_BYTES - 16, FILE_BYTES];

interface Sent {
  bytes: Uint8Array;
  things: Thing[];
}

/** What many sequences came to. */
export interface FuzzOutcome {
  sequences: number;
  messages: number;
  /** Connections that ended with an error of the client, by message. */
  ended: Map<string, number>;
  /** Sequences in which a ring ran, and requests that the device completed. */
  ran: number;
  requests: number;
}

/** A client that follows no rules. */
class Sequence {
  readonly #random: Random;
  readonly #file: Uint8Array<ArrayBuffer>;
  /** The ring that is set up in the usual order. */
  readonly #index: number;

  constructor(random: Random, file: Uint8Array<ArrayBuffer>) {
    this.#random = random;
    this.#file = file;
    this.#index = this.#chance(0.8) ? 0 : 1;
  }

  next(step: number): Sent {
    const made = step < 9 && this.#chance(0.97) ? this.#usual(step) : this.#any();
    return this.#chance(0.02) ? this.#damaged(made) : made;
  }

  /** The order of messages that starts a ring. */
  #usual(step: number): Sent {
    const index = this.#index;
    const told = this.#chance(0.5) ? 1n << 32n : 0n;
    const steps: (() => Sent)[] = [
      () => this.#message(protocol.SET_FEATURES, u64((1n << 30n) | told)),
      () => this.#table(),
      () => this.#message(protocol.SET_VRING_NUM, u32s(index, this.#pick([4, 8, 8, 16, 1024]))),
      () => this.#message(protocol.SET_VRING_BASE, u32s(index, this.#chance(0.9) ? 0 : this.#number())),
      () => this.#message(protocol.SET_VRING_ADDR, ringAddresses(index, USER, USER + 0x1000, USER + 0x2000)),
      () => this.#message(protocol.SET_VRING_KICK, u64(index), ['event']),
      () => this.#message(protocol.SET_VRING_CALL, u64(index), ['event']),
      () => this.#message(protocol.SET_VRING_ENABLE, u32s(index, 1)),
      () => this.#session(),
    ];
    return steps[step]?.() ?? this.#any();
  }

  #any(): Sent {
    const index = this.#pick([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 255]);
    const one: (() => Sent)[] = [
      () => this.#message(this.#pick([1, 3, 15, 17]), new Uint8Array()),
      () => this.#message(this.#pick([2, 16]), u64(this.#chance(0.7) ? this.#pick([0, 1, 1 << 30]) : this.#number())),
      () => this.#table(),
      () => this.#message(protocol.SET_VRING_NUM, u32s(index, this.#number())),
      () => this.#message(protocol.SET_VRING_BASE, u32s(index, this.#number())),
      () => this.#message(protocol.GET_VRING_BASE, u32s(index, 0)),
      () => this.#message(protocol.SET_VRING_ENABLE, u32s(index, this.#pick([0, 1, 1, 1, 1, 0, 0, 1, 1, 2]))),
      () => this.#message(protocol.SET_VRING_ADDR, ringAddresses(index, this.#user(), this.#user(), this.#user())),
      () =>
        this.#message(
          this.#pick([12, 13, 14]),
          u64(index + this.#pick([0, 0, 0, 256])),
          this.#chance(0.8) ? ['event'] : [],
        ),
      () => this.#message(this.#pick([24, 25]), Buffer.concat([u32s(this.#number(), 56, 0), new Uint8Array(56)])),
      () => this.#session(),
      () => this.#message(protocol.CLOSE_CRYPTO_SESSION, u64(this.#pick([0, 1, 2 ** 33]))),
      () => this.#message(protocol.RESET_OWNER, new Uint8Array()),
      () => this.#message(this.#chance(0.9) ? protocol.GET_FEATURES : this.#number() & 63, new Uint8Array()),
    ];
    return this.#pick(one)();
  }

  #session(): Sent {
    const payload = Buffer.alloc(this.#pick([protocol.SYM_SESSION_BYTES, protocol.ANY_SESSION_BYTES]));
    if (payload.length === protocol.ANY_SESSION_BYTES)
      payload.writeBigUInt64LE(BigInt(this.#pick([2, 2, 0x102, 0x404])));
    payload.writeUInt32LE(spec.CIPHER_AES_CBC, 8);
    payload.writeUInt32LE(this.#pick([16, 16, 16, 32, 32, 24, 7, 65]), 12);
    payload.writeUInt32LE(this.#pick([2, 4, 99]), 16);
    payload.writeUInt32LE(this.#pick([20, 32, 0]), 20);
    payload.writeUInt32LE(this.#pick([20, 20, 20, 64, 64, 513]), 24);
    payload.set([this.#pick([1, 1, 2, 0]), this.#pick([1, 2, 3]), this.#pick([1, 2, 3]), this.#pick([1, 2])], 32);
    return this.#message(protocol.CREATE_CRYPTO_SESSION, payload);
  }

  #table(): Sent {
    const regions: Region[] = Array.from({ length: this.#pick([1, 1, 1, 2, 8, 0]) }, (_, i) => ({
      guestAddress: this.#chance(0.99) ? i * FILE_BYTES : this.#number() * this.#pick([1, 2 ** 20, 2 ** 32]),
      bytes: this.#chance(0.99) ? FILE_BYTES : this.#number(),
      userAddress: this.#chance(0.99) ? USER + i * FILE_BYTES : this.#number() * 2 ** 32,
      fileOffset: this.#chance(0.99) ? 0 : this.#number(),
    }));
    const things = regions.map((): Thing => (this.#chance(0.97) ? { file: this.#file } : 'socket'));
    return this.#message(protocol.SET_MEM_TABLE, memoryTable(regions), things);
  }

  /** A guest that writes into its memory, rings included, at any time. */
  scribble(): void {
    const view = new DataView(this.#file.buffer);
    for (let i = this.#random.below(20); i > 0; i--) {
      const at = Math.min(this.#pick(PLACES) + 2 * this.#random.below(40), FILE_BYTES - 8);
      if (this.#chance(0.5)) view.setUint16(at, this.#pick([0, 1, 2, 3, 4, this.#random.below(65536)]), true);
      else
        view.setBigUint64(
          at,
          BigInt(this.#pick([0, 72, 0x3000, 0x4000, 2 ** 52, 2 ** 52 + 1024, FILE_BYTES - 1])),
          true,
        );
    }
  }

  #damaged({ bytes, things }: Sent): Sent {
    const copy = bytes.slice();
    const at = this.#random.below(copy.length);
    copy[at] = this.#random.below(256);
    return { bytes: copy, things: this.#chance(0.8) ? things : [...things, 'event'] };
  }

  #message(request: number, payload: Uint8Array, things: Thing[] = []): Sent {
    return { bytes: encode(request, payload, this.#chance(0.3) ? 9 : 1), things };
  }

  #user(): number {
    return USER + this.#pick(PLACES) + this.#pick([0, 0, 0, 1, 2, -2]);
  }

  #number(): number {
    return this.#pick([
      0,
      1,
      2,
      7,
      8,
      255,
      256,
      1024,
      32768,
      65535,
      0x80008000,
      0xffffffff,
      this.#random.below(2 ** 32),
    ]);
  }

  #chance(probability: number): boolean {
    return this.#random.below(10_000) < probability * 10_000;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)] as T;
  }
}

/**
 * Sends `sequences` sequences of messages to one device, one connection after the other.
 * @throws Error that names the seed and the sequence, for anything but a VhostUserError, and for what a connection leaves behind
 */
export function fuzzMessages(seed: number, sequences: number): FuzzOutcome {
  const memory = new ClientMemory();
  const device = createCryptoDevice({
    ...{ backend: 'inline', maxSessions: 16, maxRequestBytes: 4096, features: { packed: true } },
    guest: foreignGuest(memory, memory.regionsOf([])),
  });
  const outcome: FuzzOutcome = { sequences, messages: 0, ended: new Map(), ran: 0, requests: 0 };
  for (let sequence = 0; sequence < sequences; sequence++) {
    const random = new Random((seed * 0x9e3779b1 + sequence) >>> 0);
    const host = new FakeHost();
    const connection = new VhostUserConnection(device, memory, host);
    const file = new Uint8Array(FILE_BYTES);
    const client = new Sequence(random, file);
    let ran = false;
    try {
      for (let step = random.below(MESSAGES_MAX) + 5, at = 0; step > 0; step--, at++) {
        const { bytes, things } = client.next(at);
        outcome.messages++;
        connection.receive(
          bytes,
          things.map((thing) => host.give(thing)),
        );
        if (random.below(3) === 0) client.scribble();
        for (const handler of [...host.handlers.values()]) handler();
        ran ||= device.queues.some(({ enabled }) => enabled);
      }
    } catch (error) {
      if (!(error instanceof protocol.VhostUserError)) throw failed(seed, sequence, error);
      const [message = ''] = error.message.split(':');
      outcome.ended.set(message, (outcome.ended.get(message) ?? 0) + 1);
    }
    connection.close();
    if (host.open.size > 0 || host.mappings > 0) throw failed(seed, sequence, new Error('something is left of it'));
    if (device.sessionCount > 0) throw failed(seed, sequence, new Error('a session is left of it'));
    outcome.ran += ran ? 1 : 0;
  }
  outcome.requests = device.statistics().queues.reduce((sum, { requests }) => sum + requests, 0);
  device.dispose();
  return outcome;
}

function failed(seed: number, sequence: number, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Seed ${seed}, sequence ${sequence}: ${why}`, { cause });
}
