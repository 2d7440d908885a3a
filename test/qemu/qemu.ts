// QEMU of Debian's releases, by its own loader and libraries, with a guest whose memory the daemon shares.
import { join } from 'node:path';
import { unpackedPackages } from '../support/debian.ts';

/** What qemu-system-x86 depends on for an installed Debian. */
const NOT_NEEDED =
  /^(perl|python|debconf|systemd|adduser|passwd|udev|login|mount|util-linux|dpkg|tar|coreutils|bash|dash|cdebconf)/;

/** Releases of QEMU, and the suites of Debian that have them. */
export const QEMUS = { '7.2': 'bookworm', '10.0': 'trixie', '11.1': 'sid' } as const;
export type QemuRelease = keyof typeof QEMUS;

/**
 * How the device reaches the guest: 'sessions', by cryptodev-vhost-user, where QEMU has the configuration and the control queue; 'generic',
 * by the generic vhost-user device of 11.1, where the daemon has all of it; 'builtin', QEMU's own device without a daemon; 'none', no device.
 */
export type Road = 'sessions' | 'generic' | 'builtin' | 'none';

export interface Qemu {
  program: string;
  /** Where it finds its modules, TCG among them. */
  env: Record<string, string>;
  /** Arguments of a machine whose device is at a socket. */
  args(socket: string, road?: Road): string[];
}

export async function debianQemu(release: QemuRelease = '7.2'): Promise<Qemu> {
  const root = await unpackedPackages({ suite: QEMUS[release], packages: ['qemu-system-x86'], without: NOT_NEEDED });
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/pulseaudio'];
  const loader = release === '7.2' ? 'lib64/ld-linux-x86-64.so.2' : 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2';
  // QEMU 7.2 with TCG has no notifiers for the vectors of MSI-X.
  const vectors = release === '7.2' ? ',vectors=0' : '';
  const devices: Record<Road, string[]> = {
    sessions: [
      '-object',
      'cryptodev-vhost-user,id=c0,chardev=s0',
      '-device',
      `virtio-crypto-pci,cryptodev=c0${vectors}`,
    ],
    generic: ['-device', 'vhost-user-test-device-pci,chardev=s0,virtio-id=20,num_vqs=2,config_size=56,vq_size=1024'],
    none: [],
    builtin: ['-object', 'cryptodev-backend-builtin,id=c0', '-device', `virtio-crypto-pci,cryptodev=c0${vectors}`],
  };
  return {
    program: join(root, loader),
    env: { QEMU_MODULE_DIR: join(root, 'usr/lib/x86_64-linux-gnu/qemu') },
    args: (socket, road = 'sessions') => [
      ...['--library-path', libraries.map((path) => join(root, path)).join(':')],
      join(root, 'usr/bin/qemu-system-x86_64'),
      ...['-L', join(root, 'usr/share/seabios'), '-L', join(root, 'usr/share/qemu')],
      ...['-accel', 'tcg', '-cpu', 'max', '-m', '384', '-machine', 'q35,memory-backend=mem'],
      ...['-object', 'memory-backend-memfd,id=mem,size=384M,share=on', '-nodefaults', '-display', 'none'],
      ...(road === 'builtin' || road === 'none' ? [] : ['-chardev', `socket,id=s0,path=${socket}`]),
      ...devices[road],
    ],
  };
}
