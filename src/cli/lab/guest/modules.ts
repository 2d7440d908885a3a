import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packCpio } from '../../../guest/cpio.ts';
import { readElf } from '../../../guest/elf.ts';
import { MODULE_FOLDER } from '../../../guest/init.ts';
import { SelectionError } from '../../../lab/index.ts';
import type { MachineFiles } from '../../machine.ts';

const DRIVER = 'virtio_crypto.ko';
/** Where a bzImage says which kernel it is: the offset of a text, counted from 0x200 (the kernel's boot protocol). */
const VERSION_POINTER = 0x20e;
const VERSION_BASE = 0x200;
const VERSION_BYTES_MAX = 256;

/** A module that was built by the user, under its name in the guest. */
interface BuiltModule {
  name: string;
  data: Uint8Array;
}

/**
 * The modules in a folder.
 * @throws SelectionError that names the remedy: no folder, no virtio_crypto.ko in it, or a file that is no module for i386
 */
function modulesIn(folder: string): (BuiltModule & { release: string })[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.ko'));
  } catch {
    throw new SelectionError(`--modules is ${folder}: there is no such folder.`);
  }
  if (!names.includes(DRIVER)) {
    throw new SelectionError(`--modules is ${folder}, which has no ${DRIVER}: give the folder of a built module.`);
  }
  return names.map((name) => {
    const data = new Uint8Array(readFileSync(join(folder, name)));
    // vermagic: the release, and then what the kernel was built with.
    const [release = ''] = (readElf(data)?.modinfo.get('vermagic') ?? '').split(' ');
    if (release === '') {
      throw new SelectionError(
        `--modules has ${name}, which is no kernel module for i386: build it with ARCH=i386 against the headers of the guest's kernel.`,
      );
    }
    return { name, data, release };
  });
}

/** The release of a bzImage, as `uname -r` prints it; undefined if the image does not say. */
export function releaseOf(kernel: Uint8Array): string | undefined {
  if (kernel.length < VERSION_POINTER + 2) return undefined;
  const at = new DataView(kernel.buffer, kernel.byteOffset).getUint16(VERSION_POINTER, true);
  if (at === 0 || at + VERSION_BASE >= kernel.length) return undefined;
  const text = Buffer.from(kernel.subarray(at + VERSION_BASE, at + VERSION_BASE + VERSION_BYTES_MAX)).toString(
    'latin1',
  );
  return /^[^\s\0]+/.exec(text)?.[0];
}

/**
 * Puts modules in place of those that the guest has: an archive behind its initramfs, of which the kernel takes the last file of a name.
 * @param folder of the built modules, with virtio_crypto.ko
 * @param scratch a folder for the new initramfs
 * @throws SelectionError for a folder without modules, and for a module of another kernel
 */
export function withModules(files: MachineFiles, folder: string, scratch: string): MachineFiles {
  const modules = modulesIn(folder);
  const release = releaseOf(new Uint8Array(readFileSync(files.kernel)));
  const other = modules.find((module) => module.release !== release);
  if (other) {
    throw new SelectionError(
      `--modules has ${other.name} of Linux ${other.release}, and the guest's kernel is ${release ?? 'unknown'}: ` +
        `build it against linux-headers-${release ?? 'of that kernel'}, or name its kernel with --kernel and --initrd.`,
    );
  }
  const entries = modules.map(({ name, data }) => ({
    ...({ kind: 'file', data } as const),
    path: `${MODULE_FOLDER.slice(1)}/${basename(name)}`,
  }));
  const initrd = join(scratch, 'initramfs.cpio.gz');
  const own = readFileSync(files.initrd);
  // An archive begins at a multiple of 4, with zeros before it.
  const padding = Buffer.alloc(-own.length & 3);
  writeFileSync(initrd, Buffer.concat([own, padding, packCpio(entries)]));
  return { ...files, initrd };
}
