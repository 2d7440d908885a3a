// Builds the library, and says what it is at: on a slow or busy machine that takes a minute. A step whose inputs and outputs are as its last
// run left them is not run again. Standard output stays empty, for commands that print JSON there. With --clean, what earlier builds left
// is removed first, so that a package holds only this one's files.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The modules that hold binaries of the engine. */
const ENGINE_BINARY = /binary(_\w+)?\.ts$/;
/**
 * The steps in their order. Inputs and outputs are files, or folders with all files in them. Inputs that `inputsExcept` matches do not
 * count. Of the outputs, only those that `outputsOnly` matches count.
 */
const STEPS = [
  {
    name: 'engine',
    what: 'the engine, from AssemblyScript',
    command: ['scripts/build-engine.mjs'],
    inputs: ['assembly', 'spec', 'asconfig.json', 'scripts/build-engine.mjs', 'scripts/delta.mjs', 'package-lock.json'],
    outputs: ['src'],
    outputsOnly: ENGINE_BINARY,
  },
  {
    name: 'worker',
    what: 'the worker',
    command: ['scripts/build-worker.mjs'],
    inputs: ['src', 'spec', 'scripts/build-worker.mjs', 'package-lock.json'],
    inputsExcept: /worker_source\.ts$/,
    outputs: [
      'src/backend/workers/worker_source.ts',
      'src/backend/akcipher/worker_source.ts',
      'dist/worker.js',
      'dist/worker.d.ts',
    ],
  },
  {
    name: 'library',
    what: 'the library, from TypeScript',
    command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
    inputs: ['src', 'spec', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    outputs: ['dist/src', 'dist/spec'],
  },
];
/** What the last run of each step read and wrote, as a hash. */
const STAMPS = 'build/built.json';

process.chdir(fileURLToPath(new URL('../', import.meta.url)));
if (process.argv.includes('--clean')) rmSync('dist', { recursive: true, force: true });
const stamps = readStamps();
for (const [index, step] of STEPS.entries()) {
  if (stamps[step.name] === stampOf(step)) continue;
  process.stderr.write(`build ${index + 1}/${STEPS.length}: ${step.what}\n`);
  const { status } = spawnSync(process.execPath, step.command, { stdio: ['ignore', process.stderr, 'inherit'] });
  if (status !== 0) process.exit(1);
  stamps[step.name] = stampOf(step);
  mkdirSync('build', { recursive: true });
  writeFileSync(STAMPS, `${JSON.stringify(stamps, undefined, 2)}\n`);
}

/** A damaged file of stamps means that every step is run. */
function readStamps() {
  try {
    return { ...JSON.parse(readFileSync(STAMPS, 'utf8')) };
  } catch {
    return {};
  }
}

function stampOf({ inputs, inputsExcept, outputs, outputsOnly }) {
  const hash = createHash('sha256');
  const files = [
    ...inputs.flatMap(filesIn).filter((file) => !inputsExcept?.test(file)),
    ...outputs.flatMap(filesIn).filter((file) => outputsOnly?.test(file) ?? true),
  ];
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** A file, or all files of a folder and its folders in a fixed order; nothing, if there is no such file. */
function filesIn(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return [];
  if (!found.isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .map((name) => `${path}/${name}`)
    .filter((file) => statSync(file).isFile())
    .sort();
}
