import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TestCase, TestModule } from 'vitest/node';
import { PATIENCE } from '../support/patience.ts';
import { StandingStill } from './standing_still.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** In the project, so that Vitest is found. */
const FOLDER = join(ROOT, 'build', `standing-still-${process.pid}`);
const CONFIG = `
import { defineConfig } from 'vitest/config';
import { StandingStill } from '${ROOT}test/reporters/standing_still.ts';
const [still, whole] = process.env.LIMITS.split(' ').map(Number);
export default defineConfig({
  test: { include: ['*.test.ts'], root: '${FOLDER}', maxWorkers: 2, reporters: [new StandingStill({ still, whole })] },
});`;
const FILES: Readonly<Record<string, string>> = {
  'busy.test.ts':
    "import { test } from 'vitest'; test('waits', () => {}); test('keeps its process busy', () => { for (;;); });",
  'wrong.test.ts': "import { expect, test } from 'vitest'; test('counts', () => expect(1).toBe(2));",
  'late.test.ts': "import { test } from 'vitest'; test('never', () => new Promise(() => {}), 600_000);",
  'good.test.ts': "import { test } from 'vitest'; test('counts', () => {});",
};

beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, 'vitest.config.ts'), CONFIG);
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(FOLDER, name), text);
});
afterAll(() => rm(FOLDER, { recursive: true, force: true }));

/** Runs some of the files. */
async function run(limits: string, ...files: string[]): Promise<{ status: unknown; said: string }> {
  const { VITEST: _, ...env } = process.env;
  const args = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    join(FOLDER, 'vitest.config.ts'),
    ...files,
  ];
  const child = spawn(process.execPath, args, { cwd: FOLDER, env: { ...env, LIMITS: limits } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [status] = await once(child, 'close');
  return { status, said };
}

test('a test that keeps its process busy ends the run, which names it and the tests that had failed', async () => {
  const { status, said } = await run('0.05 10', 'busy', 'wrong');
  expect(status).toBe(1);
  expect(said).toContain('The tests have stood still for 0.05 minutes.');
  expect(said).toMatch(/^ {2}busy\.test\.ts: .+ \d+ s ago$/m);
  expect(said).toMatch(/^Tests that had failed: 1\n {2}wrong\.test\.ts > counts: expected 1 to be 2/m);
});

test('so does a run that takes too long, whatever it does', async () => {
  const { status, said } = await run('0.1 0.05', 'late', 'good');
  expect(status).toBe(1);
  expect(said).toContain('The tests have taken 0.05 minutes.');
  expect(said).toMatch(/^ {2}late\.test\.ts: “never” began \d+ s ago$/m);
  expect(said).toContain('Tests that had failed: 0');
});

test('a run that ends is left alone, with the limits of CI', async () => {
  const reporter = join(ROOT, 'test/reporters/standing_still.ts');
  expect(await run('', 'good', '--reporter', reporter)).toEqual({ status: 0, said: '' });
});

test('a result that comes after the end of its file does not have it run again', async () => {
  const stop = vi.fn();
  const reporter = new StandingStill({ still: 0.002, whole: 10 }, stop);
  const module = { project: { name: 'library' }, relativeModuleId: 'ended.test.ts' } as TestModule;
  const late = {
    module,
    fullName: 'late',
    result: () => ({ state: 'passed', errors: undefined }),
  } as unknown as TestCase;
  reporter.onInit();
  reporter.onTestModuleQueued(module);
  reporter.onTestModuleEnd(module);
  reporter.onTestCaseResult(late);
  await vi.waitFor(() => expect(stop).toHaveBeenCalledOnce(), PATIENCE);
  expect(stop.mock.calls[0]?.[0]).not.toContain('ended.test.ts');
  reporter.onTestRunEnd();
});
