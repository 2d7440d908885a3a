import { createHash } from 'node:crypto';
import { INIT_SCRIPT } from './init.ts';
import { SKCIPHER_CLOCK, SKCIPHER_CLOCK_SCRIPT } from './skcipher-clock.ts';

/** Raise it when the same recipe would be packed in another way. */
const BUILDER_VERSION = 1;

/** What goes into a guest. Everything that shapes the image stands here, so that its hash says whether a cache is stale. */
export interface Recipe {
  readonly builderVersion: number;
  /** The package whose dependency names the kernel of the day. */
  readonly kernelMetaPackage: string;
  /** Installed with all that they depend on. */
  readonly packages: readonly string[];
  /** Installed alone: what they depend on is an installed Debian, of which the guest needs nothing. */
  readonly barePackages: readonly string[];
  /** Absolute paths of programs in the packages; the libraries that they name come along. */
  readonly programs: readonly string[];
  readonly applets: readonly string[];
  /** Loaded at boot, with all that they depend on, in this order. */
  readonly bootModules: readonly string[];
  /** Modules in the image that a user loads when needed. The modules that they depend on are loaded at boot. */
  readonly spareModules: readonly string[];
  /** Texts of our own, by absolute path; each is executable. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Hash of the sources that are compiled for the guest (tls.ts). Left out: nothing is compiled. */
  readonly compiled?: string;
}

/** busybox's programs that the guest has by name. */
const APPLETS = `
  [ awk base64 basename cat chmod clear cmp cp cut date dd df diff dirname dmesg du echo egrep env
  expr false fgrep find free grep gunzip gzip halt head hexdump hostname id insmod kill less ln ls
  lsmod md5sum mkdir mknod mktemp more mount mv od poweroff printf ps pwd readlink reboot reset rm
  rmdir rmmod sed seq setsid sh sha1sum sha256sum sha512sum sleep sort stat strings stty sync sysctl
  tail tar tee test time timeout top touch tr true tty umount uname uniq uptime usleep vi wc which
  xargs xxd yes zcat
`
  .trim()
  .split(/\s+/);

export const GUEST_RECIPE: Recipe = {
  builderVersion: BUILDER_VERSION,
  kernelMetaPackage: 'linux-image-686',
  packages: ['busybox-static', 'kcapi-tools', 'cryptsetup-bin', 'seabios'],
  // Perl can make the system calls of asynchronous I/O, which no other small program in Debian does for AF_ALG.
  barePackages: ['perl-base', 'libcrypt1'],
  programs: ['/bin/busybox', '/usr/bin/kcapi-enc', '/usr/bin/perl', '/sbin/cryptsetup'],
  applets: APPLETS,
  bootModules: ['virtio_pci', 'crypto_user', 'algif_skcipher', 'algif_hash'],
  // No ecb, ctr, xts, lrw or cts: see measure.ts for what their absence is good for.
  spareModules: ['virtio_mmio', 'virtio_crypto', 'tcrypt', 'brd', 'dm_crypt', 'pkcs8_key_parser'],
  scripts: { '/init': INIT_SCRIPT, [SKCIPHER_CLOCK]: SKCIPHER_CLOCK_SCRIPT },
};

export function recipeHash(recipe: Recipe): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
}
