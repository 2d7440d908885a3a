import * as crypto from '../../../spec/crypto.ts';
import * as spec from '../../../spec/ipsec.ts';
import type { Capability } from '../admin/contract.ts';
import type { Offer } from '../offer.ts';
import { decodeModeCaps, encodeModeCaps, isWithin, type ModeCap } from './mode_caps.ts';

const bitsOf = (numbers: readonly number[]): bigint =>
  numbers.reduce((bits, number) => bits | (1n << BigInt(number)), 0n);

/** The algorithms that packets can have (docs/ipsec.md). A device offers those that its services have. */
const CIPHERS = bitsOf([crypto.CIPHER_AES_CBC, crypto.CIPHER_AES_CTR, crypto.CIPHER_3DES_CBC]);
const MACS = bitsOf([
  crypto.MAC_HMAC_MD5,
  crypto.MAC_HMAC_SHA1,
  crypto.MAC_HMAC_SHA_256,
  crypto.MAC_HMAC_SHA_384,
  crypto.MAC_HMAC_SHA_512,
  crypto.MAC_XCBC_AES,
  crypto.MAC_CMAC_AES,
]);
const AEADS = bitsOf([crypto.AEAD_GCM, crypto.AEAD_CCM, crypto.AEAD_CHACHA20_POLY1305]);

const ALL_OPTIONS = (1 << spec.SA_OPTIONS) - 1;
/** UDP encapsulation is for ESP only. */
const AH_OPTIONS = ALL_OPTIONS & ~(1 << spec.SA_OPTION_UDP_ENCAP);

/** What each mode of a device can do. A mode for which it has no algorithm is left out. */
export function modeCapsOf(offer: Offer): ModeCap[] {
  const ciphers = offer.algorithms.cipher & CIPHERS;
  const macs = offer.algorithms.mac & MACS;
  const aeads = Number(offer.algorithms.aead & AEADS);
  const cipherKeyBytes = Math.min(offer.maxCipherKeyBytes, spec.SA_KEY_BYTES_MAX);
  const authKeyBytes = Math.min(offer.maxAuthKeyBytes, spec.SA_KEY_BYTES_MAX);
  const window = spec.SA_WINDOW_MAX;
  // A cipher needs a MAC beside it: no packet goes without integrity.
  const esp = { window, options: ALL_OPTIONS, ciphers: macs ? ciphers : 0n, macs, aeads, cipherKeyBytes, authKeyBytes };
  const ah = { window, options: AH_OPTIONS, ciphers: 0n, macs, aeads: 0, cipherKeyBytes: 0, authKeyBytes };
  return [
    ...(macs || aeads ? [spec.SA_ESP_TUNNEL, spec.SA_ESP_TRANSPORT].map((mode) => ({ mode, ...esp })) : []),
    ...(macs ? [spec.SA_AH_TUNNEL, spec.SA_AH_TRANSPORT].map((mode) => ({ mode, ...ah })) : []),
  ];
}

/**
 * VIRTIO_CRYPTO_IPSEC_RESOURCE_CAP and VIRTIO_CRYPTO_IPSEC_SA_CAP (5.9.7.9).
 * @param limit the number of associations of each direction
 */
export function ipsecCapabilities(limit: number, modes: readonly ModeCap[]): Capability[] {
  const limits = new Uint8Array(spec.RESOURCE_CAP_BYTES);
  new DataView(limits.buffer).setUint32(spec.RESOURCE_CAP_INBOUND, limit, true);
  new DataView(limits.buffer).setUint32(spec.RESOURCE_CAP_OUTBOUND, limit, true);
  return [
    {
      id: spec.IPSEC_RESOURCE_CAP,
      device: limits,
      accepts: (driver) =>
        limitIn(driver, spec.RESOURCE_CAP_INBOUND) <= limit && limitIn(driver, spec.RESOURCE_CAP_OUTBOUND) <= limit,
    },
    { id: spec.IPSEC_SA_CAP, device: encodeModeCaps(modes), accepts: (driver) => isChoiceOf(driver, modes) },
  ];
}

/** A limit of struct virtio_crypto_ipsec_resource_cap. */
export function limitIn(resourceCap: Uint8Array, offset: number): number {
  return new DataView(resourceCap.buffer, resourceCap.byteOffset).getUint32(offset, true);
}

/** Whether the driver's entries are some of the device's, each mode once, and ask for no more. */
function isChoiceOf(driver: Uint8Array, modes: readonly ModeCap[]): boolean {
  const entries = decodeModeCaps(driver);
  if (!entries || new Set(entries.map(({ mode }) => mode)).size !== entries.length) return false;
  return entries.every((entry) => {
    const offered = modes.find(({ mode }) => mode === entry.mode);
    return offered !== undefined && isWithin(entry, offered);
  });
}
