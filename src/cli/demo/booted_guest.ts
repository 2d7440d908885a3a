import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { STATE_VERSION, StateError } from '../../device/state.ts';
import { ENGINE_DEFLATED } from '../../engine/binary.ts';
import { sha256OfFile } from '../../guest/cache.ts';
import { type MachineConfig, packState, unpackState } from '../../machine/state_file.ts';
import type { Machine, MachineFiles } from '../machine.ts';

/** A state fits the v86 that saved it: both its WebAssembly and its JavaScript. */
const V86_FILES = ['v86/build/v86.wasm', 'v86/build/libv86.mjs'] as const;

/** What a booted guest depends on. */
export interface BootedIdentity {
  files: MachineFiles;
  memoryMiB: number;
  /** What was added to the kernel's command line. */
  append: string;
}

const PREFIX = 'booted-';
const DRAFT_PREFIX = '.build-booted-';
/** A state of another guest, or a draft of a process that was killed, is removed when it has not been used for this long. */
const UNUSED_MS = 7 * 24 * 60 * 60 * 1000;
/** The device of the demo's machine, which has no option of its own. */
const DEVICE = { dataQueues: 1, queueSize: 1024, features: {} } as const;

/**
 * A guest that has booted, as a file in the guest's cache. A later start goes on from there. The file's name is a hash of all that it
 * depends on: the guest's files, RAM and command line, v86, this library's engine, and the version of its devices' states. Its first line has the hash of the rest.
 */
export class BootedGuest {
  readonly #folder: string;
  readonly #path: string;
  readonly #config: MachineConfig;

  private constructor(folder: string, name: string, config: MachineConfig) {
    this.#folder = folder;
    this.#path = join(folder, name);
    this.#config = config;
  }

  /** @param folder the guest's cache */
  static async of(folder: string, { files, memoryMiB, append }: BootedIdentity): Promise<BootedGuest> {
    const { kernel, initrd, bios, vgaBios } = files;
    const hashes = await Promise.all([kernel, initrd, bios, vgaBios].map((file) => sha256OfFile(file)));
    const { resolve } = createRequire(import.meta.url);
    const v86 = await Promise.all(V86_FILES.map((file) => sha256OfFile(resolve(file))));
    const parts = [...hashes, ...v86, ENGINE_DEFLATED, STATE_VERSION, memoryMiB, append];
    const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    return new BootedGuest(folder, `${PREFIX}${hash.slice(0, 32)}.state`, { memoryMiB, ...DEVICE });
  }

  /** v86's state of the guest; undefined if none is kept. A damaged file is removed, and is as good as none. */
  async find(): Promise<ArrayBuffer | undefined> {
    const file = await readFile(this.#path).catch(() => undefined);
    if (!file) return undefined;
    const state = await stateIn(file);
    if (!state) {
      await this.forget();
      return undefined;
    }
    const now = new Date();
    // In a cache that can only be read the times stay, and nothing is removed by them.
    await utimes(this.#path, now, now).catch(() => {});
    return state;
  }

  /** Forgets the state, because the guest did not go on from it. Where the file cannot be removed, keep() says so. */
  async forget(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => {});
  }

  /**
   * Keeps the guest as it is now, and removes the files of guests that were not started for a week.
   * @throws Error if the file cannot be written
   */
  async keep(machine: Pick<Machine, 'save'>): Promise<void> {
    const content = await packState(this.#config, await machine.save());
    const draft = join(this.#folder, `${DRAFT_PREFIX}${randomUUID()}`);
    try {
      await writeFile(draft, Buffer.concat([Buffer.from(`${hashOf(content)}\n`), content]));
      await rename(draft, this.#path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await this.#removeUnused();
  }

  async #removeUnused(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!name.startsWith(PREFIX) && !name.startsWith(DRAFT_PREFIX)) continue;
      const path = join(this.#folder, name);
      const used = await stat(path).catch(() => undefined);
      if (used && Date.now() - used.mtimeMs > UNUSED_MS) await rm(path, { force: true });
    }
  }
}

/** The state in a file that keep() wrote; undefined if the file is damaged. */
async function stateIn(file: Buffer): Promise<ArrayBuffer | undefined> {
  const end = file.indexOf('\n');
  const content = new Uint8Array(file.subarray(end + 1));
  if (file.toString('latin1', 0, end) !== hashOf(content)) return undefined;
  try {
    return (await unpackState(content)).state;
  } catch (error) {
    if (error instanceof StateError) return undefined;
    throw error;
  }
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
