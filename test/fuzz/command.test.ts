// npm run fuzz before it builds: what it refuses, and its help.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/fuzz.mjs', import.meta.url));

/** Runs it where no npm is found: whatever it would build ends with status 1. */
function fuzz(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], { env: { PATH: '' } }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test('--help builds nothing', async () => {
  const { status, stdout, stderr } = await fuzz('--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('Usage: npm run fuzz --');
});

test.each([
  [['--minuets', '3'], "unknown option '--minuets'"],
  [['--minutes', 'ten'], "argument 'ten' is invalid. Give a number above 0."],
  [['--workers', '1.5'], "argument '1.5' is invalid. Give a whole number from 1 on."],
  [['--replay', '/nowhere'], "argument '/nowhere' is invalid. There is no such file."],
  [['more'], 'too many arguments'],
])('%j is refused with status 2, and nothing is built', async (args, message) => {
  const { status, stderr } = await fuzz(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

test('a good command line goes on to the build', async () => {
  expect((await fuzz('--cases', '1')).status).toBe(1);
});
