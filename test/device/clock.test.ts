import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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

test('goes forward, calls back once, and not what was called off', async () => {
  const clock = hostClock(true);
  const start = clock.now();
  const called: string[] = [];
  const off = clock.schedule(() => called.push('called off'), 1);
  off();
  await new Promise<void>((resolve) => clock.schedule(() => resolve(void called.push('called')), 5));
  expect(called).toEqual(['called']);
  expect(clock.now()).toBeGreaterThan(start);
});

test('waits for longer than setTimeout can, without a turn before', async () => {
  let early = false;
  const off = hostClock().schedule(() => {
    early = true;
  }, 2 ** 40);
  await new Promise((resolve) => setTimeout(resolve, 20));
  off();
  expect(early).toBe(false);
});

test('wakes a process that sleeps: with a call that is due at once, and with a timer, with and without keepAlive', async () => {
  // The process has nothing else to do for a minute. A call that does not wake it comes behind that minute.
  const script = (keepAlive: boolean, milliseconds: number) => `
    import { hostClock } from ${JSON.stringify(new URL('../../dist/src/clock.js', import.meta.url))};
    setTimeout(() => {}, 60_000);
    setTimeout(() => {
      const since = performance.now();
      const end = () => process.exit(performance.now() - since < 50_000 ? 0 : 1);
      hostClock(${keepAlive}).schedule(end, ${milliseconds});
    }, 5);
  `;
  for (const keepAlive of [false, true])
    for (const milliseconds of [0, 1])
      await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script(keepAlive, milliseconds)]);
}, 300_000);
