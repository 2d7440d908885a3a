// By night: Linux 5.10 of Debian 11, by the command that docs/lab.md has for a kernel of one's own. docs/lab-results.md says what it shows.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packCpio } from '../../src/guest/cpio.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { BOOT_MODULE_LIST, MODULE_FOLDER } from '../../src/guest/init.ts';
import { collectModules } from '../../src/guest/modules.ts';
import { GUEST_RECIPE } from '../../src/guest/recipe.ts';
import { PackageTree } from '../../src/guest/tree.ts';
import { unpackedPackages } from '../support/debian.ts';

/** As it is built: npm test and .ci/run build it first. */
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'older-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The options of `lab guest` that name the guest. */
let guest: string[];
beforeAll(async () => {
  const { initrd, bios, vgaBios } = await buildGuest();
  const bare = ['linux-image-686:linux-image-'];
  const root = await unpackedPackages({ suite: 'bullseye', architecture: 'i386', packages: [], bare });
  const tree = new PackageTree(root);
  const kernel = (await tree.list('')).find((path) => basename(path).startsWith('vmlinuz-5.10.'));
  if (kernel === undefined) throw new Error('The package holds no kernel 5.10.');
  const { boot, spare } = await collectModules(tree, GUEST_RECIPE.bootModules, ['virtio_crypto']);
  const inArchive = (path: string, data: Uint8Array) => ({ kind: 'file', path: path.slice(1), data }) as const;
  const own = readFileSync(initrd);
  const archive = packCpio([
    ...[...boot, ...spare].map(({ name, data }) => inArchive(`${MODULE_FOLDER}/${name}.ko`, data)),
    inArchive(BOOT_MODULE_LIST, Buffer.from(`${boot.map(({ name }) => name).join('\n')}\n`)),
  ]);
  // The kernel takes the last file of a name. An archive begins at a multiple of 4, with zeros before it.
  const path = join(folder, 'initramfs');
  writeFileSync(path, Buffer.concat([own, Buffer.alloc(-own.length & 3), archive]));
  guest = ['--kernel', join(root, kernel), '--initrd', path, '--bios', bios, '--vga-bios', vgaBios];
});

/** The results of cells with a split ring, and the exit status. */
async function labGuest(...faults: string[]) {
  const cells = ['--scenario', 'guest-self-test', '--ring', 'split', '--fault', ...faults, '--timeout', '600'];
  const args = [MAIN, 'lab', 'guest', ...guest, ...cells, '--report', 'json'];
  const { status, stdout } = await new Promise<{ status: number; stdout: string }>((resolve) => {
    execFile(process.execPath, args, (error, out) => resolve({ status: error ? Number(error.code) : 0, stdout: out }));
  });
  return { status, results: JSON.parse(stdout).results };
}

test('the self-test of RSA sends keys of version 1 without further primes; that of AES passes, whatever the time of control requests', async () => {
  const { status, results } = await labGuest('none', 'control-late');
  expect(status).toBe(1);
  expect(results).toHaveLength(2);
  for (const result of results) {
    // No oops and no lockup: the driver sleeps while the control queue is late.
    expect(result).toMatchObject({ outcome: 'completed', passed: false, log: [], leaks: { sessions: 0, bytes: 0 } });
    expect(result.violations).toMatchObject([{ rule: 'request:key', section: '5.9.7.2.1', queue: 1 }]);
  }
  expect(results[1].struck).toBe(true);
});
