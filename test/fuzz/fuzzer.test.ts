import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { FUZZ_MINUTES } = process.env;
/** As many cases as a fast machine has in ten seconds, however slow this one is. */
const SHORT = ['--cases', '40000', '--minutes', '10'];

/** One thread: other tests run beside this one. */
test('guests that do what they like break nothing (npm run fuzz)', async () => {
  const fuzz = [
    'scripts/fuzz.mjs',
    '--built',
    '--workers',
    '1',
    ...(FUZZ_MINUTES ? ['--minutes', FUZZ_MINUTES] : SHORT),
  ];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, fuzz, { cwd: ROOT });
  expect(stderr).toMatch(/^\d+ places, \d+ words\n$/);
  expect(stdout).toMatch(/^\d{4,} cases in /);
  console.log(stdout.trim());
}, 700_000);
