// Waiting for a guest's shell, with a guest of made-up signs of life and a clock that the test moves.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GuestConsole, GuestConsoleError } from '../../src/guest/console.ts';
import { READY_LINE } from '../../src/guest/init.ts';
import { waitForShell } from '../../src/machine/shell.ts';

class FakeGuest {
  readonly sent: string[] = [];
  readonly #listeners: ((byte: number) => void)[] = [];
  /** Instructions a second. */
  speed = 0;
  #start = Date.now();
  readonly console = new GuestConsole({ send: (text) => this.send(text), onByte: (listener) => this.onByte(listener) });

  send(text: string): void {
    this.sent.push(text);
  }

  onByte(listener: (byte: number) => void): void {
    this.#listeners.push(listener);
  }

  instructionCounter(): number {
    return (this.speed * (Date.now() - this.#start)) / 1000;
  }

  write(text: string): void {
    for (const byte of Buffer.from(text)) for (const listener of this.#listeners) listener(byte);
  }
}

const MINUTES = 60_000;

let guest: FakeGuest;
beforeEach(() => {
  vi.useFakeTimers();
  guest = new FakeGuest();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What a wait ended with, once time has passed. */
async function outcome(wait: Promise<void>, milliseconds: number): Promise<unknown> {
  const ended = wait.then(
    () => 'a shell',
    (error: unknown) => error,
  );
  await vi.advanceTimersByTimeAsync(milliseconds);
  return Promise.race([ended, Promise.resolve('still waiting')]);
}

test('a guest that runs slowly is waited for, and how far it is is told each second', async () => {
  guest.speed = 1000;
  const told: number[] = [];
  const wait = waitForShell(guest, { onProgress: ({ instructions }) => told.push(instructions) });
  expect(await outcome(wait, 20 * MINUTES)).toBe('still waiting');
  expect(told).toHaveLength(1200);
  expect(told.at(-1)).toBe(1_200_000);
  guest.write(`${READY_LINE}\r\n`);
  expect(await outcome(wait, 0)).toBe('a shell');
  expect(vi.getTimerCount()).toBe(0);
});

test('a guest that stops is given up after a minute, in words, with its last ones', async () => {
  guest.write('Loading, please wait\r\n');
  const wait = waitForShell(guest);
  const failure = await outcome(wait, 2 * MINUTES);
  expect(failure).toBeInstanceOf(GuestConsoleError);
  expect(String(failure)).toMatch(/has stopped: for 60 s .*\nThe last that the guest wrote:\nLoading, please wait$/s);
  expect(vi.getTimerCount()).toBe(0);
});

test('a guest that runs and says nothing is told of, and given up after half an hour', async () => {
  guest.speed = 1000;
  const silences: number[] = [];
  const wait = waitForShell(guest, { onSilence: ({ silentSeconds }) => silences.push(silentSeconds) });
  expect(String(await outcome(wait, 31 * MINUTES))).toContain('wrote nothing for 30 minutes');
  expect(silences).toEqual([120, 240, 480, 960]);
});

test("a kernel's panic ends the wait at once, with the kernel's reason", async () => {
  guest.speed = 1000;
  const wait = waitForShell(guest);
  guest.write('Kernel panic - not syncing: VFS: Unable to mount root fs\r\n---[ end');
  expect(String(await outcome(wait, 0))).toContain(
    "The guest's kernel gave up: Kernel panic - not syncing: VFS: Unable to mount root fs",
  );
});

test('a limit of time is named in words, without a pattern', async () => {
  guest.speed = 1000;
  const failure = String(await outcome(waitForShell(guest, { timeoutMs: 5000 }), 6000));
  expect(failure).toContain('The guest did not answer within 5 s: a shell after its boot did not come.');
  expect(failure).not.toMatch(/\/.*\//);
});

test("a shell of the user's own initramfs is asked until it answers; its echo is no sign of life", async () => {
  const wait = waitForShell(guest, { probe: true });
  expect(await outcome(wait, 10_000)).toBe('still waiting');
  expect(guest.sent).toHaveLength(5);
  guest.write('# echo virtio-crypto-probe: $((6*7))\r\n');
  expect(await outcome(wait, 0)).toBe('still waiting');
  guest.write('virtio-crypto-probe: 42\r\n');
  expect(await outcome(wait, 0)).toBe('a shell');
});

test('an abort ends the wait with its reason', async () => {
  const stop = new AbortController();
  const wait = waitForShell(guest, { signal: stop.signal });
  stop.abort(new Error('enough'));
  expect(String(await outcome(wait, 0))).toBe('Error: enough');
  expect(vi.getTimerCount()).toBe(0);
});
