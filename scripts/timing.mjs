// Whether the time of a kernel depends on data or keys, by statistics: `npm run build && node scripts/timing.mjs --help`.
import { arch, cpus, platform } from 'node:os';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { restartWithFlags, wantedFlags } from '../dist/src/cli/v8_flags.js';
import { engineBuild } from '../dist/src/engine/load.js';
import { controlTrials } from './timing/controls.mjs';
import { ecdsaTrials } from './timing/ecdsa.mjs';
import { measure } from './timing/measure.mjs';
import { rsaTrials } from './timing/rsa.mjs';
import { engineTrials } from './timing/trials.mjs';

/** From here on dudect takes a difference for real. */
const LIMIT = 4.5;
/** How many times as many samples the second look has. */
const SECOND_LOOK = 4;
/** Enough for what leaks on purpose. */
const CONTROL_SAMPLES = 20_000;
/** Its state's indices are the key's, as everybody's ARC4: measured when it is asked for. */
const EXCEPTION = 'arc4';
const HEAD = ['build', 'algorithm', 'what is timed, and the two classes', 't (difference)', 'seen from', 'second look'];
const EXIT_LEAK = 1;
const EXIT_BLIND = 2;
const BUILDS = { plain: ['simd'], relaxed: ['relaxed-simd'], both: ['simd', 'relaxed-simd'] };

const engine = [...engineTrials(), ...rsaTrials(), ...ecdsaTrials()];
const controls = await controlTrials();
const names = [...new Set(engine.map(({ algorithm }) => algorithm))];

const whole = (text) => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 10_000) return number;
  throw new InvalidArgumentError('give a whole number from 10000');
};
const algorithmsOf = (text, before = []) => {
  if (!names.includes(text)) throw new InvalidArgumentError(`give one of ${names.join(', ')}`);
  return [...before, text];
};
const buildOf = (text) => {
  if (!Object.hasOwn(BUILDS, text)) throw new InvalidArgumentError('give plain, relaxed or both');
  return text;
};

const { samples, algorithm, build, markdown } = new Command('timing')
  .description(
    `Times each kernel of the built engine over two classes of inputs in random order, and compares their means by Welch's t-test
(dudect). A difference of |t| >= ${LIMIT} is measured again with ${SECOND_LOOK} times the samples and the classes exchanged. Exit status:
0 where no difference was seen twice, ${EXIT_LEAK} where one was, ${EXIT_BLIND} where a control, which leaks on purpose, was not seen to.`,
  )
  .option('--samples <number>', 'timings of each trial', whole, 100_000)
  .option(
    '--algorithm <name>',
    `measure this one alone; may be given again (default: all but ${EXCEPTION})`,
    algorithmsOf,
  )
  .option('--build <name>', 'which build of the engine: plain, relaxed or both', buildOf, 'both')
  .option('--markdown', 'print a line for each algorithm, as docs/constant-time.md has them')
  .parse()
  .opts();

await restartWithFlags(wantedFlags('timing'));
if (build !== 'plain' && engineBuild() === 'simd') {
  console.error('This Node has no relaxed SIMD: give --build plain.');
  process.exit(EXIT_BLIND);
}
const chosen = ({ algorithm: name }) => (algorithm ? algorithm.includes(name) : name !== EXCEPTION);
const runs = [
  ...controls.map((trial) => ({ ...trial, build: 'control', control: true })),
  ...BUILDS[build].flatMap((own) => engine.filter(chosen).map((trial) => ({ ...trial, build: own, control: false }))),
];

const started = performance.now();
const bar = new SingleBar({
  format: 'timing {bar} {value}/{total}  {name}',
  stream: process.stderr,
  clearOnComplete: true,
  hideCursor: true,
});
if (process.stderr.isTTY) bar.start(runs.length, 0, { name: '' });
const rows = [];
for (const [index, run] of runs.entries()) {
  const name = `${run.build} ${run.algorithm}: ${run.what}`;
  const count = run.control ? CONTROL_SAMPLES : samples;
  const progress = (done) => {
    if (bar.isActive) bar.update(index + Math.min(1, done / count), { name });
  };
  const first = await measure(run.make(run.build), { samples: count, progress });
  const doubtful = !run.control && Math.abs(first.t) >= LIMIT;
  const options = { samples: SECOND_LOOK * count, swap: true };
  const second = doubtful ? await measure(run.make(run.build), options) : undefined;
  const leaks = Math.abs((second ?? first).t) >= LIMIT;
  rows.push({ ...run, first, second, leaks });
  if (!process.stderr.isTTY && (doubtful || run.control))
    console.error(`${name}: t ${figures(first)}, ${figures(second)}`);
}
bar.stop();

console.log(markdown ? markdownOf(rows) : tableOf(rows));
const blind = rows.some(({ control, leaks }) => control && !leaks);
const leaking = rows.filter(({ control, leaks }) => !control && leaks);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(
  `\n${rows.length} trials of ${samples} samples in ${seconds} s, Node ${process.versions.node} (V8 ${process.versions.v8}), ` +
    `${platform()} ${arch()}, ${cpus()[0]?.model ?? 'unknown processor'}`,
);
for (const { build: own, algorithm: name, what } of leaking) console.log(`LEAKS: ${own} ${name}, ${what}`);
if (blind) console.log('A control was not seen to leak: this machine is too noisy, or the test is broken.');
process.exitCode = blind ? EXIT_BLIND : leaking.length > 0 ? EXIT_LEAK : 0;

function figures(result) {
  return result ? `${result.t.toFixed(1)} (${result.difference.toFixed(1)} ns)` : '';
}

function cells({ build: own, algorithm: name, what, first, second }) {
  return [own, name, what, figures(first), `${(LIMIT * first.error).toFixed(1)} ns`, figures(second)];
}

function tableOf(all) {
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  table.push(...all.map(cells));
  return table.toString();
}

/** A line for each algorithm: of each build the largest |t|, where it was, and the median of the differences that would be seen. */
function markdownOf(all) {
  const line = (values) => `| ${values.join(' | ')} |`;
  const builds = [...new Set(all.map(({ build: own }) => own))];
  const head = ['algorithm', ...builds.flatMap((own) => [`${own}: largest t`, 'of', 'where', 'seen from'])];
  const lines = [...new Set(all.map(({ algorithm: name }) => name))].map((name) =>
    line([
      name,
      ...builds.flatMap((own) => {
        const its = all.filter((row) => row.build === own && row.algorithm === name);
        const worst = its.toSorted((a, b) => Math.abs(last(b).t) - Math.abs(last(a).t))[0];
        const errors = its.map((row) => last(row).error).toSorted((a, b) => a - b);
        if (!worst) return ['', '', '', ''];
        const seen = `${(LIMIT * errors[errors.length >> 1]).toFixed(0)} ns`;
        return [last(worst).t.toFixed(1), `${its.length}`, worst.what, seen];
      }),
    ]),
  );
  return [line(head), line(head.map(() => '---')), ...lines].join('\n');
}

/** The look that counts. */
function last({ first, second }) {
  return second ?? first;
}
