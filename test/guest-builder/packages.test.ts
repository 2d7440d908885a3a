import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDependencyNames, parsePrintedUris, parseStatusPercent } from '../../src/guest/apt.ts';
import { readElf } from '../../src/guest/elf.ts';
import { collectModules } from '../../src/guest/modules.ts';
import { PackageTree, parentFolders } from '../../src/guest/tree.ts';
import { FAKE_TREE, fakeElf, writeTree } from './fakes.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'guest-tree-'));
  await writeTree(root, FAKE_TREE);
});
afterAll(() => rm(root, { recursive: true, force: true }));

test('apt: the printed archives give name, version without escapes, file and size', () => {
  const printed =
    "Get:1 something\n'http://mirror/pool/b/busybox-static_1.35.0-4%2bdeb12u1%2bb1_i386.deb' " +
    'busybox-static_1%3a1.35.0-4+deb12u1+b1_i386.deb 958344 SHA256:abc\n' +
    "'http://mirror/s/seabios_1.16.2-1_all.deb' seabios_1.16.2-1_all.deb 162656 SHA256:def\n";
  expect(parsePrintedUris(printed)).toEqual([
    {
      name: 'busybox-static',
      version: '1:1.35.0-4+deb12u1+b1',
      file: 'busybox-static_1%3a1.35.0-4+deb12u1+b1_i386.deb',
      bytes: 958344,
    },
    { name: 'seabios', version: '1.16.2-1', file: 'seabios_1.16.2-1_all.deb', bytes: 162656 },
  ]);
});

test('apt: the closure is what stands at the left margin, each name once', () => {
  const text =
    'kcapi-tools\n  Depends: libc6\n |Depends: libkcapi1\nlibc6\n  Depends: libgcc-s1\n<virtual>\nlibgcc-s1:i386\nlibc6\n';
  expect(parseDependencyNames(text)).toEqual(['kcapi-tools', 'libc6', 'libgcc-s1']);
});

test('apt: a status line tells how far a download is', () => {
  expect(parseStatusPercent('dlstatus:2:87.1548:Retrieving file 2 of 2')).toBeCloseTo(87.1548);
  expect(parseStatusPercent('pmstatus:libc6:50:Unpacking')).toBeUndefined();
});

test('ELF: a program names its loader and libraries, a module what it depends on', () => {
  const facts = readElf(fakeElf({ needed: ['libc.so.6', 'libkcapi.so.1'], interpreter: '/lib/ld-linux.so.2' }));
  expect(facts).toMatchObject({ interpreter: '/lib/ld-linux.so.2', needed: ['libc.so.6', 'libkcapi.so.1'] });
  expect(readElf(fakeElf({ modinfo: ['depends=af_alg'] }))?.modinfo.get('depends')).toBe('af_alg');
});

test('ELF: a script and a file for another processor are no i386 program', () => {
  expect(readElf(Buffer.from('#!/bin/sh\nexit 0\n'.padEnd(200)))).toBeUndefined();
  const amd64 = fakeElf({});
  amd64.writeUInt16LE(62, 0x12);
  expect(readElf(amd64)).toBeUndefined();
});

test('modules: each is loaded after what it depends on; a spare one brings its dependencies to the boot', async () => {
  const { boot, spare } = await collectModules(new PackageTree(root), ['virtio_pci'], ['virtio_crypto']);
  expect(boot.map(({ name }) => name)).toEqual(['virtio_ring', 'virtio', 'virtio_pci', 'crypto_engine']);
  expect(spare.map(({ name }) => name)).toEqual(['virtio_crypto']);
});

test('modules: one that the kernel package lacks is named', async () => {
  await expect(collectModules(new PackageTree(root), ['virtio_mmio'], [])).rejects.toMatchObject({
    name: 'GuestBuildError',
    reason: 'content-missing',
    missing: ['virtio_mmio'],
  });
});

test('libraries: found through each other, once, even in a circle', async () => {
  const tree = new PackageTree(root);
  const libraries = await tree.libraries([await tree.read('/usr/bin/tool')]);
  expect([...libraries.keys()]).toEqual(['/lib/ld-linux.so.2', '/lib/libone.so.1', '/lib/libtwo.so.2']);
});

test("links: an absolute one points within the tree, never to the host's files", async () => {
  await symlink('/usr/share/seabios/bios.bin', join(root, 'absolute'));
  await symlink('/etc/passwd', join(root, 'host'));
  await symlink('loop', join(root, 'loop'));
  const tree = new PackageTree(root);
  expect(Buffer.from(await tree.read('/absolute')).toString()).toBe('a bios');
  expect(await tree.find('/host')).toBeUndefined();
  expect(await tree.find('/loop')).toBeUndefined();
});

test('folders on the way to a path, outermost first', () => {
  expect(parentFolders('/lib/modules/x.ko')).toEqual(['/lib', '/lib/modules']);
  expect(parentFolders('/init')).toEqual([]);
});
