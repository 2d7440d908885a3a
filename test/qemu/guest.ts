// A guest for QEMU from Debian's packages: a stock amd64 kernel, and an initramfs of busybox, modules and programs.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type CpioEntry, packCpio } from '../../src/guest/cpio.ts';
import { PackageTree } from '../../src/guest/tree.ts';
import { unpackedPackages } from '../support/debian.ts';
import { Kernel, type KernelRelease } from './kernels.ts';

const EXECUTABLE = 0o755;
const APPLETS = [
  ...['sh', 'mount', 'insmod', 'rmmod', 'sleep', 'grep', 'sed', 'sha256sum', 'echo', 'cat', 'mkdir', 'ping'],
  ...['poweroff', 'seq', 'uname', 'dmesg', 'tail', 'time'],
];
const DRIVER = 'virtio_crypto';
/** Modules of the guest, as far as they are not built in: the driver's own, RSA keys, and ESP between network namespaces. */
const WITH_DEVICE = [
  ...['virtio_pci', 'algif_skcipher', 'crypto_engine', DRIVER],
  ...[
    'pkcs8_key_parser',
    'esp4',
    'xfrm_user',
    'xfrm_algo',
    'authenc',
    'echainiv',
    'seqiv',
    'hmac',
    'sha256_generic',
    'jitterentropy_rng',
    'sha512_generic',
    'drbg',
    'veth',
  ],
];
const PROGRAMS = ['af_alg.c', 'af_alg_speed.c', 'rsa.c'];

/** Process 1 up to the tests. Each line that the host looks for begins with "guest:". */
const INIT = `#!/bin/sh
mount -t devtmpfs devtmpfs /dev
exec 0</dev/ttyS0 1>/dev/ttyS0 2>&1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
echo 1 > /proc/sys/kernel/printk
echo > /proc/sys/kernel/modprobe
while read -r module; do insmod /modules/$module.ko || echo "guest: cannot load $module"; done < /modules/list
echo "guest: $(uname -r)"
`;
const LOAD = `
load() {
  insmod /modules/${DRIVER}.ko || echo 'guest: cannot load ${DRIVER}'
  until grep -A9 'virtio_crypto_aes_cbc' /proc/crypto | grep -q 'selftest *: passed'; do sleep 0.1; done
  echo 'guest: self-test passed'
}
load
`;

/** What a guest has beside its kernel. */
export interface GuestParts {
  /** Shell commands that run when the modules are loaded and the driver has passed its self-test. load is the function that loads it. */
  script: string;
  /** Modules, as far as they are not built in. Default: the driver's and what its tests need. Without the driver nothing waits for it. */
  modules?: readonly string[];
  /** Programs in C of this folder. Default: those for ciphers and keys. */
  programs?: readonly string[];
  /** More files, by their path from the root. */
  files?: Record<string, Uint8Array>;
  /** Whether the guest has iproute2. */
  network?: boolean;
}

/** Makes a guest: the kernel's and the initramfs's files in `folder`. */
export async function buildQemuGuest(
  folder: string,
  release: KernelRelease,
  { script, files = {}, network = false, modules: wanted = WITH_DEVICE, programs = PROGRAMS }: GuestParts,
): Promise<{ kernel: string; initrd: string }> {
  const kernel = await Kernel.unpack(release);
  const modules = await kernel.modules(wanted);
  const boot = [...modules.keys()].filter((name) => name !== DRIVER);
  const file = (path: string, data: Uint8Array, mode = EXECUTABLE): CpioEntry => ({ kind: 'file', path, data, mode });
  const folders = ['bin', 'dev', 'proc', 'sys', 'run', 'modules', 'lib', 'lib/x86_64-linux-gnu', 'lib64'];
  const archive = packCpio([
    ...folders.map((path): CpioEntry => ({ kind: 'directory', path })),
    file('bin/busybox', (await kernel.tree.find('/bin/busybox')) ?? (await kernel.tree.read('/usr/bin/busybox'))),
    ...APPLETS.map((name): CpioEntry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
    ...(await Promise.all(
      programs.map(async (source) => file(`bin/${basename(source, '.c')}`, await compiled(folder, source))),
    )),
    ...[...modules].map(([name, data]) => file(`modules/${name}.ko`, data, 0o644)),
    file('modules/list', Buffer.from(boot.map((name) => `${name}\n`).join('')), 0o644),
    ...(network ? await iproute(file) : []),
    ...Object.entries(files).map(([path, data]) => file(path, data)),
    file('init', Buffer.from(INIT + (wanted.includes(DRIVER) ? LOAD : '') + script)),
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
  ]);
  const initrd = join(folder, `initramfs-${release}.cpio.gz`);
  await writeFile(initrd, await promisify(gzip)(archive, { level: 1 }));
  return { kernel: kernel.image, initrd };
}

async function compiled(folder: string, source: string): Promise<Uint8Array> {
  const program = join(folder, basename(source, '.c'));
  const path = fileURLToPath(new URL(source, import.meta.url));
  await promisify(execFile)('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-static', '-o', program, path]);
  return readFile(program);
}

/** The program ip, with its libraries. */
async function iproute(file: (path: string, data: Uint8Array) => CpioEntry): Promise<CpioEntry[]> {
  const root = await unpackedPackages({ suite: 'bookworm', packages: ['iproute2'] });
  const loader = join(root, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
  const paths = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'].map((path) => join(root, path)).join(':');
  const { stdout } = await promisify(execFile)(loader, ['--library-path', paths, '--list', join(root, 'bin/ip')]);
  const libraries = [...stdout.matchAll(/=> (\S+) \(/g)].flatMap(([, path]) => path ?? []);
  const tree = new PackageTree(root);
  return [
    file('bin/ip', await tree.read('/bin/ip')),
    file('lib64/ld-linux-x86-64.so.2', await readFile(loader)),
    ...(await Promise.all(
      libraries.map(async (path) => file(`lib/x86_64-linux-gnu/${basename(path)}`, await readFile(path))),
    )),
  ];
}
