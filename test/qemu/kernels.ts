// Debian's amd64 kernels, and what of them goes into a guest.
import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { PackageTree } from '../../src/guest/tree.ts';
import { unpackedPackages } from '../support/debian.ts';

const SINCE_7 = 'linux-image-amd64:linux-image-:';
/** Kernels, with the packages that have them. From 7.x on kernel and modules have packages of their own. */
export const KERNELS = {
  '6.1': { suite: 'bookworm', bare: ['linux-image-amd64:linux-image-', 'busybox-static'] },
  '6.12': { suite: 'trixie', bare: ['linux-image-amd64:linux-image-', 'busybox-static'] },
  '7.2': { suite: 'sid', bare: [`${SINCE_7}linux-binary-`, `${SINCE_7}linux-modules-`, 'busybox-static'] },
} as const;
export type KernelRelease = keyof typeof KERNELS;

/** The release that a text names. @throws Error if there is none */
export function kernelRelease(text: string): KernelRelease {
  const found = Object.keys(KERNELS).find((release): release is KernelRelease => release === text);
  if (found === undefined) throw new Error(`There is no kernel ${text}: ${Object.keys(KERNELS).join(', ')}.`);
  return found;
}

const MODULE = /\.ko(\.xz)?$/;
const nameOf = (path: string) => basename(path).replace(MODULE, '').replaceAll('-', '_');

/** An unpacked kernel. */
export class Kernel {
  readonly tree: PackageTree;
  /** The kernel's own file on the host. */
  readonly image: string;
  readonly #root: string;
  readonly #modules: ReadonlyMap<string, string>;

  private constructor(root: string, image: string, modules: readonly string[]) {
    this.tree = new PackageTree(root);
    this.image = join(root, image);
    this.#root = root;
    this.#modules = new Map(modules.map((path) => [nameOf(path), path]));
  }

  static async unpack(release: KernelRelease): Promise<Kernel> {
    const root = await unpackedPackages({ ...KERNELS[release], packages: [] });
    const files = await new PackageTree(root).list('');
    const image = files.find((path) => basename(path).startsWith('vmlinuz'));
    if (image === undefined) throw new Error(`The packages of Linux ${release} hold no vmlinuz.`);
    return new Kernel(
      root,
      image,
      files.filter((path) => MODULE.test(path)),
    );
  }

  /** Modules with all that they depend on, in an order in which they can be loaded. A name that the kernel has built in is left out. */
  async modules(names: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const visit = async (name: string): Promise<void> => {
      const path = this.#modules.get(name);
      if (found.has(name) || path === undefined) return;
      const data = await this.#read(path);
      const [, depends = ''] = /\0depends=([^\0]*)\0/.exec(Buffer.from(data).toString('latin1')) ?? [];
      for (const dependency of depends.split(',').filter((one) => one !== ''))
        await visit(dependency.replaceAll('-', '_'));
      found.set(name, data);
    };
    for (const name of names) await visit(name);
    return found;
  }

  async #read(path: string): Promise<Uint8Array> {
    if (!path.endsWith('.xz')) return this.tree.read(path);
    const options = { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 } as const;
    const { stdout } = await promisify(execFile)('xz', ['--decompress', '--stdout', join(this.#root, path)], options);
    return stdout;
  }
}
