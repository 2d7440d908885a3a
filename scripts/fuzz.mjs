// npm run fuzz: see --help. The options are read first: a wrong one, and --help, build nothing.
import { cpus } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { build, endOfOptions, existingFile, positiveWhole } from './build_first.mjs';

function positive(text) {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Give a number above 0.');
  return value;
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
  .exitOverride(endOfOptions)
  .parse()
  .opts();

build(...(options.built ? [] : ['build:engine']), 'build:fuzz');
const { main } = await import('../build/fuzz/test/fuzz/main.js');
await main(options);
