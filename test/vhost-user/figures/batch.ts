// AES-CBC requests in a split ring, offered again and again without a driver: the least that a client does.
import { randomBytes } from 'node:crypto';
import * as virtio from '../../../spec/virtio.ts';
import type { CryptoDriver } from '../../../src/driver/driver.ts';
import { cipherOperation } from '../../../src/driver/operations.ts';
import type { RamAllocator } from '../../../src/driver/ram.ts';

/** Added to used_event: no element that is used soon has this index. */
const ASK_NOTHING = 0x8000;

/** A ring with requests that can be offered, and counted as they come back. */
export class Batch {
  readonly #words: Uint16Array;
  readonly #heads: readonly number[];
  readonly #mask: number;
  readonly #availIdx: number;
  readonly #availRing: number;
  readonly #usedEvent: number;
  readonly #usedIdx: number;
  readonly #availEvent: number;
  #offered: number;

  private constructor(ram: Uint8Array, queue: { size: number; avail: number; used: number }, heads: readonly number[]) {
    this.#words = new Uint16Array(ram.buffer, ram.byteOffset, Math.floor(ram.length / 2));
    this.#heads = heads;
    this.#mask = queue.size - 1;
    this.#availIdx = (queue.avail + virtio.AVAIL_IDX) / 2;
    this.#availRing = (queue.avail + virtio.AVAIL_RING) / 2;
    this.#usedEvent = this.#availRing + queue.size;
    this.#usedIdx = (queue.used + virtio.USED_IDX) / 2;
    this.#availEvent = (queue.used + virtio.USED_RING + queue.size * virtio.USED_ELEM_BYTES) / 2;
    this.#offered = this.#words[this.#availIdx] ?? 0;
  }

  /** Makes a session, and `count` requests of `bytes` bytes each, of which none is offered. */
  static async make(
    driver: CryptoDriver,
    allocator: RamAllocator,
    ram: Uint8Array,
    count: number,
    bytes: number,
  ): Promise<Batch> {
    const parameters = { service: 'cipher', algorithm: 'aes-cbc', direction: 'encrypt', key: randomBytes(16) } as const;
    const session = await driver.createSession(parameters);
    const [queue] = driver.queues;
    if (session.status !== 'ok' || !queue) throw new Error(`The device refuses a session: ${session.status}.`);
    const before = new DataView(ram.buffer, ram.byteOffset + queue.avail + virtio.AVAIL_IDX, 2);
    const idle = before.getUint16(0, true);
    const take = (length: number) => ({ address: allocator.take(length), bytes: length });
    const mode = { revision1: false, statelessLayout: false, session: session.id };
    const heads = Array.from({ length: count }, () => {
      const request = cipherOperation(parameters, { iv: randomBytes(16), data: randomBytes(bytes) }, mode);
      const readable = request.readable.map((content) => {
        const buffer = take(content.length);
        ram.set(content, buffer.address);
        return buffer;
      });
      return queue.add({ readable, writable: request.writable.map(take) });
    });
    before.setUint16(0, idle, true);
    return new Batch(ram, queue, heads);
  }

  /** How many requests can be offered in one go. */
  get size(): number {
    return this.#heads.length;
  }

  /** How many requests are offered, and not used yet. */
  get inFlight(): number {
    return (this.#offered - Atomics.load(this.#words, this.#usedIdx)) & 0xffff;
  }

  /** Offers `count` requests more, without an interrupt when they are used. Returns whether the device asks for a notification. */
  offer(count: number): boolean {
    const words = this.#words;
    const before = this.#offered;
    for (let i = 0; i < count; i++) {
      const index = (before + i) & 0xffff;
      words[this.#availRing + (index & this.#mask)] = this.#heads[index % this.#heads.length] ?? 0;
    }
    this.#offered = (before + count) & 0xffff;
    words[this.#usedEvent] = this.#offered + ASK_NOTHING;
    Atomics.store(words, this.#availIdx, this.#offered);
    return ((this.#offered - Atomics.load(words, this.#availEvent) - 1) & 0xffff) < count;
  }
}
