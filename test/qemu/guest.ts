// A guest for QEMU from Debian's packages: a stock amd64 kernel, and an initramfs of busybox, the modules, and a program for AF_ALG.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type CpioEntry, packCpio } from '../../src/guest/cpio.ts';
import { PackageTree } from '../../src/guest/tree.ts';
import { unpackedPackages } from '../support/debian.ts';

const EXECUTABLE = 0o755;
const APPLETS = [
  'sh',
  'mount',
  'insmod',
  'rmmod',
  'sleep',
  'grep',
  'sha256sum',
  'echo',
  'cat',
  'poweroff',
  'seq',
  'uname',
  'dmesg',
  'tail',
];

/** Bytes of the requests whose results are compared. */
export const SIZES = [16, 64, 256, 1024, 4096, 16384, 65536];
/** How often the driver is removed and loaded again in a boot. */
export const RELOADS = 10;

/** What the guest says at its first boot, and at the second one, after which it shuts down. */
export const DONE = 'guest: all done';

/** Process 1. Each line that the host looks for begins with "guest:". */
const INIT = `#!/bin/sh
mount -t devtmpfs devtmpfs /dev
exec 0</dev/ttyS0 1>/dev/ttyS0 2>&1
mount -t proc proc /proc
echo 1 > /proc/sys/kernel/printk
echo > /proc/sys/kernel/modprobe
while read -r module; do insmod /modules/$module.ko || echo "guest: cannot load $module"; done < /modules/list
echo "guest: $(uname -r)"
load() {
  insmod /modules/virtio_crypto.ko || echo 'guest: cannot load virtio_crypto'
  until grep -A9 'virtio_crypto_aes_cbc' /proc/crypto | grep -q 'selftest *: passed'; do sleep 0.1; done
  echo 'guest: self-test passed'
}
load
for bytes in ${SIZES.join(' ')}; do echo "guest: $bytes $(af_alg virtio_crypto_aes_cbc $bytes | sha256sum)"; done
for i in $(seq ${RELOADS}); do rmmod virtio_crypto && load; done
echo "guest: 16 $(af_alg virtio_crypto_aes_cbc 16 | sha256sum)"
echo '${DONE}'
read -r answer
poweroff -f
`;

/** The kernel's and the initramfs's files in `folder`. */
export async function buildQemuGuest(folder: string): Promise<{ kernel: string; initrd: string }> {
  const root = await unpackedPackages({
    suite: 'bookworm',
    packages: [],
    bare: ['linux-image-amd64:linux-image-', 'busybox-static'],
  });
  const tree = new PackageTree(root);
  const [kernel] = (await tree.list('')).filter((path) => path.startsWith('/boot/vmlinuz-'));
  if (kernel === undefined) throw new Error('The kernel package holds no /boot/vmlinuz-*.');
  const program = join(folder, 'af_alg');
  const source = fileURLToPath(new URL('af_alg.c', import.meta.url));
  await promisify(execFile)('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-static', '-o', program, source]);
  const modules = await modulesOf(tree, ['virtio_pci', 'algif_skcipher', 'crypto_engine', 'virtio_crypto']);
  const boot = [...modules.keys()].filter((name) => name !== 'virtio_crypto');
  const file = (path: string, data: Uint8Array, mode = EXECUTABLE): CpioEntry => ({ kind: 'file', path, data, mode });
  const archive = packCpio([
    ...['bin', 'dev', 'proc', 'modules'].map((path): CpioEntry => ({ kind: 'directory', path })),
    file('bin/busybox', await tree.read('/bin/busybox')),
    ...APPLETS.map((name): CpioEntry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
    file('bin/af_alg', await readFile(program)),
    ...[...modules].map(([name, data]) => file(`modules/${name}.ko`, data, 0o644)),
    file('modules/list', Buffer.from(boot.map((name) => `${name}\n`).join('')), 0o644),
    file('init', Buffer.from(INIT)),
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
  ]);
  const initrd = join(folder, 'initramfs.cpio.gz');
  await writeFile(initrd, await promisify(gzip)(archive, { level: 1 }));
  return { kernel: join(root, kernel), initrd };
}

/** Modules with all that they depend on, in an order in which they can be loaded. */
async function modulesOf(tree: PackageTree, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  const nameOf = (path: string) => basename(path, '.ko').replaceAll('-', '_');
  const paths = new Map((await tree.list('.ko')).map((path) => [nameOf(path), path]));
  const found = new Map<string, Uint8Array>();
  const visit = async (name: string): Promise<void> => {
    if (found.has(name)) return;
    const data = await tree.read(paths.get(name) ?? `/lib/modules/${name}.ko`);
    const [, depends = ''] = /\0depends=([^\0]*)\0/.exec(Buffer.from(data).toString('latin1')) ?? [];
    for (const dependency of depends.split(',').filter((one) => one !== '')) await visit(nameOf(dependency));
    found.set(name, data);
  };
  for (const name of names) await visit(name);
  return found;
}
