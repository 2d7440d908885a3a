// Checks which file imports which: no circle, and no arrow against the table of rooms in docs/architecture.md.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The rooms that each room may import, besides itself. A file's room is the longest of these names that its path begins with. Folders
 * without a row (the commands, the page, the tests) may import every file.
 */
const ROOMS = {
  spec: [],
  assembly: ['spec'],
  'src/check.ts': [],
  'src/clock.ts': ['src/check.ts'],
  'src/engine': ['spec'],
  'src/akcipher': ['spec', 'src/engine'],
  'src/backend': ['spec', 'src/engine', 'src/akcipher'],
  'src/device': ['spec', 'src/engine', 'src/akcipher', 'src/backend'],
  'src/transport': ['spec', 'src/device', 'src/engine'],
  'src/v86': ['spec', 'src/transport', 'src/device', 'src/backend', 'src/engine'],
  'src/vhost-user': ['spec', 'src/transport', 'src/device', 'src/backend', 'src/engine'],
  'src/driver': ['spec'],
  'src/trace': ['spec', 'src/device', 'src/engine', 'src/backend'],
  'src/lab': [
    'spec',
    'src/trace',
    'src/driver',
    'src/testing',
    'src/device',
    'src/engine',
    'src/backend',
    'src/machine',
  ],
  'src/testing': ['spec', 'src/driver', 'src/device', 'src/transport', 'src/engine', 'src/backend'],
};
/** Every room may import these. */
const COMMON = ['src/check.ts', 'src/clock.ts'];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const files = ['spec', 'assembly', 'src', 'web/src', 'test']
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
  .filter((name) => /\.tsx?$/.test(name));
const imports = new Map(files.map((file) => [file, importsOf(file)]));
const complaints = [...wrongArrows(), ...circles()];
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** The files of this project that a file imports or exports from, types included. */
function importsOf(file) {
  const text = readFileSync(file, 'utf8');
  const names = [...text.matchAll(/^(?:import|export)\b[^;'"]*?\bfrom\s+'(\.[^']+)';?$|^import '(\.[^']+)';?$/gm)];
  return names
    .map(([, from, bare]) => normalize(join(dirname(file), from ?? bare)))
    .map((name) => [name, `${name}.ts`].find((path) => statSync(path, { throwIfNoEntry: false })?.isFile()))
    .filter((name) => name !== undefined);
}

function roomOf(file) {
  return Object.keys(ROOMS)
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function* wrongArrows() {
  for (const [file, targets] of imports) {
    const room = roomOf(file);
    if (!room) continue;
    for (const target of targets) {
      const its = roomOf(target) ?? target;
      if (its === room || COMMON.includes(its) || ROOMS[room].includes(its)) continue;
      yield `${file} imports ${target}: ${room} may import ${[...ROOMS[room], ...COMMON].join(', ')}.`;
    }
  }
}

/** Each circle once: a depth-first walk that meets a file on its own path. */
function circles() {
  const found = [];
  const done = new Set();
  const path = [];
  const visit = (file) => {
    const at = path.indexOf(file);
    if (at >= 0) found.push(`A circle of imports: ${[...path.slice(at), file].join(' → ')}.`);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return found;
}
