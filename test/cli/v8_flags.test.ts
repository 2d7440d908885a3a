// The built command's own restart, in a small program: every process here is a real one.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { wantedFlags } from '../../src/cli/v8_flags.ts';
import { engineBuild } from '../../src/engine/load.ts';

const PROGRAM = fileURLToPath(new URL('restarted.mjs', import.meta.url));

type Started = ChildProcessByStdio<null, Readable, Readable>;

function start(end: string, ...flags: string[]): Started {
  return spawn(process.execPath, [PROGRAM, end, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function said(program: Started): Promise<{ pid: number; execArgv: string[]; flags: string[] }> {
  const [line] = await once(program.stdout, 'data');
  return JSON.parse(String(line));
}

/** Waits until a process is gone. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('the program runs with the flags, its arguments and its exit status, in one more process', async () => {
  const program = start('status', '--no-liftoff');
  const ended = once(program, 'exit');
  const { pid, execArgv, flags } = await said(program);
  expect(pid).not.toBe(program.pid);
  expect({ execArgv, flags }).toEqual({ execArgv: ['--no-liftoff'], flags: ['--no-liftoff'] });
  expect(await ended).toEqual([7, null]);
});

test('no flag, and one that this Node.js refuses: the program runs where it is', async () => {
  for (const flags of [[], ['--no-such-flag']]) {
    const program = start('status', ...flags);
    let complaint = '';
    program.stderr.on('data', (text) => {
      complaint += text;
    });
    const closed = once(program, 'close');
    expect(await said(program)).toEqual({ pid: program.pid, execArgv: [], flags });
    expect(await closed).toEqual([7, null]);
    expect(complaint).toBe('');
  }
});

test('a signal reaches the program, whose answer to it is the exit status', async () => {
  const program = start('interrupted', '--no-liftoff');
  await said(program);
  const ended = once(program, 'exit');
  program.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
});

test('a program that dies of a signal: so does the process that started it', async () => {
  const program = start('killed', '--no-liftoff');
  expect(await once(program, 'exit')).toEqual([null, 'SIGKILL']);
});

test('the program does not outlive the process that started it', async () => {
  const program = start('waits', '--no-liftoff');
  const { pid } = await said(program);
  program.kill('SIGKILL');
  await gone(pid);
});

test('the demo alone is compiled at once; relaxed SIMD is asked for where V8 lacks it', () => {
  const relaxed = engineBuild() === 'simd' ? ['--experimental-wasm-relaxed-simd'] : [];
  expect(wantedFlags('demo')).toEqual(['--no-liftoff', ...relaxed]);
  expect(wantedFlags('bench')).toEqual(relaxed);
});
