import { describe, expect, test } from 'vitest';
import { BootWatch, FIRST_SILENCE_SECONDS, GONE_SECONDS, STOPPED_SECONDS } from '../../src/machine/boot_watch.ts';

function write(watch: BootWatch, text: string): void {
  for (const byte of Buffer.from(text)) watch.write(byte);
}

/** The looks, counted from 1, whose verdict is another one than 'going'. */
function verdicts(watch: BootWatch, looks: number, counter: (look: number) => number): Record<number, string> {
  const found: Record<number, string> = {};
  for (let look = 1; look <= looks; look++) {
    const verdict = watch.look(counter(look));
    if (verdict !== 'going') found[look] = verdict;
  }
  return found;
}

describe('a boot that is watched', () => {
  test('goes on while it writes, though it runs for an hour', () => {
    const watch = new BootWatch(0);
    const looks = verdicts(watch, 3600, (look) => {
      if (look % 100 === 0) write(watch, `line ${look}\r\n`);
      return look;
    });
    expect(looks).toEqual({});
    expect(watch.progress).toEqual({ instructions: 3600, lastLine: 'line 3600', silentSeconds: 0 });
  });

  test('has stopped when it neither ran nor wrote for a minute, and not before', () => {
    const watch = new BootWatch(5);
    expect(verdicts(watch, STOPPED_SECONDS, () => 5)).toEqual({ [STOPPED_SECONDS]: 'stopped' });
  });

  test('either sign of life is enough', () => {
    const watch = new BootWatch(5);
    expect(verdicts(watch, STOPPED_SECONDS - 1, () => 5)).toEqual({});
    expect(watch.look(6)).toBe('going');
    expect(verdicts(watch, STOPPED_SECONDS - 1, () => 6)).toEqual({});
    write(watch, 'here\n');
    expect(verdicts(watch, STOPPED_SECONDS, () => 6)).toEqual({});
  });

  test('that runs without a word is told of at 2, 4, 8 and 16 minutes, and ends after half an hour', () => {
    const watch = new BootWatch(0);
    expect(verdicts(watch, GONE_SECONDS, (look) => look)).toEqual({
      [FIRST_SILENCE_SECONDS]: 'silent',
      [2 * FIRST_SILENCE_SECONDS]: 'silent',
      [4 * FIRST_SILENCE_SECONDS]: 'silent',
      [8 * FIRST_SILENCE_SECONDS]: 'silent',
      [GONE_SECONDS]: 'gone',
    });
  });

  test('a word begins the silence anew', () => {
    const watch = new BootWatch(0);
    verdicts(watch, 300, (look) => look);
    write(watch, 'word\n');
    watch.look(301);
    expect(verdicts(watch, FIRST_SILENCE_SECONDS, (look) => 301 + look)).toEqual({ [FIRST_SILENCE_SECONDS]: 'silent' });
  });

  test('the counter of instructions wraps', () => {
    const watch = new BootWatch(0xffff_fff0);
    watch.look(0x10);
    watch.look(0x30);
    expect(watch.progress.instructions).toBe(0x40);
  });

  test('the echo of a question is no word, and a line without end takes no memory', () => {
    const watch = new BootWatch(0, 'probe');
    write(watch, '/ # echo probe: $((6*7))\r\n');
    watch.look(1);
    expect(watch.progress).toEqual({ instructions: 1, lastLine: '', silentSeconds: 1 });
    write(watch, 'x'.repeat(5000));
    watch.look(2);
    expect(watch.progress.lastLine.length).toBeLessThanOrEqual(1000);
    expect(watch.progress.silentSeconds).toBe(0);
  });
});
