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
const ADDRESS_WORD = virtio.DESC_ADDR / 4;
const LENGTH_WORD = virtio.DESC_LEN / 4;
const ID_WORD = virtio.PACKED_DESC_ID / 4;
const FLAGS_SHIFT = 8 * (virtio.PACKED_DESC_FLAGS - virtio.PACKED_DESC_ID);
const MARKS = virtio.PACKED_DESC_F_AVAIL | virtio.PACKED_DESC_F_USED;

/** The same batch in a packed ring (2.8): each chain is one descriptor, which names an indirect table. */
export class PackedBatch {
  /** Address, length and id of each chain's descriptor. */
  readonly #chains: Uint32Array;
  readonly #count: number;
  readonly #size: number;
  /** The WebAssembly memory. */
  readonly #words: Uint32Array;
  /** Indices in #words. */
  readonly #ring: number;
  readonly #event: number;
  /** Where the next chain goes, and the wrap counter there (2.8.1). */
  #next: number;
  #wrap = 1;
  /** Where the batch's last chain went, and its marks once it is used. */
  #last: number;
  #lastMarks = MARKS;

  constructor(memory: WebAssembly.Memory, ramOffset: number, queue: DriverQueue, heads: readonly number[]) {
    this.#words = new Uint32Array(memory.buffer);
    this.#size = queue.size;
    this.#count = heads.length;
    this.#ring = (ramOffset + queue.desc) / 4;
    this.#event = (ramOffset + queue.avail) / 4;
    // The chains were made available once, from the ring's start on.
    this.#chains = this.#words.slice(this.#ring, this.#ring + heads.length * DESC_WORDS);
    this.#next = heads.length % queue.size;
    if (this.#next === 0) this.#wrap = 0;
    this.#last = heads.length - 1;
  }

  /** Makes the chains available again, and asks for one interrupt, at the batch's first completion (2.8.10). */
  republish(): void {
    const words = this.#words;
    const chains = this.#chains;
    words[this.#event] =
      this.#next | (this.#wrap << virtio.EVENT_WRAP_BIT) | (virtio.EVENT_DESC << (8 * virtio.EVENT_SUPPRESS_FLAGS));
    let next = this.#next;
    let wrap = this.#wrap;
    let flags = flagsFor(wrap);
    for (let from = 0; from < this.#count * DESC_WORDS; from += DESC_WORDS) {
      const to = this.#ring + next * DESC_WORDS;
      words[to + ADDRESS_WORD] = chains[from + ADDRESS_WORD] ?? 0;
      words[to + ADDRESS_WORD + 1] = chains[from + ADDRESS_WORD + 1] ?? 0;
      words[to + LENGTH_WORD] = chains[from + LENGTH_WORD] ?? 0;
      words[to + ID_WORD] = ((chains[from + ID_WORD] ?? 0) & 0xffff) | flags;
      this.#last = next;
      this.#lastMarks = wrap ? MARKS : 0;
      if (++next === this.#size) {
        next = 0;
        wrap ^= 1;
        flags = flagsFor(wrap);
      }
    }
    this.#next = next;
    this.#wrap = wrap;
  }

  /** Whether the device has completed all of them: it goes through the ring in order. */
  get completed(): boolean {
    const flags = (this.#words[this.#ring + this.#last * DESC_WORDS + ID_WORD] ?? 0) >>> FLAGS_SHIFT;
    return (flags & MARKS) === this.#lastMarks;
  }
}

/** Flags of an available descriptor that names a table, in their place beside the id. */
function flagsFor(wrap: number): number {
  const mark = wrap ? virtio.PACKED_DESC_F_AVAIL : virtio.PACKED_DESC_F_USED;
  return (virtio.DESC_F_INDIRECT | mark) << FLAGS_SHIFT;
}
