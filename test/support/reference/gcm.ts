// GCM and GMAC over any block cipher of 16 bytes (SP 800-38D), with blocks as numbers: for the counter block J0 as it is, which
// node:crypto does not take, and for Twofish.
import type { BlockCipher } from './block_modes.ts';

const REDUCTION = 0xe1n << 120n;

const toNumber = (block: Uint8Array): bigint => BigInt(`0x${Buffer.from(block).toString('hex')}`);
const toBlock = (number: bigint): Buffer => Buffer.from(number.toString(16).padStart(32, '0'), 'hex');
const padded = (data: Buffer): Buffer => Buffer.concat([data, Buffer.alloc((16 - (data.length % 16)) % 16)]);

/** GHASH of additional data and text (section 6.4). Bit 0 of a block is its most significant. */
function ghash(key: bigint, aad: Buffer, text: Buffer): bigint {
  const multiples: bigint[] = [];
  for (let value = key, n = 0; n < 128; n++) {
    multiples.push(value);
    value = (value >> 1n) ^ (value & 1n ? REDUCTION : 0n);
  }
  const multiply = (x: bigint): bigint => {
    let product = 0n;
    const bits = x.toString(2).padStart(128, '0');
    for (let n = bits.indexOf('1'); n >= 0; n = bits.indexOf('1', n + 1)) product ^= multiples[n] ?? 0n;
    return product;
  };
  const lengths = toBlock((BigInt(8 * aad.length) << 64n) | BigInt(8 * text.length));
  const data = Buffer.concat([padded(aad), padded(text), lengths]);
  let hash = 0n;
  for (let at = 0; at < data.length; at += 16) hash = multiply(hash ^ toNumber(data.subarray(at, at + 16)));
  return hash;
}

/** The counter block after this one: the last 32 bits count. */
function next(counter: Buffer): Buffer {
  const block = Buffer.from(counter);
  block.writeUInt32BE((block.readUInt32BE(12) + 1) >>> 0, 12);
  return block;
}

function counters(from: Buffer, bytes: number): Buffer {
  const blocks: Buffer[] = [];
  let block = from;
  for (let at = 0; at < bytes; at += 16) {
    block = next(block);
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

/** J0 of an IV of any length but 12 bytes (section 7.1). */
export function counterBlock(cipher: BlockCipher, iv: Buffer): Buffer {
  return toBlock(ghash(toNumber(cipher(Buffer.alloc(16))), Buffer.alloc(0), iv));
}

/** Encrypts from the counter block `j0`. */
export function gcmEncrypt(
  cipher: BlockCipher,
  j0: Buffer,
  aad: Buffer,
  plaintext: Buffer,
): { ciphertext: Buffer; tag: Buffer } {
  const stream = cipher(counters(j0, plaintext.length));
  const ciphertext = Buffer.from(plaintext.map((byte, n) => byte ^ (stream[n] ?? 0)));
  const hash = ghash(toNumber(cipher(Buffer.alloc(16))), aad, ciphertext);
  return { ciphertext, tag: toBlock(hash ^ toNumber(cipher(j0))) };
}

/** GMAC with an IV of 12 bytes. */
export function gmac(cipher: BlockCipher, iv: Buffer, message: Buffer): Buffer {
  return gcmEncrypt(cipher, Buffer.concat([iv, Buffer.of(0, 0, 0, 1)]), message, Buffer.alloc(0)).tag;
}
