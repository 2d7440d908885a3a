import { expect } from 'vitest';

/** A stretch of a WebAssembly memory, [start, end). */
export interface Stretch {
  start: number;
  end: number;
}

export const stretch = (start: number, bytes: number): Stretch => ({ start, end: start + bytes });

/** Bytes that look random and are the same in every run. */
export function noise(bytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  fillWithNoise(out, seed);
  return out;
}

/** Noise that a whole memory is filled with, by its seed: many devices are made, each with a memory of its own. */
const longNoise = new Map<number, Uint8Array>();
const LONG_BYTES = 256 * 1024;

/** Fills with bytes that look random and are the same in every run. */
export function fillWithNoise(target: Uint8Array, seed = 1): void {
  if (target.length < LONG_BYTES) {
    makeNoise(target, seed);
    return;
  }
  let kept = longNoise.get(seed);
  if (!kept || kept.length < target.length) {
    kept = new Uint8Array(target.length);
    makeNoise(kept, seed);
    longNoise.set(seed, kept);
  }
  target.set(kept.subarray(0, target.length));
}

/** xorshift32 */
function makeNoise(target: Uint8Array, seed: number): void {
  let x = (seed * 0x9e3779b9) >>> 0 || 1;
  for (let i = 0; i < target.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    target[i] = x;
  }
}

const CHUNK_BYTES = 4096;

/** Copies that snapshots are done with. A new one of a megabyte for each request took longer than the request. */
const copies: Buffer[] = [];

/** The whole memory at one moment, to be compared once. */
export class Snapshot {
  readonly #memory: WebAssembly.Memory;
  #before: Buffer | undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    const bytes = memory.buffer.byteLength;
    const free = copies.pop();
    this.#before = free?.length === bytes ? free : Buffer.allocUnsafeSlow(bytes);
    this.#before.set(new Uint8Array(memory.buffer));
  }

  /** Where the memory differs now, in ascending order. */
  changes(): Stretch[] {
    const before = this.#before ?? expect.unreachable('This snapshot was compared before.');
    const now = Buffer.from(this.#memory.buffer);
    expect(now.length, 'the memory has not grown').toBe(before.length);
    const changed: Stretch[] = [];
    for (let at = 0; at < now.length; at += CHUNK_BYTES) {
      const end = Math.min(at + CHUNK_BYTES, now.length);
      if (now.compare(before, at, end, at, end) === 0) continue;
      for (let i = at; i < end; i++) {
        if (now[i] === before[i]) continue;
        const last = changed.at(-1);
        if (last && last.end === i) last.end = i + 1;
        else changed.push({ start: i, end: i + 1 });
      }
    }
    copies.push(before);
    this.#before = undefined;
    return changed;
  }

  /** What changed outside the stretches that may. */
  changesOutside(allowed: readonly Stretch[]): Stretch[] {
    return this.changes().flatMap((change) => subtract(change, allowed));
  }
}

/** What is left of `from` without `parts`. */
export function subtract(from: Stretch, parts: readonly Stretch[]): Stretch[] {
  let left = [from];
  for (const { start, end } of parts) {
    left = left.flatMap((piece) =>
      [
        { start: piece.start, end: Math.min(piece.end, start) },
        { start: Math.max(piece.start, end), end: piece.end },
      ].filter((rest) => rest.start < rest.end),
    );
  }
  return left;
}

/** Whether `needle` stands anywhere in [start, end) of the memory. */
export function contains(memory: WebAssembly.Memory, { start, end }: Stretch, needle: Uint8Array): boolean {
  return Buffer.from(memory.buffer, start, end - start).includes(Buffer.from(needle));
}
