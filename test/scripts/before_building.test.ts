// Scripts that build something first, before they do: what they refuse, and their help.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

type Script = 'fuzz' | 'differential';

/** Runs a script where no npm is found: whatever it would build ends with status 1. */
function run(script: Script, ...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const path = fileURLToPath(new URL(`../../scripts/${script}.mjs`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], { env: { PATH: '' } }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test.each<Script>(['fuzz', 'differential'])('npm run %s -- --help builds nothing', async (script) => {
  const { status, stdout, stderr } = await run(script, '--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain(`Usage: npm run ${script} --`);
});

test.each<[Script, string[], string]>([
  ['fuzz', ['--minuets', '3'], "unknown option '--minuets'"],
  ['fuzz', ['--minutes', 'ten'], "argument 'ten' is invalid. Give a number above 0."],
  ['fuzz', ['--workers', '1.5'], "argument '1.5' is invalid. Give a whole number from 1 on."],
  ['fuzz', ['--replay', '/nowhere'], "argument '/nowhere' is invalid. There is no such file."],
  ['fuzz', ['more'], 'too many arguments'],
  ['differential', ['--second', '3'], "unknown option '--second'"],
  ['differential', ['--seconds', 'ten'], "argument 'ten' is invalid. Give a whole number from 1 on."],
  ['differential', ['--requests', '0'], "argument '0' is invalid. Give a whole number from 1 on."],
  ['differential', ['--replay', '/nowhere'], "argument '/nowhere' is invalid. There is no such file."],
  ['differential', ['more'], 'too many arguments'],
])('npm run %s -- %j is refused with status 2, and nothing is built', async (script, args, message) => {
  const { status, stderr } = await run(script, ...args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

test.each<[Script, string[]]>([
  ['fuzz', ['--cases', '1']],
  ['differential', ['--requests', '1']],
])('a good command line of npm run %s goes on to the build', async (script, args) => {
  expect((await run(script, ...args)).status).toBe(1);
});
