import { mkdtemp, readdir, readFile, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildGuestFrom } from '../../src/guest/build.ts';
import { defaultCacheDir } from '../../src/guest/cache.ts';
import { GuestBuildError } from '../../src/guest/errors.ts';
import { buildGuest, type GuestProgress } from '../../src/guest/index.ts';
import { GUEST_RECIPE } from '../../src/guest/recipe.ts';
import { FAKE_RECIPE, FAKE_TREE, FakeSource } from './fakes.ts';

let cacheDir = '';
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'guest-cache-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cacheDir, { recursive: true, force: true });
});

/** A source whose every use would be a mistake: what a valid cache must not need. */
const offline = new FakeSource(FAKE_TREE, (step) => {
  throw new Error(`no network: ${step}`);
});

const build = (source = new FakeSource(), recipe = FAKE_RECIPE, more = {}) =>
  buildGuestFrom(source.parts(recipe), { cacheDir, ...more });

test('a first build gives files, versions and progress; a second comes from the cache without any source', async () => {
  const events: GuestProgress[] = [];
  const image = await build(new FakeSource(), FAKE_RECIPE, {
    onProgress: (event: GuestProgress) => events.push(event),
  });
  expect(image).toMatchObject({
    kernelVersion: '6.1.0-test-686',
    packages: [{ name: 'linux-image-test', version: '1' }],
  });
  expect(await readFile(image.kernel, 'utf8')).toBe('a kernel');
  expect(await readFile(image.bios, 'utf8')).toBe('a bios');
  expect(await readFile(image.vgaBios, 'utf8')).toBe('a video bios');
  expect(events.map(({ stage }) => stage).filter((stage, index, all) => stage !== all[index - 1])).toEqual([
    ...['verify-cache', 'update-index', 'resolve', 'download', 'unpack', 'pack', 'done'],
  ]);
  expect(events).toContainEqual({ stage: 'download', doneBytes: 500, totalBytes: 1000 });
  expect(await build(offline)).toEqual(image);
});

test('the initramfs holds programs, libraries, links, modules in loading order and the console', async () => {
  const image = await build();
  const archive = gunzipSync(await readFile(image.initrd)).toString('latin1');
  for (const path of [
    'bin/busybox',
    'bin/sh',
    'bin/tool',
    'lib/libtwo.so.2',
    'lib/modules/virtio_crypto.ko',
    'dev/console',
    'init',
  ]) {
    expect(archive).toContain(`${path}\0`);
  }
  expect(archive).toContain('virtio_ring\nvirtio\nvirtio_pci\ncrypto_engine\n');
});

test('equal packages make equal images', async () => {
  const first = await readFile((await build()).initrd);
  const second = await readFile((await build(new FakeSource(), FAKE_RECIPE, { refresh: true })).initrd);
  expect(second.equals(first)).toBe(true);
});

test.each(['kernel', 'initrd', 'bios', 'vgaBios'] as const)('a flipped byte in the %s is noticed', async (file) => {
  const damaged = await build();
  const bytes = await readFile(damaged[file]);
  bytes.writeUInt8(bytes.readUInt8(1) ^ 1, 1);
  await writeFile(damaged[file], bytes);
  await expect(build(offline)).rejects.toThrow('no network: update');
  const sound = await build();
  expect(await build(offline)).toEqual(sound);
});

test('a missing file, a damaged manifest and a changed recipe each make a new image', async () => {
  await unlink((await build()).bios);
  await expect(build(offline)).rejects.toThrow('no network');
  await build();
  await writeFile(join(cacheDir, 'current.json'), '{"recipe":');
  await expect(build(offline)).rejects.toThrow('no network');
  await build();
  const changed = { ...FAKE_RECIPE, scripts: { '/init': '#!/bin/sh\nexit\n' } };
  await expect(build(offline, changed)).rejects.toThrow('no network');
  await build(new FakeSource(), changed);
  expect(await build(offline, changed)).toMatchObject({ kernelVersion: '6.1.0-test-686' });
});

test('a manifest cannot point outside the cache', async () => {
  await build();
  const path = join(cacheDir, 'current.json');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/"image-[^"]*"/, '"../elsewhere"'));
  await expect(build(offline)).rejects.toThrow('no network');
});

test('builders at the same time do not disturb each other', async () => {
  const images = await Promise.all(Array.from({ length: 4 }, () => build()));
  const contents = await Promise.all(images.map(({ initrd }) => readFile(initrd)));
  for (const content of contents) expect(content.equals(contents[0] ?? Buffer.alloc(0))).toBe(true);
  expect(images).toContainEqual(await build(offline));
});

test.each(['update', 'resolve', 'download', 'unpack'])('an abort during %s leaves nothing behind', async (step) => {
  const stop = new AbortController();
  const source = new FakeSource(FAKE_TREE, (at) => {
    if (at !== step) return;
    stop.abort(new Error('enough'));
    stop.signal.throwIfAborted();
  });
  await expect(build(source, FAKE_RECIPE, { signal: stop.signal })).rejects.toThrow('enough');
  expect(await readdir(cacheDir)).toEqual([]);
});

test('a build that failed keeps the old image', async () => {
  const image = await build();
  const broken = new FakeSource({ ...FAKE_TREE, '/boot/vmlinuz-6.1.0-test-686': '', '/usr/bin/tool': '' }, (step) => {
    if (step === 'unpack') throw new GuestBuildError('unpack-failed', 'no room');
  });
  await expect(build(broken, FAKE_RECIPE, { refresh: true })).rejects.toThrow('no room');
  expect(await build(offline)).toEqual(image);
});

test('what an old build left behind is removed, what a new one works in is not', async () => {
  const first = await build();
  const old = join(first.kernel, '..');
  await utimes(old, 0, 0);
  await build(new FakeSource(), FAKE_RECIPE, { refresh: true });
  const second = await build(new FakeSource(), FAKE_RECIPE, { refresh: true });
  const images = (await readdir(cacheDir)).filter((name) => name.startsWith('image-'));
  expect(images).toHaveLength(2);
  expect(images.map((name) => join(cacheDir, name))).not.toContain(old);
  expect(images.map((name) => join(cacheDir, name))).toContain(join(second.kernel, '..'));
});

test('without apt the error names what is missing and how to do without', async () => {
  vi.stubEnv('PATH', '');
  const failure = await buildGuest({ cacheDir }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(GuestBuildError);
  expect(failure).toMatchObject({ reason: 'tools-missing', missing: ['apt-get', 'apt-cache', 'dpkg-deb', 'tar'] });
  expect(String(failure)).toMatch(/--kernel <bzImage>.*--initrd <initramfs>.*virtio_crypto.*--bios/s);
  expect(await readdir(cacheDir)).toEqual([]);
});

test('a cache folder that cannot be made is named', async () => {
  const file = join(cacheDir, 'file');
  await writeFile(file, '');
  await expect(build(new FakeSource(), FAKE_RECIPE, { cacheDir: join(file, 'below') })).rejects.toMatchObject({
    reason: 'cache-unwritable',
  });
});

test.skipIf(process.platform !== 'linux')(
  'so is one in a file system that has no place for it, below two others',
  async () => {
    await expect(build(new FakeSource(), FAKE_RECIPE, { cacheDir: '/proc/no/folder' })).rejects.toMatchObject({
      reason: 'cache-unwritable',
    });
  },
);

test('a cache is made in a folder that is not there yet', async () => {
  const image = await build(new FakeSource(), FAKE_RECIPE, { cacheDir: join(cacheDir, 'not', 'there') });
  expect(image.kernel).toContain(join(cacheDir, 'not', 'there'));
});

test('the cache stands where the XDG specification says', () => {
  vi.stubEnv('XDG_CACHE_HOME', '/somewhere');
  expect(defaultCacheDir()).toBe('/somewhere/virtio-crypto-wasm/guest');
  vi.stubEnv('XDG_CACHE_HOME', 'relative');
  expect(defaultCacheDir()).toMatch(/\/\.cache\/virtio-crypto-wasm\/guest$/);
});

test('the kernel tests its drivers, and tcrypt can load nothing but cbc', async () => {
  const { KERNEL_COMMAND_LINE } = await import('../../src/guest/index.ts');
  expect(KERNEL_COMMAND_LINE).not.toContain('notests');
  const modules = [...GUEST_RECIPE.bootModules, ...GUEST_RECIPE.spareModules];
  for (const template of ['ecb', 'ctr', 'xts', 'lrw', 'cts']) expect(modules).not.toContain(template);
});
