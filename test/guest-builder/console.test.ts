import { beforeEach, expect, test, vi } from 'vitest';
import { GuestConsole, GuestConsoleError, type SerialLine } from '../../src/guest/console.ts';

const BEGIN =
  /printf '<%s-%s>\\n' begin (\w+); sh -c '(.*)' <\/dev\/null 2>&1; printf '<%s-%s-%d>\\n' end \w+ \$\?\n$/s;

/** A terminal with a shell behind it: echoes what is typed, and answers commands as it was told to. */
class FakeTty implements SerialLine {
  readonly sent: string[] = [];
  answer: (command: string) => { output: string; status: number } | undefined = () => ({ output: '', status: 0 });
  #callback: (byte: number) => void = () => {};

  onByte(callback: (byte: number) => void): void {
    this.#callback = callback;
  }

  write(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#callback(byte);
  }

  print(text: string): void {
    this.write(Buffer.from(text));
  }

  send(text: string): void {
    this.sent.push(text);
    this.print(text.replaceAll('\n', '\r\n'));
    const [, id, command] = BEGIN.exec(text) ?? [];
    const result = command === undefined ? undefined : this.answer(command);
    if (result === undefined) return;
    this.print(`<begin-${id}>\r\n${result.output.replaceAll('\n', '\r\n')}<end-${id}-${result.status}>\r\nguest# `);
  }
}

let tty: FakeTty;
let guest: GuestConsole;
beforeEach(() => {
  tty = new FakeTty();
  guest = new GuestConsole(tty);
});

test('a command gives its output, without echo or prompt, and its status', async () => {
  tty.print('guest# ');
  tty.answer = (command) => ({ output: `${command} said\nthis\n`, status: 3 });
  expect(await guest.run('uname -r')).toEqual({ output: 'uname -r said\nthis\n', status: 3, truncated: false });
});

test('output without a last line end, and none at all', async () => {
  tty.answer = () => ({ output: 'no end', status: 0 });
  expect((await guest.run('printf')).output).toBe('no end');
  tty.answer = () => ({ output: '', status: 1 });
  expect(await guest.run('false')).toEqual({ output: '', status: 1, truncated: false });
});

test('commands wait for one another', async () => {
  tty.answer = (command) => ({ output: command, status: 0 });
  const results = await Promise.all([guest.run('one'), guest.run('two'), guest.run('three')]);
  expect(results.map(({ output }) => output)).toEqual(['one', 'two', 'three']);
});

test('quotes in a command reach the shell as they are', async () => {
  tty.answer = (command) => ({ output: command, status: 0 });
  expect((await guest.run("awk '{print $1}'")).output).toBe("awk '\\''{print $1}'\\''");
});

test('neither its echo nor an earlier command can end a command', async () => {
  tty.answer = () => undefined;
  const pending = guest.run('sleep 1', { timeoutMs: 40 });
  await Promise.resolve();
  tty.print('<end-000000000000-0>\r\nkernel: <end->\r\n');
  await expect(pending).rejects.toBeInstanceOf(GuestConsoleError);
});

test('a guest that is silent: the error has what it last said, and the command is interrupted', async () => {
  tty.answer = () => undefined;
  tty.print('Kernel panic - not syncing\r\n');
  const failure = await guest.run('true', { timeoutMs: 30 }).catch((error: unknown) => error);
  expect(String(failure)).toMatch(
    /did not answer within 0.03 s: the end of the command "true" did not come\..*Kernel panic/s,
  );
  expect(tty.sent.at(-1)).toBe('\x03');
  tty.answer = () => ({ output: 'alive', status: 0 });
  expect((await guest.run('true')).output).toBe('alive');
});

test('waiting for text takes it as seen, also when it came before', async () => {
  tty.print('booting\r\nready 1\r\nready 2\r\n');
  expect((await guest.waitFor(/ready (\d)/))[1]).toBe('1');
  expect((await guest.waitFor(/ready (\d)/g))[1]).toBe('2');
  const third = guest.waitFor(/ready (\d)/);
  tty.print('rea');
  await Promise.resolve();
  tty.print('dy 3');
  expect((await third)[1]).toBe('3');
});

test('characters of several bytes may arrive in parts', async () => {
  const [first = 0, ...rest] = Buffer.from('é');
  const waiting = guest.waitFor(/é/);
  tty.write([first]);
  await Promise.resolve();
  tty.write(rest);
  expect((await waiting)[0]).toBe('é');
});

test('an abort ends the wait with its reason', async () => {
  const stop = new AbortController();
  const waiting = guest.waitFor(/never/, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(guest.waitFor(/never/, { signal: stop.signal })).rejects.toThrow('enough');
});

test('a machine that is stopped ends every wait, and no timer is left', async () => {
  vi.useFakeTimers();
  try {
    tty.answer = () => undefined;
    const waits = [guest.run('sleep 100'), guest.run('true'), guest.waitFor(/never/)];
    const ends = Promise.allSettled(waits);
    await vi.advanceTimersByTimeAsync(1);
    guest.close();
    const sent = [...tty.sent];
    for (const end of await ends)
      expect(end).toMatchObject({ reason: { message: expect.stringMatching(/^The machine was stopped/) } });
    await expect(guest.run('true')).rejects.toThrow('The machine was stopped.');
    expect(tty.sent).toEqual(sent);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('output beyond the bound loses its beginning and says so; memory stays bounded', async () => {
  tty.answer = () => undefined;
  const pending = guest.run('yes');
  await Promise.resolve();
  const id = /begin (\w+)/.exec(tty.sent[0] ?? '')?.[1];
  tty.print(`<begin-${id}>\r\n`);
  for (let part = 0; part < 80; part++) {
    tty.print(`${'y'.repeat(8191)}\n`);
    await Promise.resolve();
  }
  tty.print(`last\r\n<end-${id}-0>`);
  const { output, truncated } = await pending;
  expect(truncated).toBe(true);
  expect(output.length).toBeLessThanOrEqual(300 * 1024);
  expect(output.endsWith('last\n')).toBe(true);
});

test('a line that the guest cannot take is refused before it is sent', async () => {
  await expect(guest.run('x'.repeat(1001))).rejects.toThrow(RangeError);
  expect(tty.sent).toEqual([]);
});
