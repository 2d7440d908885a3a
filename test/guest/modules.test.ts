// A module of the user's own in place of Debian's: what the guest loads then, and what is refused before it boots.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { releaseOf, withModules } from '../../src/cli/lab/guest/modules.ts';
import { startMachine, waitForShell } from '../../src/cli/machine.ts';
import { buildGuest, type GuestImage } from '../../src/guest/index.ts';
import { loadDriver, waitForSelftest } from '../../src/guest/selftest.ts';
import { entriesOf } from '../support/newc.ts';
import { MEMORY_MIB } from './booted.ts';

let image: GuestImage;
let folder: string;
/** Debian's own module, unsigned as one that a user has built. */
let module: Buffer;

beforeAll(async () => {
  image = await buildGuest();
  folder = mkdtempSync(join(tmpdir(), 'modules-'));
  module = unsigned(fileIn(gunzipSync(readFileSync(image.initrd)), 'lib/modules/virtio_crypto.ko'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file in an archive. */
function fileIn(archive: Buffer, wanted: string): Buffer {
  return entriesOf(archive).find(({ name }) => name === wanted)?.content ?? expect.unreachable();
}

/** A module without its signature, which fits no other content: a text of 28 bytes, 12 bytes with the length in the last four, and itself. */
function unsigned(signed: Buffer): Buffer {
  const marker = '~Module signature appended~\n';
  const end = signed.length - marker.length;
  expect(signed.toString('latin1', end)).toBe(marker);
  return signed.subarray(0, end - 12 - signed.readUInt32BE(end - 4));
}

/** The module with a text in it replaced by another one of the same length. */
function changed(from: string, to: string): Buffer {
  expect(to).toHaveLength(from.length);
  const at = module.indexOf(from);
  expect(at).toBeGreaterThan(0);
  const copy = Buffer.from(module);
  copy.write(to, at, 'latin1');
  return copy;
}

/** A folder with files in it. */
function folderOf(files: Record<string, Uint8Array>): string {
  const made = mkdtempSync(join(folder, 'built-'));
  for (const [name, data] of Object.entries(files)) writeFileSync(join(made, name), data);
  return made;
}

test('the release that a kernel image names is that of the guest', () => {
  expect(releaseOf(readFileSync(image.kernel))).toBe(image.kernelVersion);
  expect(releaseOf(new Uint8Array(100))).toBeUndefined();
  // Cut off in front of the pointer, which is behind 0x200.
  expect(releaseOf(new Uint8Array(0x208))).toBeUndefined();
});

test('the guest loads the module of the user', async () => {
  const built = folderOf({ 'virtio_crypto.ko': changed('virtio crypto device driver', 'VIRTIO CRYPTO DEVICE DRIVER') });
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  const machine = await startMachine({ files: withModules(image, built, scratch), memoryMiB: MEMORY_MIB, device: {} });
  try {
    await waitForShell(machine);
    const marked = await machine.console.run("grep -c 'VIRTIO CRYPTO DEVICE' /lib/modules/virtio_crypto.ko");
    expect(marked.output.trim()).toBe('1');
    await loadDriver(machine.console);
    expect(await waitForSelftest(machine.console)).toBe('passed');
  } finally {
    await machine.stop();
  }
});

test('a module of another kernel is refused with both releases, and where to build it', () => {
  const [, patch = ''] = /^6\.1\.0-(\d+)-/.exec(image.kernelVersion) ?? [];
  const other = image.kernelVersion.replace(patch, '9'.repeat(patch.length));
  const built = folderOf({ 'virtio_crypto.ko': changed(`vermagic=${image.kernelVersion}`, `vermagic=${other}`) });
  expect(() => withModules(image, built, folder)).toThrow(
    `--modules has virtio_crypto.ko of Linux ${other}, and the guest's kernel is ${image.kernelVersion}: ` +
      `build it against linux-headers-${image.kernelVersion}`,
  );
});

test.each([
  ['a folder that is not there', () => join(folder, 'nowhere'), /there is no such folder\.$/],
  ['a folder without the driver', () => folderOf({ 'other.ko': module }), /has no virtio_crypto\.ko: give the folder/],
  [
    'a file that is no module',
    () => folderOf({ 'virtio_crypto.ko': new Uint8Array(200) }),
    /no kernel module for i386: build it with ARCH=i386/,
  ],
])('%s is refused', (_, make, message) => {
  expect(() => withModules(image, make(), folder)).toThrow(message);
});
