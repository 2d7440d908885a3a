// A connection without a system: descriptors are numbers, files are arrays, and who has what is counted.
import type { CreateOptions } from '../../../src/device/contract.ts';
import { createCryptoDevice } from '../../../src/device/device.ts';
import { foreignGuest } from '../../../src/engine/foreign/index.ts';
import { ClientMemory } from '../../../src/transport/vhost-user/client_memory.ts';
import { VhostUserConnection } from '../../../src/transport/vhost-user/connection.ts';
import type { Mapping, VhostUserHost, Watch } from '../../../src/transport/vhost-user/host.ts';
import { VhostUserError } from '../../../src/transport/vhost-user/protocol.ts';
import { encode } from './client.ts';

/** What a descriptor is of. */
export type Thing = { file: Uint8Array } | 'event' | 'socket';

export class FakeHost implements VhostUserHost {
  /** Descriptors that are open, and what they are of. */
  readonly open = new Map<number, Thing>();
  readonly sent: Uint8Array[] = [];
  readonly said: string[] = [];
  readonly signalled: number[] = [];
  readonly handlers = new Map<number, () => void>();
  /** Called at each look at the clock. */
  onLook: () => void = () => {};
  /** Called when a handler is to run again. */
  onAgain: (handler: () => void) => void = (handler) => handler();
  mappings = 0;
  #next = 100;
  #time = 0;

  /** A descriptor for the client to send. */
  give(thing: Thing): number {
    this.open.set(this.#next, thing);
    return this.#next++;
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }

  map(descriptor: number, offset: number, bytes: number): Mapping {
    const thing = this.#take(descriptor);
    if (typeof thing === 'string') throw new VhostUserError('SET_MEM_TABLE: a descriptor cannot be mapped: ENODEV.');
    if (offset + bytes > thing.file.length) throw new VhostUserError('SET_MEM_TABLE: a region exceeds the file.');
    this.mappings++;
    let released = false;
    return {
      pieces: [thing.file.subarray(offset, offset + bytes)],
      offset: undefined,
      release: () => {
        if (!released) this.mappings--;
        released = true;
      },
    };
  }

  isEvent(descriptor: number): boolean {
    return this.open.get(descriptor) === 'event';
  }

  watch(descriptor: number, handler: () => void): Watch {
    this.handlers.set(descriptor, handler);
    return {
      again: () => this.onAgain(handler),
      end: () => {
        this.handlers.delete(descriptor);
        this.#take(descriptor);
      },
    };
  }

  signal(descriptor: number): void {
    if (!this.open.has(descriptor)) throw new Error(`Descriptor ${descriptor} is closed.`);
    this.signalled.push(descriptor);
  }

  close(descriptor: number): void {
    this.#take(descriptor);
  }

  /** Each look at the clock takes ten microseconds. */
  now(): number {
    this.#time += 0.01;
    this.onLook();
    return this.#time;
  }

  say(line: string): void {
    this.said.push(line);
  }

  #take(descriptor: number): Thing {
    const thing = this.open.get(descriptor);
    if (thing === undefined) throw new Error(`Descriptor ${descriptor} was closed before.`);
    this.open.delete(descriptor);
    return thing;
  }
}

/** Options of the device, and what makes it. */
export type FakeOptions = Partial<Omit<CreateOptions, 'guest'>> & { createDevice?: typeof createCryptoDevice };

/** A device with a connection over a FakeHost. */
export function fakeConnection({ createDevice = createCryptoDevice, ...options }: FakeOptions = {}) {
  const memory = new ClientMemory();
  const device = createDevice({
    ...{ backend: 'inline', controlQueueSize: 1024, ...options },
    guest: foreignGuest(memory, memory.regionsOf([])),
  });
  const host = new FakeHost();
  const connection = new VhostUserConnection(device, memory, host);
  return {
    ...{ device, memory, host, connection },
    /** Sends a message as a whole. Returns the payload of the answer, if there is one. */
    send(
      request: number,
      payload: Uint8Array = new Uint8Array(),
      things: readonly Thing[] = [],
      flags = 1,
    ): DataView | undefined {
      const before = host.sent.length;
      connection.receive(
        encode(request, payload, flags),
        things.map((thing) => host.give(thing)),
      );
      const answer = host.sent[before];
      return answer && new DataView(answer.buffer, 12);
    },
    end(): void {
      connection.close();
      device.dispose();
    },
  };
}
