import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { FUZZ_MINUTES = '1' } = process.env;

/** One thread: other tests run beside this one. */
test('guests that do what they like for a minute break nothing (npm run fuzz)', async () => {
  const fuzz = ['scripts/fuzz.mjs', '--workers', '1', '--minutes', FUZZ_MINUTES];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, fuzz, { cwd: ROOT });
  expect(stderr).toMatch(/^\d+ places, \d+ words\n$/);
  expect(stdout).toMatch(/^\d{4,} cases in /);
  console.log(stdout.trim());
}, 700_000);
