import { ADMIN_WORD_BITS, ADMIN_WORD_BYTES } from '../../../spec/admin.ts';

/** A copy of `bytes` with exactly `length` bytes. 2.13.1: what the driver left out counts as zeros, and what is behind is ignored. */
export function fitted(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(0, length));
  return copy;
}

/** A view of the first `length` bytes of a part, with zeros behind its end. */
export function viewOf(bytes: Uint8Array, length: number): DataView {
  return new DataView(fitted(bytes, length).buffer);
}

/** A list of numbers as bits of 64-bit words (2.12.1): as many words as the largest number needs. */
export function bitmapOf(numbers: readonly number[]): Uint8Array {
  const words = numbers.length === 0 ? 0 : Math.floor(Math.max(...numbers) / ADMIN_WORD_BITS) + 1;
  const bitmap = new Uint8Array(words * ADMIN_WORD_BYTES);
  for (const number of numbers) bitmap[number >> 3] = (bitmap[number >> 3] ?? 0) | (1 << (number & 7));
  return bitmap;
}

/** The numbers of the bits that are set. */
export function numbersIn(bitmap: Uint8Array): number[] {
  const numbers: number[] = [];
  bitmap.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) numbers.push(8 * at + bit);
  });
  return numbers;
}

/** Whether two stretches of bytes are the same. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
