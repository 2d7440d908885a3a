// What scripts share that read their options before they build anything.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';

/** An option's text as a whole number from 1 on. @throws InvalidArgumentError if it is none */
export function positiveWhole(text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return value;
}

/** An option's text as the path of a file. @throws InvalidArgumentError if there is no such file */
export function existingFile(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new InvalidArgumentError('There is no such file.');
  return path;
}

/** Ends the process after a wrong command line, or after --help. Status 2 is a wrong command line; 1 stays for a run that failed. */
export function endOfOptions({ exitCode }) {
  process.exit(exitCode === 0 ? 0 : 2);
}

/** Runs scripts of package.json, one after the other. Ends the process with status 1 if one fails. */
export function build(...scripts) {
  for (const script of scripts) {
    const { status } = spawnSync('npm', ['run', '--silent', script], {
      cwd: fileURLToPath(new URL('../', import.meta.url)),
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    if (status !== 0) process.exit(1);
  }
}
