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

/** Fills with bytes that look random and are the same in every run (xorshift32). */
export function fillWithNoise(target: Uint8Array, seed = 1): void {
  let x = (seed * 0x9e3779b9) >>> 0 || 1;
  for (let i = 0; i < target.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    target[i] = x;
  }
}

const CHUNK_BYTES = 4096;

/** The whole memory at one moment. */
export class Snapshot {
  readonly #memory: WebAssembly.Memory;
  readonly #before: Buffer;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#before = Buffer.from(new Uint8Array(memory.buffer).slice().buffer);
  }

  /** Where the memory differs now, in ascending order. */
  changes(): Stretch[] {
    const now = Buffer.from(this.#memory.buffer);
    expect(now.length, 'the memory has not grown').toBe(this.#before.length);
    const changed: Stretch[] = [];
    for (let at = 0; at < now.length; at += CHUNK_BYTES) {
      const end = Math.min(at + CHUNK_BYTES, now.length);
      if (now.compare(this.#before, at, end, at, end) === 0) continue;
      for (let i = at; i < end; i++) {
        if (now[i] === this.#before[i]) continue;
        const last = changed.at(-1);
        if (last && last.end === i) last.end = i + 1;
        else changed.push({ start: i, end: i + 1 });
      }
    }
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
