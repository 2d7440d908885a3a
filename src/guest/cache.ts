import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GuestBuildError } from './errors.ts';
import { IMAGE_FILES, type ImageFile, type Manifest, parseManifest } from './manifest.ts';
import { diskFull } from './outside_cause.ts';
import type { GuestImage } from './types.ts';

/** A cache keeps an image of each. */
export type GuestVariant = 'plain' | 'tls';
/** Each names the image in use. It is replaced in one step, so that a reader sees the old image or the new one. */
const CURRENT: Readonly<Record<GuestVariant, string>> = { plain: 'current.json', tls: 'current-tls.json' };
const BUILD_PREFIX = '.build-';
const IMAGE_PREFIX = 'image-';
/** Files left by a killed build, or replaced by a later build, are removed after this time, when no process can still use them. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

export function defaultCacheDir(): string {
  const { XDG_CACHE_HOME: base } = process.env;
  // The XDG base directory specification: a relative path is invalid and must be ignored.
  const root = base?.startsWith('/') === true ? base : join(homedir(), '.cache');
  return join(root, 'virtio-crypto-wasm', 'guest');
}

export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, signal === undefined ? {} : { signal });
  return hash.digest('hex');
}

export class GuestCache {
  readonly #dir: string;
  readonly #variant: GuestVariant;

  constructor(dir: string, variant: GuestVariant = 'plain') {
    this.#dir = dir;
    this.#variant = variant;
  }

  /** The image in use, if it was made by this recipe and every byte of it is as it was. */
  async find(recipe: string, signal?: AbortSignal): Promise<GuestImage | undefined> {
    const manifest = await this.#manifest(this.#variant);
    if (manifest === undefined || manifest.recipe !== recipe) return undefined;
    const folder = join(this.#dir, manifest.folder);
    for (const name of IMAGE_FILES) {
      const hash = await sha256OfFile(join(folder, name), signal).catch(() => undefined);
      signal?.throwIfAborted();
      if (hash !== manifest.files[name]) return undefined;
    }
    return imageIn(folder, manifest);
  }

  /** A folder for one build, beside the images so that a rename can publish it. */
  async createBuildFolder(): Promise<string> {
    const folder = join(this.#dir, `${BUILD_PREFIX}${process.pid}-${randomUUID()}`);
    try {
      await makeFolder(folder);
    } catch (cause) {
      throw (
        diskFull(cause, this.#dir) ??
        new GuestBuildError(
          'cache-unwritable',
          `The guest cannot be built in ${this.#dir}: ${cause instanceof Error ? cause.message : String(cause)}\n` +
            'Choose a folder that can be written to (--cache-dir, XDG_CACHE_HOME, or the option cacheDir).',
          [],
          { cause },
        )
      );
    }
    return folder;
  }

  /** Makes the files in `outputs` the image in use. */
  async publish(outputs: string, facts: Omit<Manifest, 'folder' | 'files'>): Promise<GuestImage> {
    const hashes = await Promise.all(IMAGE_FILES.map((name) => sha256OfFile(join(outputs, name))));
    const files = Object.fromEntries(IMAGE_FILES.map((name, index) => [name, hashes[index] ?? ''])) as Record<
      ImageFile,
      string
    >;
    // A name of its own for each build: a damaged image is never in the way, and two builders never share a folder.
    const manifest: Manifest = { ...facts, folder: `${IMAGE_PREFIX}${randomUUID()}`, files };
    await rename(outputs, join(this.#dir, manifest.folder));
    const draft = join(this.#dir, `${BUILD_PREFIX}${randomUUID()}.json`);
    await writeFile(draft, `${JSON.stringify(manifest, undefined, 2)}\n`);
    await rename(draft, join(this.#dir, CURRENT[this.#variant]));
    await this.#removeLeftovers();
    return imageIn(join(this.#dir, manifest.folder), manifest);
  }

  async #manifest(variant: GuestVariant): Promise<Manifest | undefined> {
    const text = await readFile(join(this.#dir, CURRENT[variant]), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parseManifest(text);
  }

  async #removeLeftovers(): Promise<void> {
    const manifests = await Promise.all([this.#manifest('plain'), this.#manifest('tls')]);
    const inUse = manifests.map((manifest) => manifest?.folder);
    const names = await readdir(this.#dir).catch(() => []);
    for (const name of names) {
      if (inUse.includes(name) || !(name.startsWith(BUILD_PREFIX) || name.startsWith(IMAGE_PREFIX))) continue;
      const path = join(this.#dir, name);
      const age = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (age > LEFTOVER_AGE_MS) await rm(path, { recursive: true, force: true });
    }
  }
}

/**
 * Makes a folder and those that it lies in. Node's own `recursive` is not used: in some file systems that refuse a folder it never ends
 * (Node.js 20 to 26).
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    const exists = await stat(parent).then(
      () => true,
      () => false,
    );
    if (code !== 'ENOENT' || exists) throw error;
    await makeFolder(parent);
    await makeFolder(path);
  }
}

function imageIn(folder: string, manifest: Manifest): GuestImage {
  return {
    kernel: join(folder, 'bzImage'),
    initrd: join(folder, 'initramfs.cpio.gz'),
    bios: join(folder, 'bios.bin'),
    vgaBios: join(folder, 'vgabios.bin'),
    kernelVersion: manifest.kernelVersion,
    packages: manifest.packages,
  };
}
