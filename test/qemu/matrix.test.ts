// Releases of QEMU with kernels of Debian: each guest's own driver passes its self-tests through the daemon. By night, because each boots a
// guest under TCG.
import {
  constants,
  createCipheriv,
  createHash,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DriverChecker } from '../../src/lab/index.ts';
import { serveVhostUser } from '../../src/vhost-user/index.ts';
import { runWatched } from '../support/watched_process.ts';
import { buildQemuGuest } from './guest.ts';
import { KERNELS, type KernelRelease } from './kernels.ts';
import { debianQemu, QEMUS, type QemuRelease, type Road } from './qemu.ts';

const SIZE = 4096;
const CPU = 'console=ttyS0 quiet mitigations=off tsc=reliable no_timer_check';
/** From 7.x on AF_ALG reaches no driver that is asynchronous or allocates memory. */
const AF_ALG: readonly KernelRelease[] = ['6.1', '6.12'];

/** What each kernel's driver calls its RSA with padding. */
const PADDED: Record<KernelRelease, string> = {
  '6.1': 'pkcs1pad(rsa,sha1)',
  '6.12': 'pkcs1pad(rsa)',
  '7.2': 'pkcs1pad(rsa)',
};

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secret = randomBytes(32);
const digest = createHash('sha256').update('text').digest();
const files = {
  'key.der': privateKey.export({ type: 'pkcs8', format: 'der' }),
  'secret.bin': publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, secret),
  'digest.bin': digest,
};
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const SCRIPT = `
grep -B1 -A6 'driver *: virtio' /proc/crypto | grep -E '^(name|driver|selftest) ' | sed 's/^/guest: /'
af_alg virtio_crypto_aes_cbc ${SIZE} > /run/cipher && echo "guest: AF_ALG $(sha256sum < /run/cipher)"
rsa sign /key.der /digest.bin > /run/signature && echo "guest: signature $(sha256sum < /run/signature)"
rsa decrypt /key.der /secret.bin > /run/secret && echo "guest: secret $(sha256sum < /run/secret)"
rm -f /run/*
sh /guest-esp.sh && ping -c 20 -i 0.2 10.9.0.2 | grep 'packets' | sed 's/^/guest: /'
/bin/ip xfrm state | grep -c 'proto esp' | sed 's/^/guest: states /'
poweroff -f
`;

/** What the guest's program encrypts, encrypted here. */
function encrypted(bytes: number): string {
  const fill = (length: number) => Uint8Array.from({ length }, (_, i) => 7 * i + bytes);
  const cipher = createCipheriv('aes-128-cbc', fill(16), fill(16)).setAutoPadding(false);
  return hashOf(cipher.update(fill(bytes)));
}

/** Boots a guest with the device of a new daemon. Returns what the guest said, and what the daemon counted before the driver went. */
async function boot(folder: string, qemuRelease: QemuRelease, kernelRelease: KernelRelease, road: Road) {
  const esp = await readFile(new URL('../../docs/guest-esp.sh', import.meta.url));
  const qemu = await debianQemu(qemuRelease);
  const guest = await buildQemuGuest(folder, kernelRelease, {
    script: SCRIPT,
    files: { ...files, 'guest-esp.sh': esp },
    network: true,
  });
  const socket = join(folder, 's');
  const checker = new DriverChecker();
  const server = await serveVhostUser({ socket, backend: 'auto', createDevice: checker.createDevice });
  try {
    const { status, output } = await runWatched(
      qemu.program,
      [
        ...qemu.args(socket, road),
        ...['-no-reboot', '-serial', 'stdio', '-kernel', guest.kernel, '-initrd', guest.initrd, '-append', CPU],
      ],
      {
        env: qemu.env,
        progress: () => server.device.statistics().queues.reduce((sum, { requests }) => sum + requests, 0),
      },
    );
    const lines = output.split(/\r?\n/).filter((line) => line.startsWith('guest: '));
    return {
      status,
      output,
      lines: lines.map((line) => line.slice('guest: '.length)),
      statistics: server.device.statistics(),
      violations: checker.violations,
    };
  } finally {
    server.close();
  }
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'matrix-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Algorithms of the driver, with what the kernel says of their self-tests. */
function algorithms(lines: readonly string[]): Record<string, string> {
  const field = (line: string, name: string) => new RegExp(`^${name} *: (.*)$`).exec(line)?.[1];
  const found: Record<string, string> = {};
  let name = '';
  for (const line of lines) {
    name = field(line, 'name') ?? name;
    const tested = field(line, 'selftest');
    // Instances that the kernel is about to make are unknown.
    if (tested !== undefined && tested !== 'unknown') found[name] = tested;
  }
  return found;
}

const KERNEL_RELEASES = Object.keys(KERNELS) as KernelRelease[];
const RUNS = [
  ...(Object.keys(QEMUS) as QemuRelease[]).flatMap((qemu) =>
    KERNEL_RELEASES.map((kernel) => ({ qemu, kernel, road: 'sessions' as const })),
  ),
  ...KERNEL_RELEASES.map((kernel) => ({ qemu: '11.1' as const, kernel, road: 'generic' as const })),
];

describe.each(RUNS)('QEMU $qemu, Linux $kernel, $road', ({ qemu, kernel, road }) => {
  test('self-tests, ciphers, keys, and ESP between two namespaces', { timeout: 1_800_000 }, async () => {
    const { status, output, lines, statistics, violations } = await boot(folder, qemu, kernel, road);
    expect(status, output.slice(-3000)).toBe(0);
    expect(lines.filter((line) => line.includes('cannot'))).toEqual([]);
    expect(lines[0]).toMatch(new RegExp(`^${kernel.replace('.', '\\.')}`));
    expect(lines.filter((line) => line === 'self-test passed')).toHaveLength(1);
    const rsa = road === 'generic';
    expect(algorithms(lines)).toEqual({
      'cbc(aes)': 'passed',
      ...(rsa ? { rsa: 'passed', [PADDED[kernel]]: 'passed' } : {}),
    });
    const results = lines.filter((line) => /^(AF_ALG|signature|secret) /.test(line)).map((line) => line.slice(0, -3));
    expect(results).toEqual([
      ...(AF_ALG.includes(kernel) ? [`AF_ALG ${encrypted(SIZE)}`] : []),
      `signature ${hashOf(sign('sha256', Buffer.from('text'), privateKey))}`,
      `secret ${hashOf(secret)}`,
    ]);
    expect(lines).toContainEqual(expect.stringContaining('20 packets transmitted, 20 packets received'));
    expect(lines).toContain('states 2');
    const { cipher, akcipher } = statistics.services;
    // Ping's requests and answers are sealed and opened: four requests each, beside those of the self-tests.
    expect(cipher.requests).toBeGreaterThan(80 + 50);
    expect(cipher.errors).toMatchObject({ err: 0, badmsg: 0, notsupp: 0, invsess: 0 });
    expect(akcipher.requests > 2).toBe(rsa);
    expect(akcipher.errors).toMatchObject({ err: 0, notsupp: 0, invsess: 0 });
    expect(violations).toEqual([]);
  });
});
