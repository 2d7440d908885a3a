import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type CpioEntry, packCpio } from './cpio.ts';
import { BOOT_MODULE_LIST, MODULE_FOLDER } from './init.ts';
import { collectModules } from './modules.ts';
import type { Recipe } from './recipe.ts';
import { type PackageTree, parentFolders } from './tree.ts';

/** The guest has one folder for programs; a program's path in its package does not matter. */
const PROGRAM_FOLDER = '/bin';
/** Mount points and places to work in. */
const EMPTY_FOLDERS = ['/dev', '/proc', '/sys', '/tmp', '/root'];
const EXECUTABLE = 0o755;

const compress = promisify(gzip);

function inArchive(path: string): string {
  return path.replace(/^\//, '');
}

/** Everything in the guest's first file system, by absolute path. */
async function contents(
  tree: PackageTree,
  recipe: Recipe,
  compiled: ReadonlyMap<string, Uint8Array>,
): Promise<CpioEntry[]> {
  const files = new Map<string, { data: Uint8Array; mode: number }>();
  const add = (path: string, data: Uint8Array, mode: number): void => {
    files.set(path, { data, mode });
  };

  const programs = await Promise.all(recipe.programs.map((path) => tree.read(path)));
  for (const [index, path] of recipe.programs.entries()) {
    const data = programs[index];
    if (data !== undefined) add(`${PROGRAM_FOLDER}/${path.slice(path.lastIndexOf('/') + 1)}`, data, EXECUTABLE);
  }
  for (const [path, data] of await tree.libraries(programs)) add(path, data, EXECUTABLE);
  for (const [path, data] of compiled) add(path, data, EXECUTABLE);
  for (const [path, text] of Object.entries(recipe.scripts)) add(path, Buffer.from(text), EXECUTABLE);

  const modules = await collectModules(tree, recipe.bootModules, recipe.spareModules);
  for (const { name, data } of [...modules.boot, ...modules.spare]) add(`${MODULE_FOLDER}/${name}.ko`, data, 0o644);
  add(BOOT_MODULE_LIST, Buffer.from(`${modules.boot.map(({ name }) => name).join('\n')}\n`), 0o644);

  const links = recipe.applets.map((applet) => `${PROGRAM_FOLDER}/${applet}`);
  const folders = new Set([...files.keys(), ...links].flatMap(parentFolders));
  for (const folder of EMPTY_FOLDERS) folders.add(folder);

  return [
    ...[...folders].map((path): CpioEntry => ({ kind: 'directory', path: inArchive(path) })),
    ...[...files].map(([path, file]): CpioEntry => ({ kind: 'file', path: inArchive(path), ...file })),
    ...links.map((path): CpioEntry => ({ kind: 'link', path: inArchive(path), target: 'busybox' })),
    // The kernel opens the console for process 1 before that has mounted anything.
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
  ];
}

/** @param compiled files that no package has, by their paths in the guest */
export async function packInitramfs(
  tree: PackageTree,
  recipe: Recipe,
  compiled: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Uint8Array> {
  return compress(packCpio(await contents(tree, recipe, compiled)), { level: 6 });
}
