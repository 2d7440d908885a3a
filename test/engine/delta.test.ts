import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deltaOf } from '../../scripts/delta.mjs';
import { applyDelta } from '../../src/engine/delta.ts';

const restored = (other: Uint8Array, file: Uint8Array) =>
  Buffer.from(applyDelta(other, deltaOf(Buffer.from(other), Buffer.from(file))));

test('a file comes back from its delta, whatever the other one is', () => {
  // Few values, so that the two have long pieces in common, in any order.
  const file = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));
  fc.assert(
    fc.property(file, file, (other, made) => {
      expect(restored(other, made).equals(made)).toBe(true);
    }),
  );
});

test('bytes that were exchanged, added and moved cost little', () => {
  const other = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) >> 3);
  const file = Uint8Array.from([...other.subarray(2500), 1, 2, 3, ...other.subarray(0, 2500)]);
  file[700] = 0x55;
  expect(restored(other, file).equals(file)).toBe(true);
  expect(deltaOf(Buffer.from(other), Buffer.from(file)).length).toBeLessThan(40);
});
