import * as spec from '../../../spec/ipsec.ts';

/** What a mode of security associations can do: struct virtio_crypto_ipsec_mode_cap (5.9.7.9 of virtio 1.4). */
export interface ModeCap {
  /** SA_ESP_TUNNEL to SA_AH_TRANSPORT. */
  mode: number;
  /** The largest anti-replay window, in packets. Inbound only. */
  window: number;
  /** SA_OPTION_* as bits. */
  options: number;
  /** Algorithms by their numbers, as bits. */
  ciphers: bigint;
  macs: bigint;
  aeads: number;
  /** Longest keys in bytes. */
  cipherKeyBytes: number;
  authKeyBytes: number;
}

/** struct virtio_crypto_ipsec_sa_cap_data with these entries. */
export function encodeModeCaps(entries: readonly ModeCap[]): Uint8Array {
  const bytes = new Uint8Array(spec.SA_CAP_ENTRIES + entries.length * spec.MODE_CAP_BYTES);
  bytes[spec.SA_CAP_COUNT] = entries.length;
  entries.forEach((entry, index) => {
    const view = new DataView(bytes.buffer, spec.SA_CAP_ENTRIES + index * spec.MODE_CAP_BYTES, spec.MODE_CAP_BYTES);
    view.setUint8(spec.MODE_CAP_MODE, entry.mode);
    view.setUint32(spec.MODE_CAP_WINDOW, entry.window, true);
    view.setUint32(spec.MODE_CAP_OPTIONS, entry.options, true);
    view.setBigUint64(spec.MODE_CAP_CIPHERS, entry.ciphers, true);
    view.setBigUint64(spec.MODE_CAP_MACS, entry.macs, true);
    view.setUint32(spec.MODE_CAP_AEADS, entry.aeads, true);
    view.setUint32(spec.MODE_CAP_CIPHER_KEY_LEN, entry.cipherKeyBytes, true);
    view.setUint32(spec.MODE_CAP_AUTH_KEY_LEN, entry.authKeyBytes, true);
  });
  return bytes;
}

/** The entries of a struct virtio_crypto_ipsec_sa_cap_data; undefined if it is too short for their number. */
export function decodeModeCaps(bytes: Uint8Array): ModeCap[] | undefined {
  const count = bytes[spec.SA_CAP_COUNT] ?? 0;
  if (spec.SA_CAP_ENTRIES + count * spec.MODE_CAP_BYTES > bytes.length) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const at = bytes.byteOffset + spec.SA_CAP_ENTRIES + index * spec.MODE_CAP_BYTES;
    const view = new DataView(bytes.buffer, at, spec.MODE_CAP_BYTES);
    return {
      mode: view.getUint8(spec.MODE_CAP_MODE),
      window: view.getUint32(spec.MODE_CAP_WINDOW, true),
      options: view.getUint32(spec.MODE_CAP_OPTIONS, true),
      ciphers: view.getBigUint64(spec.MODE_CAP_CIPHERS, true),
      macs: view.getBigUint64(spec.MODE_CAP_MACS, true),
      aeads: view.getUint32(spec.MODE_CAP_AEADS, true),
      cipherKeyBytes: view.getUint32(spec.MODE_CAP_CIPHER_KEY_LEN, true),
      authKeyBytes: view.getUint32(spec.MODE_CAP_AUTH_KEY_LEN, true),
    };
  });
}

/** Whether one mode can do no more than another. */
export function isWithin(part: ModeCap, whole: ModeCap): boolean {
  return (
    part.window <= whole.window &&
    ((part.options & ~whole.options) | (part.aeads & ~whole.aeads)) === 0 &&
    ((part.ciphers & ~whole.ciphers) | (part.macs & ~whole.macs)) === 0n &&
    part.cipherKeyBytes <= whole.cipherKeyBytes &&
    part.authKeyBytes <= whole.authKeyBytes
  );
}
