// A guest of the user's own that lacks what the lab needs: Debian's kernel, with an initramfs from which files were cut out.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { buildGuest } from '../../src/guest/index.ts';
import { entriesOf } from '../support/newc.ts';

/** As it is built: npm test and .ci/run build it first. */
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'needs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An initramfs without some of its files. */
function without(initrd: string, names: readonly string[]): string {
  const archive = gunzipSync(readFileSync(initrd));
  const entries = entriesOf(archive);
  const cut = entries.filter(({ name }) => names.includes(name));
  expect(cut.map(({ name }) => name).sort()).toEqual([...names].sort());
  const kept = entries.filter(({ name }) => !names.includes(name)).map(({ from, to }) => archive.subarray(from, to));
  const path = join(folder, 'initramfs.gz');
  writeFileSync(path, gzipSync(Buffer.concat(kept)));
  return path;
}

function labGuest(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const cell = ['--scenario', 'guest-self-test', '--ring', 'split', '--report', 'json'];
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'lab', 'guest', ...cell, ...args], (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test('a guest without the driver, without virtio_pci and without kcapi-enc: the error names each with its remedy', async () => {
  const { kernel, initrd, bios, vgaBios } = await buildGuest();
  const cut = ['lib/modules/virtio_crypto.ko', 'lib/modules/virtio_pci.ko', 'bin/kcapi-enc'];
  const files = ['--kernel', kernel, '--initrd', without(initrd, cut), '--bios', bios, '--vga-bios', vgaBios];
  const { status, stdout, stderr } = await labGuest(...files);
  const lines = stderr.slice(stderr.indexOf('error: ')).split('\n');
  expect(lines[0]).toBe('error: --kernel and --initrd name a guest in which no driver can be tested. It lacks');
  expect(lines[1]).toMatch(/^ {4}- the driver, virtio_crypto: put virtio_crypto\.ko .* CONFIG_CRYPTO_DEV_VIRTIO=y$/);
  expect(lines[2]).toMatch(/^ {4}- virtio_pci, .* CONFIG_VIRTIO_PCI=y$/);
  expect(lines[3]).toMatch(/^ {4}- kcapi-enc, /);
  expect(lines[4]).toBe('docs/guests.md has the steps.');
  expect(status).toBe(2);
  expect(stdout).toBe('');
});
