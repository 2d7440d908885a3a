// A setup file of every suite. Vitest's own comparison looks at each element of a typed array as it looks at each property of an object:
// in suites that compare much memory that was most of the time. Bytes are compared as one; where they differ, Vitest compares them
// as before, and says where.
import { expect } from 'vitest';

function sameBytes(actual: unknown, expected: unknown): true | undefined {
  if (!(actual instanceof Uint8Array && expected instanceof Uint8Array)) return undefined;
  if (actual.constructor !== expected.constructor) return undefined;
  return Buffer.from(actual.buffer, actual.byteOffset, actual.length).equals(expected) || undefined;
}

expect.addEqualityTesters([sameBytes]);
