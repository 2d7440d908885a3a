import { buildGuest } from './build.ts';
import { GuestBuildError } from './errors.ts';
import type { GuestImage, GuestOptions } from './types.ts';

/** A guest, and whether it has OpenSSL over the device. */
export interface TlsGuest {
  readonly image: GuestImage;
  readonly tls: boolean;
}

/**
 * Gives the guest with OpenSSL over the device, or the plain guest if this system can have no compiler for it.
 * @param onMissing called with the reason before the plain guest is built
 * @param build builds a guest; Debian's by default
 * @throws GuestBuildError for all other reasons
 */
export async function buildTlsGuest(
  options: Omit<GuestOptions, 'tls'>,
  onMissing: (why: string) => void,
  build: (options: GuestOptions) => Promise<GuestImage> = buildGuest,
): Promise<TlsGuest> {
  try {
    return { image: await build({ ...options, tls: true }), tls: true };
  } catch (error) {
    if (!(error instanceof GuestBuildError) || error.reason !== 'compiler-missing') throw error;
    onMissing(`The guest has no OpenSSL: ${error.message}`);
    return { image: await build(options), tls: false };
  }
}
