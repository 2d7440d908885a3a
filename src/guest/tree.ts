import { readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { readElf } from './elf.ts';
import { GuestBuildError } from './errors.ts';

/** Debian keeps a library in one of these; the guest keeps them all in /lib, where its loader looks as well. */
const LIBRARY_FOLDERS = ['/lib', '/usr/lib'].flatMap((folder) => [`${folder}/i386-linux-gnu`, folder]);
const MAX_LINKS = 8;

/** The unpacked packages, seen as the root of a file system: links point within it, never to the host's files. */
export class PackageTree {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The bytes of a file, through links; `undefined` when nothing is there. */
  async find(path: string): Promise<Uint8Array | undefined> {
    let at = path;
    for (let links = 0; links < MAX_LINKS; links++) {
      const onHost = join(this.#root, at);
      try {
        at = posix.resolve(posix.dirname(at), await readlink(onHost));
      } catch {
        // not a link: the file itself, or nothing
        return readFile(onHost).catch(() => undefined);
      }
    }
    return undefined;
  }

  async read(path: string): Promise<Uint8Array> {
    const bytes = await this.find(path);
    if (bytes !== undefined) return bytes;
    throw new GuestBuildError(
      'content-missing',
      `Debian's packages hold no ${path}: this release arranges them in another way than Debian 12 does.`,
      [path],
    );
  }

  /** Every file below the root whose name ends so, by its path from the root. */
  async list(suffix: string): Promise<string[]> {
    const entries = await readdir(this.#root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
      .map((entry) => `/${posix.relative(this.#root, posix.join(entry.parentPath, entry.name))}`)
      .sort();
  }

  /** The loader and the libraries that the programs need, and that those need in turn, by their place in the guest. */
  async libraries(programs: readonly Uint8Array[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const waiting = [...programs];
    for (let program = waiting.pop(); program !== undefined; program = waiting.pop()) {
      const facts = readElf(program);
      if (facts === undefined) continue;
      const loader = facts.interpreter;
      if (loader !== undefined && !found.has(loader)) found.set(loader, await this.read(loader));
      for (const soname of facts.needed) {
        const place = `/lib/${soname}`;
        if (found.has(place)) continue;
        const library = await this.#library(soname);
        found.set(place, library);
        waiting.push(library);
      }
    }
    return found;
  }

  async #library(soname: string): Promise<Uint8Array> {
    for (const folder of LIBRARY_FOLDERS) {
      const bytes = await this.find(`${folder}/${soname}`);
      if (bytes !== undefined) return bytes;
    }
    throw new GuestBuildError('content-missing', `None of the guest's packages holds the library ${soname}.`, [soname]);
  }
}

/** The folders on the way to a path, outermost first, without the root. */
export function parentFolders(path: string): string[] {
  const parent = dirname(path);
  return parent === '/' || parent === '.' ? [] : [...parentFolders(parent), parent];
}
