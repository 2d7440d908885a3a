/** What stopped a build: one word a cause, so that a caller can answer each in its own way. */
export type GuestBuildReason =
  | 'tools-missing'
  | 'packages-unresolved'
  | 'download-failed'
  | 'unpack-failed'
  | 'content-missing'
  | 'compiler-missing'
  | 'compile-failed'
  | 'cache-unwritable'
  | 'network-unreachable'
  | 'disk-full';

/** The way out that works on every system, and what a guest of one's own must bring along. */
export const OWN_GUEST_REMEDY = [
  'Or bring a guest of your own: --kernel <bzImage> and --initrd <initramfs>. It needs an i386 (686) kernel with the',
  'modules virtio_pci, virtio_crypto, af_alg, algif_skcipher and crypto_user (built in or in the initramfs; tcrypt to',
  'measure), and an initramfs with a busybox shell on ttyS0 and kcapi-enc. The firmware (--bios <bios.bin>,',
  '--vga-bios <vgabios-stdvga.bin>) comes from SeaBIOS.',
].join('\n');

export class GuestBuildError extends Error {
  override readonly name = 'GuestBuildError';
  readonly reason: GuestBuildReason;
  /** The programs, packages or files that were not there; empty when the cause is another one. */
  readonly missing: readonly string[];

  constructor(reason: GuestBuildReason, message: string, missing: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.missing = missing;
  }
}
