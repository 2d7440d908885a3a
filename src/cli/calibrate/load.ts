import * as virtio from '../../../spec/virtio.ts';
import type { BackendOptions } from '../../backend/backend.ts';
import type { OpenSession } from '../../driver/driver.ts';
import {
  aeadOperation,
  authOperation,
  chainOperation,
  cipherOperation,
  type OperationChain,
  type RequestMode,
} from '../../driver/operations.ts';
import type { SessionParameters } from '../../driver/sessions.ts';
import { type Bench, createBench } from '../../testing/index.ts';

/** Requests of one kind and size, so many of them under way at once. */
export interface LoadOptions extends BackendOptions {
  session: SessionParameters;
  bytes: number;
  depth: number;
}

const IV_BYTES = { cipher: 16, chain: 16, aead: 12 } as const;
const DIGEST_BYTES = 16;
const MIB = 1024 * 1024;

/** A device at work: the same requests, made available again and again as soon as all are done. */
export class Load {
  readonly #bench: Bench;
  readonly #heads: readonly number[];
  readonly #words: Uint16Array;
  readonly #availIdx: number;
  readonly #availRing: number;
  readonly #usedEvent: number;
  readonly #usedIdx: number;
  readonly #mask: number;
  #next: number;
  #done: (() => void) | undefined;

  static async create({ session, bytes, depth, ...backend }: LoadOptions): Promise<Load> {
    const room = depth * (2 * bytes + 4096) + 2 * MIB;
    const bench = await createBench({
      ...backend,
      memoryBytes: Math.ceil(room / 65536) * 65536,
      maxRequestBytes: Math.max(MIB, 2 * bytes + 4096),
      limits: { bytesPerNotification: 1024 * MIB },
    });
    const open = await bench.driver.createSession(session);
    if (open.status !== 'ok') throw new Error(`The device refuses a session: ${open.status}.`);
    return new Load(bench, operationOf(open, bytes), depth);
  }

  private constructor(bench: Bench, { readable, writable }: OperationChain, depth: number) {
    this.#bench = bench;
    const queue = bench.driver.queues[0];
    if (!queue) throw new Error('The device has no data queue.');
    const place = (content: Uint8Array) => {
      const address = bench.allocator.take(content.length);
      bench.ram().set(content, address);
      return { address, bytes: content.length };
    };
    this.#heads = Array.from({ length: depth }, () =>
      queue.add({
        readable: readable.map(place),
        writable: writable.map((bytes) => ({ address: bench.allocator.take(bytes), bytes })),
      }),
    );
    this.#next = depth;
    // The memory does not grow from here on.
    const ram = bench.ram();
    this.#words = new Uint16Array(ram.buffer, ram.byteOffset, ram.byteLength / 2);
    this.#mask = queue.size - 1;
    this.#availIdx = (queue.avail + virtio.AVAIL_IDX) / 2;
    this.#availRing = (queue.avail + virtio.AVAIL_RING) / 2;
    this.#usedEvent = this.#availRing + queue.size;
    this.#usedIdx = (queue.used + virtio.USED_IDX) / 2;
    bench.device.onInterrupt(() => {
      if (this.#words[this.#usedIdx] === this.#next) this.#done?.();
    });
  }

  /** Milliseconds that so many rounds take, in each of which all requests are done once. */
  async run(rounds: number): Promise<number> {
    const start = performance.now();
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < this.#heads.length; i++) {
        this.#words[this.#availRing + ((this.#next + i) & this.#mask)] = this.#heads[i] ?? 0;
      }
      this.#next = (this.#next + this.#heads.length) & 0xffff;
      // One interrupt, at the last completion (2.7.7).
      this.#words[this.#usedEvent] = (this.#next - 1) & 0xffff;
      this.#words[this.#availIdx] = this.#next;
      this.#bench.device.notify(0);
      if (this.#words[this.#usedIdx] === this.#next) continue;
      await new Promise<void>((resolve) => {
        this.#done = resolve;
      });
    }
    return performance.now() - start;
  }

  async dispose(): Promise<void> {
    this.#bench.device.dispose();
  }
}

function operationOf({ id, parameters }: OpenSession, bytes: number): OperationChain {
  const mode: RequestMode = { revision1: false, statelessLayout: false, session: id };
  const data = new Uint8Array(bytes).fill(0x5a);
  switch (parameters.service) {
    case 'cipher':
      return cipherOperation(parameters, { iv: new Uint8Array(IV_BYTES.cipher), data }, mode);
    case 'aead':
      return aeadOperation(parameters, { iv: new Uint8Array(IV_BYTES.aead), data }, mode);
    case 'chain':
      return chainOperation(parameters, { iv: new Uint8Array(IV_BYTES.chain), data }, DIGEST_BYTES, mode);
    default:
      return authOperation(parameters, data, DIGEST_BYTES, mode);
  }
}
