// The least that a driver does for a batch: chains that were built once are made available again and again.
import * as virtio from '../../../spec/virtio.ts';
import type { DriverQueue } from '../../driver/queue.ts';

export const RING_KINDS = ['split', 'packed'] as const;
export type RingKind = (typeof RING_KINDS)[number];

/** The same batch in a split ring (2.7). */
export class SplitBatch {
  readonly #heads: Uint16Array;
  /** The WebAssembly memory. */
  readonly #words: Uint16Array;
  readonly #mask: number;
  /** Indices in #words. */
  readonly #availIdx: number;
  readonly #availRing: number;
  readonly #usedEvent: number;
  readonly #usedIdx: number;
  /** The avail index: the chains were made available once, when they were built. */
  #next: number;

  constructor(memory: WebAssembly.Memory, ramOffset: number, queue: DriverQueue, heads: readonly number[]) {
    this.#heads = Uint16Array.from(heads);
    this.#words = new Uint16Array(memory.buffer);
    this.#mask = queue.size - 1;
    const wordAt = (address: number) => (ramOffset + address) / 2;
    this.#availIdx = wordAt(queue.avail + virtio.AVAIL_IDX);
    this.#availRing = wordAt(queue.avail + virtio.AVAIL_RING);
    this.#usedEvent = wordAt(queue.avail + virtio.AVAIL_RING + queue.size * virtio.AVAIL_ELEM_BYTES);
    this.#usedIdx = wordAt(queue.used + virtio.USED_IDX);
    this.#next = heads.length;
  }

  /** Makes the chains available again, and asks for one interrupt, at the batch's first completion (2.7.7). */
  republish(): void {
    const words = this.#words;
    const heads = this.#heads;
    const next = this.#next;
    for (let i = 0; i < heads.length; i++) words[this.#availRing + ((next + i) & this.#mask)] = heads[i] ?? 0;
    words[this.#usedEvent] = next;
    this.#next = (next + heads.length) & 0xffff;
    words[this.#availIdx] = this.#next;
  }

  /** Whether the device has completed all of them. */
  get completed(): boolean {
    return this.#words[this.#usedIdx] === this.#next;
  }
}

const DESC_WORDS = virtio.DESC_BYTES / 4;
const ID_WORD = virtio.PACKED_DESC_ID / 4;
const FLAGS_SHIFT = 8 * (virtio.PACKED_DESC_FLAGS - virtio.PACKED_DESC_ID);
const MARKS = virtio.PACKED_DESC_F_AVAIL | virtio.PACKED_DESC_F_USED;

/** The same batch in a packed ring (2.8): each chain is one descriptor, which names an indirect table. */
export class PackedBatch {
  /** The chains' descriptors, made available under either wrap counter. */
  readonly #descriptors: readonly [Uint32Array, Uint32Array];
  readonly #count: number;
  readonly #size: number;
  /** The WebAssembly memory. */
  readonly #words: Uint32Array;
  /** Indices in #words. */
  readonly #ring: number;
  readonly #event: number;
  /** Where the next chain goes, and the wrap counter there (2.8.1). */
  #next = 0;
  #wrap: 0 | 1 = 1;
  /** Where the batch's last chain went, and its marks once it is used. */
  #last = 0;
  #lastMarks = MARKS;

  constructor(memory: WebAssembly.Memory, ramOffset: number, queue: DriverQueue, heads: readonly number[]) {
    this.#words = new Uint32Array(memory.buffer);
    this.#size = queue.size;
    this.#count = heads.length;
    this.#ring = (ramOffset + queue.desc) / 4;
    this.#event = (ramOffset + queue.avail) / 4;
    // The chains were made available once, from the ring's start on.
    const built = this.#words.slice(this.#ring, this.#ring + heads.length * DESC_WORDS);
    this.#descriptors = [available(built, 0), available(built, 1)];
    this.#goPast(heads.length);
  }

  /** Makes the chains available again, and asks for one interrupt, at the batch's first completion (2.8.10). */
  republish(): void {
    this.#words[this.#event] =
      this.#next | (this.#wrap << virtio.EVENT_WRAP_BIT) | (virtio.EVENT_DESC << (8 * virtio.EVENT_SUPPRESS_FLAGS));
    const fitting = Math.min(this.#count, this.#size - this.#next);
    this.#write(0, fitting);
    if (fitting < this.#count) this.#write(fitting, this.#count);
  }

  /** Whether the device has completed all of them: it goes through the ring in order. */
  get completed(): boolean {
    const flags = (this.#words[this.#ring + this.#last * DESC_WORDS + ID_WORD] ?? 0) >>> FLAGS_SHIFT;
    return (flags & MARKS) === this.#lastMarks;
  }

  /** Writes the chains from `start` up to `end`, which the ring has room for before its own end. */
  #write(start: number, end: number): void {
    const chains = this.#descriptors[this.#wrap].subarray(start * DESC_WORDS, end * DESC_WORDS);
    this.#words.set(chains, this.#ring + this.#next * DESC_WORDS);
    this.#goPast(end - start);
  }

  #goPast(count: number): void {
    this.#last = this.#next + count - 1;
    this.#lastMarks = this.#wrap ? MARKS : 0;
    this.#next += count;
    if (this.#next === this.#size) {
      this.#next = 0;
      this.#wrap = this.#wrap ? 0 : 1;
    }
  }
}

/** Descriptors of indirect tables, with the marks of an available one under a wrap counter in place of their own. */
function available(descriptors: Uint32Array, wrap: 0 | 1): Uint32Array {
  const mark = wrap ? virtio.PACKED_DESC_F_AVAIL : virtio.PACKED_DESC_F_USED;
  const flags = (virtio.DESC_F_INDIRECT | mark) << FLAGS_SHIFT;
  return descriptors.map((word, i) => (i % DESC_WORDS === ID_WORD ? (word & 0xffff) | flags : word));
}
