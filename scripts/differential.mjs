// npm run differential: see --help. The options are read first: a wrong one, and --help, build nothing.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';

/** What is compared where nothing is said. */
const REQUESTS = 200_000;

function positiveWhole(text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return value;
}

function existingFile(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new InvalidArgumentError('There is no such file.');
  return path;
}

const options = new Command('npm run differential --')
  .description(
    'Runs programs of random requests on many configurations of the device at once, and compares guest memory, used.len, order, faults and ' +
      'statistics with those of the reference: the same requests inline, on a split ring, one a notification.',
  )
  .option(
    '--requests <count>',
    `ends when so many were compared, of all configurations together (default: ${REQUESTS}, if --seconds is not given)`,
    positiveWhole,
  )
  .option('--seconds <seconds>', 'ends after this time', positiveWhole)
  .option('--seed <number>', 'of the first program; the next one has the next seed', positiveWhole, 1)
  .option(
    '--only <text>',
    'configurations whose names have this in them; a text that none has is answered by all names',
  )
  .option('--replay <file>', 'runs one program, as a failure left it, and nothing else', existingFile)
  .option('--built', 'takes what was built before', false)
  .allowExcessArguments(false)
  .showHelpAfterError('Add --help for what is possible.')
  // 2 for a wrong command line, as shells have it; 1 stays for a run that failed.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts();

const root = fileURLToPath(new URL('../', import.meta.url));
for (const script of options.built ? [] : ['build:engine', 'build:differential']) {
  const { status } = spawnSync('npm', ['run', '--silent', script], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(1);
}
// The program may start itself again, with flags of V8.
if (!options.built) process.argv.push('--built');
const { requests = options.seconds === undefined ? REQUESTS : Number.POSITIVE_INFINITY } = options;
const { main } = await import('../build/differential/test/differential/main.js');
await main({ ...options, requests });
