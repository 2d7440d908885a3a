// npm run differential: see --help. The options are read first: a wrong one, and --help, build nothing.
import { Command } from 'commander';
import { build, endOfOptions, existingFile, positiveWhole } from './build_first.mjs';

/** What is compared where nothing is said. */
const REQUESTS = 200_000;

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
  .exitOverride(endOfOptions)
  .parse()
  .opts();

if (!options.built) build('build:engine', 'build:differential');
// The program may start itself again, with flags of V8.
if (!options.built) process.argv.push('--built');
const { requests = options.seconds === undefined ? REQUESTS : Number.POSITIVE_INFINITY } = options;
const { main } = await import('../build/differential/test/differential/main.js');
await main({ ...options, requests });
