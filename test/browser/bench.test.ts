// The benchmark of the backends in a real browser: what it prints is a shape here, not a figure.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { BACKENDS } from '../../src/backend/contract.ts';
import { runInBrowser } from '../../src/cli/bench/browser/run.ts';
import { rowsOf } from '../../src/cli/bench/cases.ts';
import { BenchError } from '../../src/cli/bench/implementation.ts';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const CASES = ['aes-128-cbc-encrypt', 'aes-128-xts-encrypt', 'aes-128-cbc+hmac-sha-256'] as const;

const bench = (...args: string[]) =>
  promisify(execFile)(process.execPath, [MAIN, 'bench', '--browser', '--quick', ...args]);

test("prints one array of all backends, whose results equal node:crypto's", async () => {
  const { stdout } = await bench('--json', '--case', ...CASES, '--size', '16384', '--batch', '1', '8');
  const results: { case: string; batch: number; implementation: string; MBps: number }[] = JSON.parse(stdout);
  expect(results.map((each) => `${each.case} ${each.batch} ${each.implementation}`)).toEqual(
    CASES.flatMap((name) => [1, 8].flatMap((batch) => BACKENDS.map((backend) => `${name} ${batch} ${backend}`))),
  );
  for (const { MBps } of results) expect(MBps).toBeGreaterThan(0);
});

test('prints a table that says where it was measured', async () => {
  const { stdout } = await bench('--case', 'sha-256', '--size', '64', '--batch', '1');
  expect(stdout).toMatch(/^Chromium [0-9.]+, relaxed-simd build, .* cores?; host is WebCrypto$/m);
  expect(stdout).toMatch(/ sha-256 .* 64 .* 1 /);
  expect(stdout).toMatch(/^auto has at least 0\.9 of the best single backend in [01] of 1 rows/m);
});

test('ends when it is aborted', async () => {
  const controller = new AbortController();
  const run = runInBrowser({
    rows: rowsOf(['sha-256'], [64], [1, 8]),
    device: { workers: 1 },
    rowMilliseconds: 200,
    signal: controller.signal,
    onRow: () => controller.abort(new BenchError('Enough.')),
  });
  await expect(run).rejects.toThrow('Enough.');
});
