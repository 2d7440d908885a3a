// npm run fuzz: see --help. The options are read first: a wrong one, and --help, build nothing.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

function positive(text) {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}

function positiveWhole(text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return value;
}

function existingFile(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new InvalidArgumentError('There is no such file.');
  return path;
}

const options = new Command('npm run fuzz --')
  .description('Runs guests that do what they like against the device, and learns from what they reach.')
  .option('--minutes <minutes>', 'how long', positive, 1)
  .option('--cases <count>', 'ends earlier, after so many cases', positiveWhole, Number.POSITIVE_INFINITY)
  .option('--workers <count>', 'threads', positiveWhole, cpus().length)
  .option('--seed <number>', 'where the random numbers begin', positiveWhole, Date.now() % 2 ** 31)
  .option('--resume', 'goes on counting where the last run with --resume ended', false)
  .option('--keep', 'writes test/fuzz/corpus.txt anew, with what was found', false)
  .option('--built', 'takes the engine that was built before', false)
  .option('--replay <file>', 'runs one input, as a failure left it, and nothing else', existingFile)
  .allowExcessArguments(false)
  .showHelpAfterError('Add --help for what is possible.')
  // 2 for a wrong command line, as shells have it; 1 stays for a run that failed.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts();

const root = fileURLToPath(new URL('../', import.meta.url));
for (const script of [...(options.built ? [] : ['build:engine']), 'build:fuzz']) {
  const { status } = spawnSync('npm', ['run', '--silent', script], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(1);
}
const { main } = await import('../build/fuzz/test/fuzz/main.js');
await main(options);
