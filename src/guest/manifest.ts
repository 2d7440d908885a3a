import type { PackageVersion } from './types.ts';

export const IMAGE_FILES = ['bzImage', 'initramfs.cpio.gz', 'bios.bin', 'vgabios.bin'] as const;
export type ImageFile = (typeof IMAGE_FILES)[number];

/** What the cache says of the image in use. */
export interface Manifest {
  /** Hash of the recipe that the image was made by. */
  readonly recipe: string;
  /** The folder of the image, within the cache. */
  readonly folder: string;
  readonly kernelVersion: string;
  readonly packages: readonly PackageVersion[];
  /** SHA-256 of each file. */
  readonly files: Readonly<Record<ImageFile, string>>;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown, name: string, pattern = /./): string {
  const found = property(value, name);
  if (typeof found !== 'string' || !pattern.test(found)) throw new TypeError(`manifest: ${name}`);
  return found;
}

function packages(value: unknown): PackageVersion[] {
  const list = property(value, 'packages');
  if (!Array.isArray(list)) throw new TypeError('manifest: packages');
  return list.map((entry: unknown) => ({ name: text(entry, 'name'), version: text(entry, 'version') }));
}

/** Reads a manifest; `undefined` when it is damaged or of another make, which is no error: the image is built anew. */
export function parseManifest(json: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const files = property(value, 'files');
    const hash = (name: ImageFile): string => text(files, name, /^[0-9a-f]{64}$/);
    return {
      recipe: text(value, 'recipe'),
      // A name, never a path: what stands here is read and later removed.
      folder: text(value, 'folder', /^image-[0-9a-f-]+$/),
      kernelVersion: text(value, 'kernelVersion'),
      packages: packages(value),
      files: {
        bzImage: hash('bzImage'),
        'initramfs.cpio.gz': hash('initramfs.cpio.gz'),
        'bios.bin': hash('bios.bin'),
        'vgabios.bin': hash('vgabios.bin'),
      },
    };
  } catch {
    return undefined;
  }
}
