import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { defaultCacheDir, GuestCache } from '../../src/guest/cache.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { missingPrograms } from '../../src/guest/process.ts';
import { GUEST_RECIPE, recipeHash } from '../../src/guest/recipe.ts';

const cached = await new GuestCache(defaultCacheDir()).find(recipeHash(GUEST_RECIPE));
const canBuild = (await missingPrograms(['apt-get', 'apt-cache', 'dpkg-deb', 'tar'])).length === 0;

test.skipIf(cached === undefined && !canBuild)(
  "the guest from Debian's packages, from the user's own cache where it is there",
  { timeout: 300_000 },
  async () => {
    const image = await buildGuest();
    expect(image.packages.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        `linux-image-${image.kernelVersion}`,
        'busybox-static',
        'kcapi-tools',
        'libc6',
        'seabios',
      ]),
    );
    // Documentation/x86/boot.rst: the boot sector's mark, and the protocol's magic number at 0x202.
    const kernel = await readFile(image.kernel);
    expect(kernel.readUInt16LE(0x1fe)).toBe(0xaa55);
    expect(kernel.toString('latin1', 0x202, 0x206)).toBe('HdrS');
    expect((await readFile(image.bios)).length).toBe(128 * 1024);
    const archive = gunzipSync(await readFile(image.initrd)).toString('latin1');
    const modules = [
      'virtio_pci',
      'virtio_ring',
      'crypto_engine',
      'virtio_crypto',
      'af_alg',
      'algif_skcipher',
      'tcrypt',
    ];
    for (const name of modules) expect(archive).toContain(`lib/modules/${name}.ko\0`);
    for (const name of ['bin/kcapi-enc', 'lib/libkcapi.so.1', 'lib/libc.so.6', 'lib/ld-linux.so.2']) {
      expect(archive).toContain(`${name}\0`);
    }
  },
);
