import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildParts } from '../../src/guest/build.ts';
import type { PackageRequest, PackageSource, ResolvedPackage } from '../../src/guest/packages.ts';
import type { Recipe } from '../../src/guest/recipe.ts';

/** The smallest i386 ELF file that names what the builder asks for: libraries, a loader, or a module's facts. */
export function fakeElf(facts: { needed?: string[]; interpreter?: string; modinfo?: string[] }): Buffer {
  const headerSize = 0x34;
  const names = Buffer.from('\0.shstrtab\0.dynstr\0.dynamic\0.modinfo\0');
  const nameAt = (name: string): number => names.indexOf(`${name}\0`);
  const interpreter = Buffer.from(`${facts.interpreter ?? ''}\0`);
  const needed = facts.needed ?? [];
  const strings = Buffer.from(`\0${needed.map((soname) => `${soname}\0`).join('')}`);
  const dynamic = Buffer.alloc(8 * (needed.length + 1));
  let at = 1;
  for (const [index, soname] of needed.entries()) {
    dynamic.writeUInt32LE(1, index * 8);
    dynamic.writeUInt32LE(at, index * 8 + 4);
    at += soname.length + 1;
  }
  const modinfo = Buffer.from((facts.modinfo ?? []).map((pair) => `${pair}\0`).join(''));
  const bodies = [names, strings, dynamic, modinfo];

  const programHeader = Buffer.alloc(facts.interpreter === undefined ? 0 : 0x20);
  const interpreterAt = headerSize + programHeader.length;
  if (programHeader.length > 0) {
    programHeader.writeUInt32LE(3, 0);
    programHeader.writeUInt32LE(interpreterAt, 4);
  }
  let offset = interpreterAt + interpreter.length;
  const sectionTypes = [3, 3, 6, 1];
  const sectionNames = ['.shstrtab', '.dynstr', '.dynamic', '.modinfo'];
  const headers = [Buffer.alloc(0x28)];
  for (const [index, body] of bodies.entries()) {
    const header = Buffer.alloc(0x28);
    header.writeUInt32LE(nameAt(sectionNames[index] ?? ''), 0);
    header.writeUInt32LE(sectionTypes[index] ?? 0, 4);
    header.writeUInt32LE(offset, 0x10);
    header.writeUInt32LE(body.length, 0x14);
    header.writeUInt32LE(index === 2 ? 2 : 0, 0x18);
    headers.push(header);
    offset += body.length;
  }
  const elf = Buffer.alloc(headerSize);
  elf.write('\x7fELF\x01\x01\x01', 'latin1');
  elf.writeUInt16LE(3, 0x12);
  elf.writeUInt32LE(headerSize, 0x1c);
  elf.writeUInt32LE(offset, 0x20);
  elf.writeUInt16LE(0x20, 0x2a);
  elf.writeUInt16LE(programHeader.length > 0 ? 1 : 0, 0x2c);
  elf.writeUInt16LE(0x28, 0x2e);
  elf.writeUInt16LE(headers.length, 0x30);
  elf.writeUInt16LE(1, 0x32);
  return Buffer.concat([elf, programHeader, interpreter, ...bodies, ...headers]);
}

const MODULES = '/lib/modules/6.1.0-test-686/kernel';

export const FAKE_TREE: Record<string, Buffer | string> = {
  '/boot/vmlinuz-6.1.0-test-686': 'a kernel',
  [`${MODULES}/drivers/virtio/virtio.ko`]: fakeElf({ modinfo: ['depends='] }),
  [`${MODULES}/drivers/virtio/virtio-ring.ko`]: fakeElf({ modinfo: ['license=GPL', 'depends='] }),
  [`${MODULES}/drivers/virtio/virtio_pci.ko`]: fakeElf({ modinfo: ['depends=virtio_ring,virtio'] }),
  [`${MODULES}/crypto/crypto_engine.ko`]: fakeElf({ modinfo: ['depends='] }),
  [`${MODULES}/drivers/crypto/virtio/virtio_crypto.ko`]: fakeElf({ modinfo: ['depends=virtio,crypto_engine'] }),
  '/bin/busybox': fakeElf({}),
  '/usr/bin/tool': fakeElf({ needed: ['libone.so.1'], interpreter: '/lib/ld-linux.so.2' }),
  '/lib/ld-linux.so.2': fakeElf({}),
  '/usr/lib/i386-linux-gnu/libone.so.1': fakeElf({ needed: ['libtwo.so.2'] }),
  '/lib/i386-linux-gnu/libtwo.so.2': fakeElf({ needed: ['libone.so.1'] }),
  '/usr/share/seabios/bios.bin': 'a bios',
  '/usr/share/seabios/vgabios-stdvga.bin': 'a video bios',
};

export const FAKE_RECIPE: Recipe = {
  builderVersion: 1,
  kernelMetaPackage: 'linux-image-test',
  packages: ['tool'],
  barePackages: [],
  programs: ['/bin/busybox', '/usr/bin/tool'],
  applets: ['sh', 'cat'],
  bootModules: ['virtio_pci'],
  spareModules: ['virtio_crypto'],
  scripts: { '/init': '#!/bin/sh\n' },
};

export async function writeTree(root: string, tree: Record<string, Buffer | string>): Promise<void> {
  for (const [path, content] of Object.entries(tree)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** A package source without a network: one package, which holds a whole tree. */
export class FakeSource implements PackageSource {
  readonly tree: Record<string, Buffer | string>;
  /** Called before each step, to fail it, to slow it down, or to count it. */
  readonly onStep: (step: string) => void | Promise<void>;

  constructor(
    tree: Record<string, Buffer | string> = FAKE_TREE,
    onStep: (step: string) => void | Promise<void> = () => {},
  ) {
    this.tree = tree;
    this.onStep = onStep;
  }

  async update(onPercent: (percent: number) => void): Promise<void> {
    await this.onStep('update');
    onPercent(50);
  }

  async resolve(request: PackageRequest): Promise<ResolvedPackage[]> {
    await this.onStep('resolve');
    return [{ name: request.kernelMetaPackage, version: '1', file: 'all.deb', bytes: 1000 }];
  }

  async download(_: readonly ResolvedPackage[], folder: string, onPercent: (percent: number) => void): Promise<void> {
    await this.onStep('download');
    onPercent(50);
    await writeFile(join(folder, 'all.deb'), '');
  }

  async unpack(_: string, root: string): Promise<void> {
    await this.onStep('unpack');
    await writeTree(root, this.tree);
  }

  parts(recipe: Recipe = FAKE_RECIPE): BuildParts {
    return { recipe, openSource: () => Promise.resolve(this) };
  }
}
