// The command as it is installed: it measures, writes the file and says so.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseThresholds } from '../../src/backend/placement/thresholds.ts';
import { readModel } from '../../src/cli/calibrate/model_file.ts';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

const { NIGHTLY } = process.env;
/** A cipher and a hash; at night all. */
const SOME = NIGHTLY ? [] : ['--case', 'aes-128-cbc-encrypt', 'sha-256'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'calibrate-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe('virtio-crypto calibrate', () => {
  test('writes thresholds and costs that bench takes, and with --json prints the same', async () => {
    const file = join(folder, 'here.json');
    const model = join(folder, 'costs.json');
    const options = ['--quick', '--json', '--workers', '1', ...SOME, '--output', file, '--model', model];
    const { status, stdout, stderr } = await run('calibrate', ...options);
    expect(status).toBe(0);
    expect(stderr).toContain(`Written: ${file}.`);
    const thresholds = parseThresholds(JSON.parse(readFileSync(file, 'utf8')));
    expect(stderr).toContain(`Written: ${model}. Give it with --model ${model}.`);
    const { costs } = readModel(model);
    expect(JSON.parse(stdout)).toEqual({ thresholds, costs });
    const rows = ['--case', 'sha-256', '--size', '64', '--batch', '1', '--quick', '--json'];
    const bench = await run('bench', '--backends', '--thresholds', file, ...rows);
    expect({ status: bench.status, stderr: bench.stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(bench.stdout).map((one: { implementation: string }) => one.implementation)).toEqual([
      ...['node', 'inline', 'host', 'workers', 'auto'],
    ]);
    const begun = await run('bench', '--backends', '--model', model, ...rows);
    expect({ status: begun.status, stderr: begun.stderr }).toEqual({ status: 0, stderr: '' });
    const auto = JSON.parse(begun.stdout).find((one: { implementation: string }) => one.implementation === 'auto');
    expect(auto.costs).toMatchObject({ algorithms: 'sha-256', depth: 'few', bytes: 64 });
    const shown = await run('calibrate', '--show', model);
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toContain('sha-256');
  }, 300_000);

  test('a signal ends it with status 130, and nothing is written', async () => {
    const file = join(folder, 'here.json');
    const child = spawn(process.execPath, [MAIN, 'calibrate', '--output', file]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stderr).toBe('Interrupted: nothing was written.\n');
    expect(existsSync(file)).toBe(false);
  });

  test('a file that cannot be written is named before anything is measured', async () => {
    for (const [path, code] of [
      [join(folder, 'missing', 'here.json'), 'ENOENT'],
      [folder, 'EISDIR'],
      [join(MAIN, 'below'), 'ENOTDIR'],
    ]) {
      const { status, stdout, stderr } = await run('calibrate', '--output', path ?? '');
      // Not even the line of the machine's facts, which comes first.
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain(`--output ${path} cannot be written (${code}): give a file in a folder that exists`);
      const model = await run('calibrate', '--model', path ?? '');
      expect(model).toMatchObject({ status: 1, stdout: '' });
      expect(model.stderr).toContain(`--model ${path} cannot be written (${code})`);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    [
      ['calibrate', '--workers', '0'],
      "option '--workers <n>' argument '0' is invalid. Give a whole number from 1 to 64.",
    ],
    [
      ['bench', '--thresholds', '/nowhere'],
      'It cannot be read (ENOENT). Give a file that virtio-crypto calibrate wrote.',
    ],
    [['demo', '--thresholds', MAIN], 'It holds no JSON. Give a file that virtio-crypto calibrate wrote.'],
    [
      ['bench', '--model', '/nowhere'],
      'It cannot be read (ENOENT). Measure anew: virtio-crypto calibrate --model FILE.',
    ],
    [['demo', '--model', MAIN], 'It holds no JSON. Measure anew: virtio-crypto calibrate --model FILE.'],
    [['demo', '--backend', 'gpu'], 'Allowed choices are inline, host, workers, auto.'],
  ])('%j is refused, with a remedy', async (args, message) => {
    const { status, stderr } = await run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});
