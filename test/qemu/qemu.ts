// QEMU of Debian 12, by its own loader and libraries, with a guest whose memory the daemon shares.
import { join } from 'node:path';
import { unpackedPackages } from '../support/debian.ts';

/** What qemu-system-x86 depends on for an installed Debian. */
const NOT_NEEDED =
  /^(perl|python|debconf|systemd|adduser|passwd|udev|login|mount|util-linux|dpkg|tar|coreutils|bash|dash|cdebconf)/;

export interface Qemu {
  program: string;
  /** Where it finds its modules, TCG among them. */
  env: Record<string, string>;
  /** Arguments of a machine whose device is at a socket. */
  args(socket: string): string[];
}

export async function debianQemu(): Promise<Qemu> {
  const root = await unpackedPackages({ suite: 'bookworm', packages: ['qemu-system-x86'], without: NOT_NEEDED });
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/pulseaudio'];
  return {
    program: join(root, 'lib64/ld-linux-x86-64.so.2'),
    env: { QEMU_MODULE_DIR: join(root, 'usr/lib/x86_64-linux-gnu/qemu') },
    args: (socket) => [
      ...[
        '--library-path',
        libraries.map((path) => join(root, path)).join(':'),
        join(root, 'usr/bin/qemu-system-x86_64'),
      ],
      ...['-L', join(root, 'usr/share/seabios'), '-L', join(root, 'usr/share/qemu')],
      ...['-accel', 'tcg', '-cpu', 'max', '-m', '384', '-machine', 'q35,memory-backend=mem'],
      ...['-object', 'memory-backend-memfd,id=mem,size=384M,share=on', '-nodefaults', '-display', 'none'],
      ...[
        '-chardev',
        `socket,id=crypto0,path=${socket}`,
        '-object',
        'cryptodev-vhost-user,id=cryptodev0,chardev=crypto0',
      ],
      // QEMU 7.2 with TCG has no notifiers for the vectors of MSI-X.
      ...['-device', 'virtio-crypto-pci,cryptodev=cryptodev0,vectors=0'],
    ],
  };
}
