// PKCS #1 v1.5 (RFC 8017, sections 7.2 and 9.2). Blocks are as long as the modulus.

/** DigestInfo in front of a digest, by RSA hash_algo (5.9.7.2.1): its bytes and the digest's length. */
const DIGESTS: Readonly<Record<number, { prefix: readonly number[]; bytes: number }>> = {
  1: { prefix: rsadsi(2, 16), bytes: 16 },
  3: { prefix: rsadsi(4, 16), bytes: 16 },
  4: { prefix: rsadsi(5, 16), bytes: 16 },
  5: { prefix: info([0x2b, 0x0e, 0x03, 0x02, 0x1a], 20), bytes: 20 },
  6: { prefix: nist(1, 32), bytes: 32 },
  7: { prefix: nist(2, 48), bytes: 48 },
  8: { prefix: nist(3, 64), bytes: 64 },
  9: { prefix: nist(4, 28), bytes: 28 },
};
/** RSA hash_algo: the signed value goes into the block as it stands. */
const NO_HASH = 0;

/** 00, the block's type, at least eight bytes, and 00 again. */
const OVERHEAD = 11;
const FILL_MIN = 8;

/** A digest of RSA Data Security, Inc.: 1.2.840.113549.2.x. */
function rsadsi(number: number, bytes: number): readonly number[] {
  return info([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, number], bytes);
}

/** A digest of NIST: 2.16.840.1.101.3.4.2.x. */
function nist(number: number, bytes: number): readonly number[] {
  return info([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, number], bytes);
}

/** SEQUENCE { SEQUENCE { OBJECT IDENTIFIER, NULL }, OCTET STRING } up to the digest. */
function info(oid: readonly number[], bytes: number): readonly number[] {
  const algorithm = [0x06, oid.length, ...oid, 0x05, 0x00];
  const content = [0x30, algorithm.length, ...algorithm, 0x04, bytes];
  return [0x30, content.length + bytes, ...content];
}

/** Whether an RSA hash_algo can sign. */
export function hashKnown(hash: number): boolean {
  return hash === NO_HASH || DIGESTS[hash] !== undefined;
}

/**
 * EMSA-PKCS1-v1_5 of a digest (RFC 8017, section 9.2).
 * @param hash RSA hash_algo. 0: `digest` goes into the block as it stands
 * @returns undefined if the digest has another length than the hash, or the block is too short for it
 */
export function signatureBlock(digest: Uint8Array, hash: number, bytes: number): Uint8Array | undefined {
  const known = DIGESTS[hash];
  if (!known && hash !== NO_HASH) return undefined;
  if (known && known.bytes !== digest.length) return undefined;
  const prefix = known?.prefix ?? [];
  const content = prefix.length + digest.length;
  if (content > bytes - OVERHEAD) return undefined;
  const block = new Uint8Array(bytes).fill(0xff);
  block.set([0, 1]);
  block[bytes - content - 1] = 0;
  block.set(prefix, bytes - content);
  block.set(digest, bytes - digest.length);
  return block;
}

/**
 * EME-PKCS1-v1_5 (RFC 8017, section 7.2.1).
 * @param random fills bytes with random values
 * @returns undefined if the message is too long for the block
 */
export function encryptionBlock(
  message: Uint8Array,
  bytes: number,
  random: (bytes: Uint8Array<ArrayBuffer>) => void,
): Uint8Array | undefined {
  if (message.length > bytes - OVERHEAD) return undefined;
  const block = new Uint8Array(bytes);
  block[1] = 2;
  const fill = block.subarray(2, bytes - message.length - 1);
  random(fill);
  const one = new Uint8Array(1);
  for (let at = 0; at < fill.length; at++) {
    while (fill[at] === 0) {
      random(one);
      fill[at] = one[0] ?? 0;
    }
  }
  block.set(message, bytes - message.length);
  return block;
}

/**
 * Finds the message in an encryption block (RFC 8017, section 7.2.2). It looks at every byte, and has no branch until it has seen all.
 * @returns the message's offset in the block; undefined if the padding is wrong
 */
export function messageOffset(block: Uint8Array): number | undefined {
  let wrong = (block[0] ?? 1) | ((block[1] ?? 0) ^ 2);
  // All ones until the first zero.
  let before = -1;
  let zeroAt = 0;
  for (let at = 2; at < block.length; at++) {
    const isZero = ((block[at] ?? 0) - 1) >> 31;
    zeroAt |= at & before & isZero;
    before &= ~isZero;
  }
  wrong |= before & 1;
  wrong |= (zeroAt - (2 + FILL_MIN)) >>> 31;
  return wrong === 0 ? zeroAt + 1 : undefined;
}
