import { afterEach, expect, test, vi } from 'vitest';
import { hostClock } from '../../src/clock.ts';

afterEach(() => vi.unstubAllGlobals());

for (const where of ['Node', 'a browser'] as const) {
  test(`a wait of 0 ms ends in the next turn, in order, in ${where}`, async () => {
    if (where === 'a browser') vi.stubGlobal('setImmediate', undefined);
    const clock = hostClock(true);
    const seen: string[] = [];
    const cancel = clock.schedule(() => seen.push('cancelled'), 0);
    clock.schedule(() => seen.push('first'), 0);
    const last = new Promise<void>((resolve) => {
      clock.schedule(() => {
        seen.push('second');
        clock.schedule(resolve, 0);
      }, 0);
    });
    cancel();
    expect(seen).toEqual([]);
    await Promise.resolve();
    expect(seen).toEqual([]);
    await last;
    expect(seen).toEqual(['first', 'second']);
  });

  test(`turns that never end leave room for timers in ${where}`, async () => {
    if (where === 'a browser') vi.stubGlobal('setImmediate', undefined);
    const clock = hostClock(true);
    let ended = false;
    const again = () => {
      if (!ended) clock.schedule(again, 0);
    };
    again();
    await new Promise((resolve) => setTimeout(resolve, 0));
    ended = true;
  });
}
