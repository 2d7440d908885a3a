import { describe, expect, test } from 'vitest';
import { Coalescing } from '../../src/v86/coalescing_policy.ts';

/** How many of `count` notifications are held back by a guest that offers `depth` requests for each idle moment. */
function heldOf(count: number, policy: Coalescing, depth: number, idle = true): number {
  let held = 0;
  for (let i = 0; i < count; i++) {
    if (policy.answerAtOnce()) continue;
    held++;
    policy.settle(depth, idle);
  }
  return held;
}

describe('a notification is answered', () => {
  test('at once by default, and held back as a trial now and then', () => {
    const policy = new Coalescing();
    expect(Array.from({ length: 17 }, () => policy.answerAtOnce())).toEqual([...Array(16).fill(true), false]);
  });

  test('at once nearly always, where the driver waits for each request', () => {
    const policy = new Coalescing();
    heldOf(10_000, policy, 1);
    expect(heldOf(10_000, policy, 1)).toBeLessThanOrEqual(9);
  });

  test('at the next idle moment, once a trial found several requests there', () => {
    const policy = new Coalescing();
    heldOf(17, policy, 8);
    expect(heldOf(100, policy, 8)).toBe(100);
  });

  test('at once again, when a driver no longer has several', () => {
    const policy = new Coalescing();
    heldOf(100, policy, 8);
    heldOf(1, policy, 1);
    expect(policy.answerAtOnce()).toBe(true);
  });

  test('at once, while the guest is busy with other things', () => {
    const policy = new Coalescing();
    heldOf(10_000, policy, 8, false);
    expect(heldOf(10_000, policy, 8, false)).toBeLessThanOrEqual(9);
  });

  test.each([2, 4, 8, 16, 32])(
    'at the idle moment of a driver that offers %i at a time, whichever the trial meets',
    (depth) => {
      const policy = new Coalescing();
      // The driver's requests so far answered at once; a trial finds what is left of its round.
      let inRound = 0;
      let longest = 0;
      for (let i = 0; i < 50_000; i++) {
        inRound = (inRound % depth) + 1;
        if (policy.answerAtOnce()) continue;
        const found = depth - inRound + 1;
        longest = Math.max(longest, found);
        inRound = depth;
        policy.settle(found, true);
      }
      expect(longest).toBe(depth);
    },
  );
});
