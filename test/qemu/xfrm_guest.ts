// A Linux guest whose xfrm takes and makes packets. It boots once: all packets go in with it, and what became of them comes out.
import { runWatched } from '../support/watched_process.ts';
import { buildQemuGuest } from './guest.ts';
import type { KernelRelease } from './kernels.ts';
import { debianQemu } from './qemu.ts';
import { ipLines, NETWORK_LINES, SETUP, type SharedSa } from './xfrm_cases.ts';

const MODULES = [
  ...['tun', 'xfrm_user', 'esp4', 'esp6', 'ah4', 'ah6', 'xfrm4_tunnel', 'xfrm6_tunnel'],
  ...['authenc', 'echainiv', 'seqiv', 'hmac', 'cbc', 'ctr', 'gcm', 'ccm', 'ghash_generic', 'chacha20poly1305'],
  ...['chacha_generic', 'chacha', 'poly1305_generic', 'cmac', 'xcbc', 'des_generic', 'crypto_null', 'md5'],
  ...['sha1_generic', 'sha256_generic', 'sha512_generic', 'jitterentropy_rng', 'drbg', 'authencesn'],
];
/** Without the kernel's own tests of each algorithm, which take long under TCG. */
const COMMAND_LINE = 'console=ttyS0 quiet mitigations=off tsc=reliable no_timer_check cryptomgr.notests=1';

/** A packet for Linux, and the door by which it goes in: from a link, or made by Linux itself. */
export interface Sent {
  label: string;
  door: 'inside' | 'outside' | 'local';
  bytes: Uint8Array;
}

/** What became of a packet: the door where it came out with its bytes, or the counter that it raised. */
export interface Fate {
  /** A door (local4 and local6: it was delivered in the guest), a counter of /proc/net/xfrm_stat, or "nothing". */
  where: string;
  hex: string;
}

/** Gives the packets to Linux, in their order. Returns what became of each, by its label. */
export async function throughLinux(
  folder: string,
  release: KernelRelease,
  associations: readonly SharedSa[],
  sent: readonly Sent[],
): Promise<ReadonlyMap<string, Fate>> {
  const packets = sent.map(({ label, door, bytes }) => `${label} ${door} ${Buffer.from(bytes).toString('hex')}\n`);
  const qemu = await debianQemu();
  const guest = await buildQemuGuest(folder, release, {
    script: 'xfrm /setup /packets\npoweroff -f\n',
    modules: MODULES,
    programs: ['xfrm.c'],
    network: true,
    files: {
      setup: Buffer.from(SETUP),
      network: Buffer.from([...NETWORK_LINES, ...associations.flatMap(ipLines), ''].join('\n')),
      packets: Buffer.from(packets.join('')),
    },
  });
  const { status, output } = await runWatched(
    qemu.program,
    [
      ...qemu.args('', 'none'),
      ...['-no-reboot', '-serial', 'stdio', '-kernel', guest.kernel, '-initrd', guest.initrd, '-append', COMMAND_LINE],
    ],
    { env: qemu.env },
  );
  const lines = output.split(/\r?\n/).filter((line) => line.startsWith('guest: '));
  if (!lines[0]?.startsWith(`guest: ${release}.`)) throw new Error(`The kernel is not ${release}: ${lines[0]}`);
  if (status !== 0 || lines.some((line) => line.includes('cannot')))
    throw new Error(`The guest ended with status ${status}. It said last:\n${output.slice(-2000)}`);
  return new Map(
    lines.flatMap((line) => {
      const [, label = '', where = '', hex = ''] = line.split(' ');
      return [[label, { where, hex }]];
    }),
  );
}
