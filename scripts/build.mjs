// Builds the library, and says what it is at: on a slow or busy machine that takes a minute. Standard output stays empty, for commands
// that print JSON there. With --clean, what earlier builds left is removed first, so that a package holds only this one's files.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const STEPS = [
  ['the engine, from AssemblyScript', 'scripts/build-engine.mjs'],
  ['the worker', 'scripts/build-worker.mjs'],
  ['the library, from TypeScript', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
];

const cwd = fileURLToPath(new URL('../', import.meta.url));
if (process.argv.includes('--clean')) rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
for (const [index, [what, ...command]] of STEPS.entries()) {
  process.stderr.write(`build ${index + 1}/${STEPS.length}: ${what}\n`);
  const { status } = spawnSync(process.execPath, command, { cwd, stdio: ['ignore', process.stderr, 'inherit'] });
  if (status !== 0) process.exit(1);
}
