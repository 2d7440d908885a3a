import { fork } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STATUS_DEVICE_NEEDS_RESET, STATUS_DRIVER_OK } from '../../spec/virtio.ts';
import { compare } from '../../src/cli/demo/compare.ts';
import { type Machine, waitForShell } from '../../src/cli/machine.ts';
import { buildGuest, type GuestImage } from '../../src/guest/index.ts';
import { loadDriver, unloadDriver, waitForSelftest } from '../../src/guest/selftest.ts';
import { type I386Code, linuxProgram } from '../support/i386_code.ts';
import { bootedMachine, MEMORY_MIB } from './booted.ts';

// Debian's kernel and its own virtio_crypto driver, on v86: nothing here is made up. The tests run in order on one machine.
let image: GuestImage;
let machine: Machine;

const driverReady = () => machine.device.status & STATUS_DRIVER_OK;
const run = async (command: string) => (await machine.console.run(command)).output;

beforeAll(async () => {
  image = await buildGuest();
  machine = await bootedMachine(image);
}, 600_000);

afterAll(async () => {
  await machine?.stop();
});

describe('a stock Linux guest on v86', () => {
  test('finds the device on the PCI bus as 1af4:1054', async () => {
    expect(await run('cat /sys/bus/pci/devices/*/modalias')).toMatch(/v00001AF4d00001054/);
  });

  test("passes the kernel's own self-test with its unmodified driver", async () => {
    await loadDriver(machine.console);
    expect(await waitForSelftest(machine.console)).toBe('passed');
    expect(driverReady()).toBe(STATUS_DRIVER_OK);
    expect(machine.device.requests(0)).toBeGreaterThan(0);
  });

  test('gets the same bytes as node:crypto through AF_ALG, for every key size and length', async () => {
    const results = await compare(machine.console);
    expect(results.filter(({ agrees }) => !agrees)).toEqual([]);
    expect(results).toHaveLength(48);
    expect(machine.device.fault).toBeUndefined();
  });

  test('reads a long text that is typed at once, and answers afterwards', async () => {
    const text = 'Bytes that a serial line cannot bring at once. '.repeat(6000);
    const reader = `head -c ${text.length} < /dev/ttyS0 | sha256sum`;
    const digest = run(
      `stty -F /dev/ttyS0 raw -echo; echo rea''dy; ${reader}; stty -F /dev/ttyS0 sane cols 200 rows 50`,
    );
    await machine.console.waitFor(/ready/);
    machine.send(text);
    expect(await digest).toContain(createHash('sha256').update(text).digest('hex'));
    expect(await run('echo "still here: ä"')).toBe('still here: ä\n');
  });

  test('takes signals in a process that waits in a loop', async () => {
    const file = Buffer.from(linuxProgram(waitForSignals)).toString('base64');
    await run(`echo ${file} | base64 -d > /tmp/waiting; chmod +x /tmp/waiting`);
    expect((await machine.console.run('/tmp/waiting', { timeoutMs: 600_000 })).status).toBe(0);
  });

  test('loses no session in twenty rmmod and insmod', async () => {
    expect(machine.device.sessionCount).toBe(0);
    for (let round = 0; round < 20; round++) {
      await unloadDriver(machine.console);
      expect(driverReady()).toBe(0);
      await loadDriver(machine.console);
      expect(await waitForSelftest(machine.console)).toBe('passed');
      expect(machine.device.sessionCount).toBe(0);
    }
    expect(machine.device.fault).toBeUndefined();
  });

  test('goes on in another process from a state saved in the middle of its work', async () => {
    // More than a hundred requests, of which the state is saved behind the first twenty.
    const bytes = 8 * 1024 * 1024;
    const key = '0123456789abcdef';
    await run(`printf ${key} > /tmp/key`);
    const before = machine.device.requests(0);
    // One cipher handle, hence one session, for the whole stream.
    await run(
      `(head -c ${bytes} /dev/zero | kcapi-enc -e -q -c virtio_crypto_aes_cbc --iv ${'00'.repeat(16)} --keyfd 3 3< /tmp/key | sha256sum > /tmp/digest; mv /tmp/digest /tmp/done) > /dev/null 2>&1 &`,
    );
    while (machine.device.requests(0) < before + 20) await new Promise((resolve) => setTimeout(resolve, 20));
    const state = await machine.save();
    expect(machine.device.sessionCount).toBeGreaterThan(0);
    expect(await run('ls /tmp')).not.toMatch(/^done$/m);
    const cipher = createCipheriv('aes-128-cbc', key, Buffer.alloc(16)).setAutoPadding(false);
    const expected = createHash('sha256')
      .update(cipher.update(Buffer.alloc(bytes)))
      .digest('hex');
    const answer = await restoreElsewhere(state);
    expect(answer.sessionsAtStart).toBeGreaterThan(0);
    expect(answer.requests).toBeGreaterThan(0);
    expect(answer.digest).toBe(expected);
    expect(answer.sessionsAtEnd).toBe(0);
  });

  test('comes back from a suspend of its devices while a socket of AF_ALG is open in the middle of its work', async () => {
    await loadDriver(machine.console);
    await run('printf 0123456789abcdef > /tmp/key; rm -f /tmp/ended');
    const before = machine.device.requests(0);
    await run(
      `(head -c 64000000 /dev/zero | kcapi-enc -e -q -c virtio_crypto_aes_cbc --iv ${'00'.repeat(16)} --keyfd 3 3< /tmp/key; echo > /tmp/ended) > /dev/null 2>&1 &`,
    );
    while (machine.device.requests(0) < before + 20) await new Promise((resolve) => setTimeout(resolve, 20));
    // The kernel suspends its devices, waits for five seconds, and resumes them. Its driver resets the device, whose sessions end.
    await run('echo devices > /sys/power/pm_test');
    expect((await machine.console.run('echo mem > /sys/power/state', { timeoutMs: 600_000 })).status).toBe(0);
    expect(driverReady()).toBe(STATUS_DRIVER_OK);
    expect(machine.device.fault).toBeUndefined();
    await run('while [ ! -e /tmp/ended ]; do sleep 0.2; done; echo none > /sys/power/pm_test');
    const results = await compare(machine.console);
    expect(results.filter(({ agrees }) => !agrees)).toEqual([]);
    expect(results).toHaveLength(48);
  });

  test('finds a device that was reset after a reboot', async () => {
    machine.restart();
    await waitForShell(machine);
    expect(driverReady()).toBe(0);
    expect(machine.device.sessionCount).toBe(0);
    await loadDriver(machine.console);
    expect(await waitForSelftest(machine.console)).toBe('passed');
    expect(machine.device.status & STATUS_DEVICE_NEEDS_RESET).toBe(0);
  }, 400_000);
});

/** Five times: asks for SIGALRM in 50 ms, and counts until its handler sets a word. The exit status says how often it gave up. */
function waitForSignals(code: I386Code, data: (index: number) => number): void {
  const [flag, round, late] = [data(0), data(1), data(2)];
  /** `eax = value`, `ebx = value`, `ecx = address`, `int 0x80` */
  const call = (number: number, first: number, label: string) =>
    code.bytes(0xb8).word(number).bytes(0xbb).word(first).bytes(0xb9).address(label).bytes(0x31, 0xd2, 0xcd, 0x80);
  const [SIGACTION, SETITIMER, EXIT, SIGALRM, ITIMER_REAL] = [67, 104, 1, 14, 0];
  call(SIGACTION, SIGALRM, 'action');
  code.label('round').store(flag, 0);
  call(SETITIMER, ITIMER_REAL, 'interval');
  code.setCount(300_000_000);
  code.label('loop').compare(flag, 0).jumpIf('notZero', 'seen').countDown('late').jump('loop');
  code.label('late').increment(late);
  code.label('seen').increment(round).compare(round, 5).jumpIf('notZero', 'round');
  // ebx = [late]
  code.bytes(0xb8).word(EXIT).bytes(0x8b, 0x1d).word(late).bytes(0xcd, 0x80);
  code.label('handler').store(flag, 1).bytes(0xc3);
  code.label('action').address('handler').word(0).word(0).word(0);
  code.label('interval').word(0).word(0).word(0).word(50_000);
}

interface Answer {
  sessionsAtStart: number;
  sessionsAtEnd: number;
  requests: number;
  digest: string;
}

/** Restores the machine in a process of its own and lets it finish there. */
async function restoreElsewhere(state: ArrayBuffer): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), 'virtio-crypto-'));
  try {
    const path = join(folder, 'state.bin');
    await writeFile(path, new Uint8Array(state));
    const child = fork(new URL('./restored_machine.mjs', import.meta.url), [
      path,
      JSON.stringify(image),
      `${MEMORY_MIB}`,
    ]);
    return await new Promise<Answer>((resolve, reject) => {
      child.once('message', (message: Answer) => resolve(message));
      child.once('exit', (code) => reject(new Error(`The restored machine's process ended with status ${code}.`)));
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
