// Builds the library, and says what it is at: on a slow or busy machine that takes a minute. Standard output stays empty, for commands
// that print JSON there.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const STEPS = [
  ['the engine, from AssemblyScript', 'scripts/build-engine.mjs'],
  ['the worker', 'scripts/build-worker.mjs'],
  ['the library, from TypeScript', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
];

const cwd = fileURLToPath(new URL('../', import.meta.url));
for (const [index, [what, ...command]] of STEPS.entries()) {
  process.stderr.write(`build ${index + 1}/${STEPS.length}: ${what}\n`);
  const { status } = spawnSync(process.execPath, command, { cwd, stdio: ['ignore', process.stderr, 'inherit'] });
  if (status !== 0) process.exit(1);
}
