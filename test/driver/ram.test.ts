import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RamAllocator } from '../../src/driver/ram.ts';

describe('the allocator of guest RAM', () => {
  test('hands out stretches that are aligned, inside and apart, and gets all of it back', () => {
    const step = fc.record({
      take: fc.boolean(),
      bytes: fc.integer({ min: 0, max: 300 }),
      align: fc.constantFrom(1, 2, 4, 16, 64),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const allocator = new RamAllocator(0x1001, 0x1001 + 4096);
        const held: { at: number; bytes: number }[] = [];
        for (const { take, bytes, align, which } of steps) {
          if (take || held.length === 0) {
            let at: number;
            try {
              at = allocator.take(bytes, align);
            } catch (error) {
              expect(error).toBeInstanceOf(RangeError);
              continue;
            }
            const length = Math.max(bytes, 1);
            expect(at % align).toBe(0);
            expect(at).toBeGreaterThanOrEqual(0x1001);
            expect(at + length).toBeLessThanOrEqual(0x1001 + 4096);
            for (const other of held) expect(at + length <= other.at || other.at + other.bytes <= at).toBe(true);
            held.push({ at, bytes: length });
          } else {
            const [{ at } = expect.unreachable()] = held.splice(which % held.length, 1);
            allocator.give(at);
          }
          expect(allocator.taken).toBe(held.reduce((sum, { bytes }) => sum + bytes, 0));
        }
        for (const { at } of held) allocator.give(at);
        expect(allocator.taken).toBe(0);
        expect(allocator.take(4096, 1)).toBe(0x1001);
      }),
    );
  });

  test('says how much was missing, and refuses to take back what it did not give', () => {
    const allocator = new RamAllocator(0, 64);
    expect(() => allocator.take(65)).toThrow(/no 65 bytes left: give the bench more memoryBytes/);
    expect(() => allocator.give(16)).toThrow('Address 16 was not taken from this allocator.');
    const at = allocator.take(8);
    allocator.give(at);
    expect(() => allocator.give(at)).toThrow(RangeError);
  });
});
