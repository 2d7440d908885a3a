import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AEAD_ENCRYPT, CONFIG_MAX_SIZE } from '../../spec/crypto.ts';
import { buildGuestFrom } from '../../src/guest/build.ts';
import type { Compiler } from '../../src/guest/compiler.ts';
import { GuestBuildError } from '../../src/guest/errors.ts';
import { GUEST_RECIPE, recipeHash } from '../../src/guest/recipe.ts';
import { tlsRecipe } from '../../src/guest/tls.ts';
import { buildTlsGuest } from '../../src/guest/tls_guest.ts';
import { measureTls, measureTransfer, parseTlsSpeed, TLS_ALGORITHMS, TLS_BYTES } from '../../src/guest/tls_speed.ts';
import type { GuestOptions } from '../../src/guest/types.ts';
import { wireHeader } from '../../src/guest/wire_header.ts';
import { FAKE_RECIPE, FakeSource } from './fakes.ts';

let cacheDir = '';
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'guest-cache-'));
});
afterEach(() => rm(cacheDir, { recursive: true, force: true }));

const recipe = { ...FAKE_RECIPE, compiled: 'a hash' };

/** Writes the names of the sources to the file that a compiler would write. */
const compiler: Compiler = async (folder, args) => {
  const out = args[args.indexOf('-o') + 1] ?? '';
  await writeFile(join(folder, out), args.filter((arg) => arg.endsWith('.c')).join(' '));
};

test("the driver's header has the numbers of the specification", () => {
  const header = wireHeader();
  expect(header).toContain(`#define VIRTIO_CRYPTO_AEAD_ENCRYPT ${AEAD_ENCRYPT}u\n`);
  expect(header).toContain(`#define VIRTIO_CRYPTO_CONFIG_MAX_SIZE ${CONFIG_MAX_SIZE}u\n`);
  expect(header).toContain('#define VIRTIO_PCI_PCI_VENDOR_ID 6900u\n');
});

test('the recipe with OpenSSL covers the sources, and is another one than that without', async () => {
  const tls = await tlsRecipe();
  expect(tls.compiled).toMatch(/^[0-9a-f]{64}$/);
  expect(recipeHash(tls)).not.toBe(recipeHash(GUEST_RECIPE));
  expect(await tlsRecipe()).toEqual(tls);
});

test('the initramfs has what was compiled', async () => {
  const parts = { ...new FakeSource().parts(recipe), openCompiler: async () => compiler };
  const archive = gunzipSync(await readFile((await buildGuestFrom(parts, { cacheDir })).initrd)).toString('latin1');
  expect(archive).toContain('lib/virtio-crypto.so\0');
  const provider = ['aead', 'block', 'digest', 'mac', 'original', 'provider', 'thresholds'].map(
    (name) => `openssl/${name}.c`,
  );
  expect(archive).toContain(`${provider.join(' ')} driver/board.c`);
  expect(archive).toContain('bin/vcrypto-selftest\0');
});

test('a cache keeps both guests', async () => {
  const parts = { ...new FakeSource().parts(recipe), openCompiler: async () => compiler };
  const tls = await buildGuestFrom(parts, { cacheDir });
  const plain = await buildGuestFrom(new FakeSource().parts(), { cacheDir });
  expect(plain.initrd).not.toBe(tls.initrd);
  expect(await buildGuestFrom(parts, { cacheDir })).toEqual(tls);
  expect(await buildGuestFrom(new FakeSource().parts(), { cacheDir })).toEqual(plain);
});

test('a compiler that is missing stops the build, and leaves no image', async () => {
  const missing = new GuestBuildError('compiler-missing', 'no compiler');
  const parts = { ...new FakeSource().parts(recipe), openCompiler: () => Promise.reject(missing) };
  await expect(buildGuestFrom(parts, { cacheDir })).rejects.toBe(missing);
  await expect(buildGuestFrom(parts, { cacheDir })).rejects.toBe(missing);
});

describe('a guest with OpenSSL, if that is possible', () => {
  /** Builds from fakes, with this compiler or with this reason to have none. */
  const builder = (found: Compiler | GuestBuildError) => (options: GuestOptions) => {
    const source = new FakeSource();
    if (!options.tls) return buildGuestFrom(source.parts(), options);
    const openCompiler = async () => {
      if (found instanceof GuestBuildError) throw found;
      return found;
    };
    return buildGuestFrom({ ...source.parts(recipe), openCompiler }, options);
  };
  const initramfs = async (path: string) => gunzipSync(await readFile(path)).toString('latin1');

  test('has it where there is a compiler', async () => {
    const { image, tls } = await buildTlsGuest({ cacheDir }, expect.unreachable, builder(compiler));
    expect(tls).toBe(true);
    expect(await initramfs(image.initrd)).toContain('lib/virtio-crypto.so\0');
  });

  test('is the plain one where there is none, and says why', async () => {
    const reasons: string[] = [];
    const missing = new GuestBuildError('compiler-missing', 'no compiler');
    const { image, tls } = await buildTlsGuest({ cacheDir }, (why) => reasons.push(why), builder(missing));
    expect(tls).toBe(false);
    expect(reasons).toEqual(['The guest has no OpenSSL: no compiler']);
    expect(await initramfs(image.initrd)).not.toContain('virtio-crypto.so');
  });

  test('is none where its sources do not compile', async () => {
    const broken = new GuestBuildError('compile-failed', 'a mistake');
    await expect(buildTlsGuest({ cacheDir }, expect.unreachable, builder(broken))).rejects.toBe(broken);
  });
});

test('a line of evp-check gives megabytes a second', () => {
  expect(parseTlsSpeed('speed AES-128-GCM 16384: software 8192.00 us, device 32.77 us\n')).toEqual({
    algorithm: 'AES-128-GCM',
    bytes: 16384,
    softwareMBps: 2,
    deviceMBps: 16384 / 32.77,
  });
  expect(parseTlsSpeed('AES-128-GCM: not in both providers')).toBeUndefined();
});

test('each cipher is measured at each size, and a guest that measures nothing is an error', async () => {
  const run = async (command: string) =>
    command.replace(/^evp-check (speed \S+ \d+).*$/, '$1: software 100.00 us, device 10.00 us');
  expect(await measureTls({ run })).toHaveLength(TLS_ALGORITHMS.length * TLS_BYTES.length);
  await expect(measureTls({ run: async () => 'sh: evp-check: not found' })).rejects.toThrow('evp-check: not found');
});

test('a transfer is measured from start to end, and must be whole', async () => {
  let transfers = 0;
  const run = async (command: string) =>
    command.includes('s_server') ? `transfer from 10.00 to ${++transfers === 1 ? '14.00' : '11.00'}` : '';
  const { softwareMBps, deviceMBps } = await measureTransfer({ run });
  expect(deviceMBps / softwareMBps).toBeCloseTo(4);
  await expect(measureTransfer({ run: async () => 'differ' })).rejects.toThrow('The transfer by TLS failed');
});
