import type { Random } from './random.ts';

/** Inputs are no longer than this: longer ones find little that shorter ones do not. */
export const INPUT_BYTES_MAX = 96;

/** Values at which lengths and indices go wrong. */
const INTERESTING = [0, 1, 2, 4, 8, 12, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 72, 100, 127, 128, 255];

/**
 * An input derived from others: `parent` with a few changes, perhaps crossed with `other`. Operations are of no fixed length, so
 * that bytes that go in or out shift all that follows.
 */
export function mutate(parent: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = parent;
  for (let changes = 1 + random.below(6); changes > 0; changes--) bytes = changed(bytes, other, random);
  return bytes === parent ? parent.slice() : bytes;
}

function changed(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (bytes.length === 0 ? 3 : random.below(8)) {
    case 0:
      return withByte(bytes, at, (byte) => byte ^ (1 << random.below(8)));
    case 1:
      return withByte(bytes, at, () => random.below(256));
    case 2:
      return withByte(bytes, at, () => INTERESTING[random.below(INTERESTING.length)] ?? 0);
    case 3:
      return joined([bytes.subarray(0, at), randomBytes(1 + random.below(16), random), bytes.subarray(at)]);
    case 4:
      return joined([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
    case 5: {
      const from = random.below(bytes.length);
      return joined([bytes.subarray(0, at), bytes.subarray(from, from + 1 + random.below(48)), bytes.subarray(at)]);
    }
    case 6:
      return joined([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    default:
      return withByte(bytes, at, (byte) => byte + random.below(33) - 16);
  }
}

function withByte(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice();
  if (at < copy.length) copy[at] = change(copy[at] ?? 0);
  return copy;
}

function randomBytes(length: number, random: Random): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = random.below(256);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = Math.min(
    INPUT_BYTES_MAX,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (at >= length) break;
    bytes.set(part.subarray(0, length - at), at);
    at += part.length;
  }
  return bytes;
}
