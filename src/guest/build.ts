import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { AptPackageSource } from './apt.ts';
import { defaultCacheDir, GuestCache } from './cache.ts';
import { type OpenCompiler, openDebianCompiler } from './compiler.ts';
import { GuestBuildError } from './errors.ts';
import { packInitramfs } from './initramfs.ts';
import type { ImageFile } from './manifest.ts';
import { diskFull } from './outside_cause.ts';
import type { PackageSource, ResolvedPackage } from './packages.ts';
import { GUEST_RECIPE, type Recipe, recipeHash } from './recipe.ts';
import { compileTls, tlsRecipe } from './tls.ts';
import { PackageTree } from './tree.ts';
import type { GuestImage, GuestOptions, GuestProgress } from './types.ts';

/** Of the kernel package, what a guest may need: its modules are 300 MB. */
const KERNEL_PATHS = [
  './boot/vmlinuz-*',
  '*/kernel/crypto/*',
  '*/kernel/drivers/virtio/*',
  '*/kernel/drivers/crypto/virtio/*',
  '*/kernel/drivers/block/brd.ko',
  '*/kernel/drivers/md/dm-*.ko',
];
const FIRMWARE: Partial<Record<ImageFile, string>> = {
  'bios.bin': '/usr/share/seabios/bios.bin',
  'vgabios.bin': '/usr/share/seabios/vgabios-stdvga.bin',
};

export interface BuildParts {
  readonly recipe: Recipe;
  /** Opens the package source with a folder of its own, which is gone after the build. */
  openSource(folder: string, warn: (message: string) => void, signal: AbortSignal | undefined): Promise<PackageSource>;
  /** Opens a compiler, for a recipe that needs one. */
  openCompiler?: OpenCompiler;
}

const DEBIAN: BuildParts = { recipe: GUEST_RECIPE, openSource: AptPackageSource.open };

/**
 * Gives the Linux guest: from the cache when a sound image of the same recipe is there (without any network), or else
 * built from Debian's packages. Throws `GuestBuildError`, or the signal's reason when it was aborted.
 */
export async function buildGuest(options: GuestOptions = {}): Promise<GuestImage> {
  if (!options.tls) return buildGuestFrom(DEBIAN, options);
  return buildGuestFrom({ ...DEBIAN, recipe: await tlsRecipe(), openCompiler: openDebianCompiler }, options);
}

export async function buildGuestFrom(parts: BuildParts, options: GuestOptions): Promise<GuestImage> {
  const { signal, refresh = false, cacheDir = defaultCacheDir() } = options;
  const report = options.onProgress ?? (() => {});
  signal?.throwIfAborted();
  const cache = new GuestCache(cacheDir, parts.recipe.compiled === undefined ? 'plain' : 'tls');
  const recipe = recipeHash(parts.recipe);
  if (!refresh) {
    report({ stage: 'verify-cache' });
    const cached = await cache.find(recipe, signal);
    if (cached !== undefined) {
      report({ stage: 'done', fromCache: true });
      return cached;
    }
  }

  const folder = await cache.createBuildFolder();
  try {
    const source = await parts.openSource(
      join(folder, 'source'),
      (message) => report({ stage: 'warning', message }),
      signal,
    );
    const packages = await fetchPackages(source, parts.recipe, folder, report, signal);
    const compiled = await compile(parts, folder, report, signal);
    report({ stage: 'pack' });
    const outputs = join(folder, 'outputs');
    const kernelVersion = await packOutputs(join(folder, 'root'), outputs, parts.recipe, compiled);
    signal?.throwIfAborted();
    const image = await cache.publish(outputs, {
      recipe,
      kernelVersion,
      packages: packages.map(({ name, version }) => ({ name, version })),
    });
    report({ stage: 'done', fromCache: false });
    return image;
  } catch (error) {
    throw diskFull(error, cacheDir) ?? error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchPackages(
  source: PackageSource,
  recipe: Recipe,
  folder: string,
  report: (event: GuestProgress) => void,
  signal: AbortSignal | undefined,
): Promise<ResolvedPackage[]> {
  const [archives, root] = [join(folder, 'archives'), join(folder, 'root')];
  await Promise.all([mkdir(archives), mkdir(root)]);

  report({ stage: 'update-index', percent: 0 });
  await source.update((percent) => report({ stage: 'update-index', percent }));
  report({ stage: 'resolve' });
  const packages = await source.resolve(recipe);

  const totalBytes = packages.reduce((sum, { bytes }) => sum + bytes, 0);
  const reportDownload = (percent: number): void =>
    report({ stage: 'download', doneBytes: Math.round((percent / 100) * totalBytes), totalBytes });
  reportDownload(0);
  await source.download(packages, archives, reportDownload);
  reportDownload(100);

  for (const [index, { name, file }] of packages.entries()) {
    signal?.throwIfAborted();
    report({ stage: 'unpack', done: index, total: packages.length, package: name });
    await source.unpack(join(archives, file), root, index === 0 ? KERNEL_PATHS : undefined);
  }
  return packages;
}

/** What the recipe has compiled, by its paths in the guest. */
async function compile(
  parts: BuildParts,
  folder: string,
  report: (event: GuestProgress) => void,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (parts.openCompiler === undefined) return new Map();
  report({ stage: 'compile' });
  const warn = (message: string): void => report({ stage: 'warning', message });
  const compiler = await parts.openCompiler(join(folder, 'compiler'), warn, signal);
  return compileTls(compiler, join(folder, 'root'), join(folder, 'compiled'));
}

/** Writes the image's files, and tells the kernel's version. */
async function packOutputs(
  root: string,
  outputs: string,
  recipe: Recipe,
  compiled: ReadonlyMap<string, Uint8Array>,
): Promise<string> {
  const tree = new PackageTree(root);
  const kernel = (await tree.list('')).find((path) => path.startsWith('/boot/vmlinuz-'));
  if (kernel === undefined) {
    throw new GuestBuildError('content-missing', 'The kernel package holds no /boot/vmlinuz-*.', ['vmlinuz']);
  }
  const write = (name: ImageFile, data: Uint8Array): Promise<void> => writeFile(join(outputs, name), data);
  await mkdir(outputs);
  await write('bzImage', await tree.read(kernel));
  await write('initramfs.cpio.gz', await packInitramfs(tree, recipe, compiled));
  for (const [name, path] of Object.entries(FIRMWARE)) await write(name as ImageFile, await tree.read(path));
  return posix.basename(kernel).replace('vmlinuz-', '');
}
