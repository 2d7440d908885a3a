import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { FUZZ_MINUTES } = process.env;
/** As many cases as a fast machine has in ten seconds, however slow this one is. */
const SHORT = ['--cases', '40000', '--minutes', '10'];

/** One thread: other tests run beside this one. */
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['scripts/fuzz.mjs', '--built', '--workers', '1', ...args], { cwd: ROOT });

test('guests that do what they like break nothing (npm run fuzz)', async () => {
  const { stdout, stderr } = await run(...(FUZZ_MINUTES ? ['--minutes', FUZZ_MINUTES] : SHORT));
  expect(stderr).toMatch(/^\d+ places, \d+ words\n$/);
  expect(stdout).toMatch(/^\d{4,} cases in /);
  console.log(stdout.trim());
}, 700_000);

test('the inputs that it begins with are cases, too', async () => {
  const { stdout } = await run('--cases', '1');
  expect(stdout).toMatch(/^[1-9]\d* cases in .*; [1-9]\d* places of the engine and [1-9]\d* states reached/);
});
