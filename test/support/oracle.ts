// What each symmetric algorithm gives, by implementations that share nothing with the engine: node:crypto where it has the
// algorithm, else second implementations and constructions over node:crypto's block ciphers (reference/).
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { AeadAlgorithm, CipherAlgorithm, HashAlgorithm, MacAlgorithm } from '../../spec/names.ts';
import type { Direction } from '../../src/driver/wire.ts';
import { HASHES } from './algorithms.ts';
import { aesF8 } from './reference/aes_f8.ts';
import { arc4 } from './reference/arc4.ts';
import { type BlockCipher, cbcMac, cmac, ctr, xcbcMac } from './reference/block_modes.ts';
import { gcmEncrypt, gmac } from './reference/gcm.ts';
import { f8, f9, kasumi } from './reference/kasumi.ts';
import { uea2, uia2 } from './reference/snow3g.ts';
import { twofish } from './reference/twofish.ts';
import { eea3, eia3 } from './reference/zuc.ts';

const bytesOf = (data: Uint8Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
/** A plain array of bytes, which toEqual() compares with others of its kind. */
const plain = (data: Uint8Array): Uint8Array => new Uint8Array(data);
const NO_IV = Buffer.alloc(0);

function node(name: string, direction: Direction, key: Uint8Array, iv: Uint8Array | null, data: Uint8Array): Buffer {
  const cipher = direction === 'encrypt' ? createCipheriv(name, key, iv) : createDecipheriv(name, key, iv);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** K1, K2, K3 of TDEA: 8 bytes stand for DES, 16 for K1, K2, K1. */
function tdeaKey(key: Uint8Array): Buffer {
  const parts = key.length === 8 ? [key, key, key] : [key, key.subarray(0, 24 - key.length)];
  return Buffer.concat(parts);
}

const aesBlocks =
  (key: Uint8Array): BlockCipher =>
  (blocks) =>
    node(`aes-${key.length * 8}-ecb`, 'encrypt', key, null, blocks);
const tdeaBlocks =
  (key: Uint8Array): BlockCipher =>
  (blocks) =>
    node('des-ede3', 'encrypt', tdeaKey(key), null, blocks);
const twofishBlocks = (key: Uint8Array): BlockCipher => {
  const cipher = twofish(key);
  return (blocks) => {
    const out = Buffer.alloc(blocks.length);
    for (let at = 0; at < blocks.length; at += 16) out.set(cipher(blocks.subarray(at, at + 16)), at);
    return out;
  };
};

/** A cipher's result (5.9.7.6), of data of a length that it takes. */
export function cipherResult(
  algorithm: CipherAlgorithm,
  direction: Direction,
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  if (data.length === 0) return new Uint8Array();
  return plain(cipherBytes(algorithm, direction, bytesOf(key), bytesOf(iv), bytesOf(data)));
}

function cipherBytes(
  algorithm: CipherAlgorithm,
  direction: Direction,
  key: Buffer,
  iv: Buffer,
  data: Buffer,
): Uint8Array {
  switch (algorithm) {
    case 'arc4':
      return arc4(key, data);
    case 'aes-ecb':
      return node(`aes-${key.length * 8}-ecb`, direction, key, null, data);
    case 'aes-cbc':
    case 'aes-ctr':
      return node(`aes-${key.length * 8}-${algorithm.slice(4)}`, direction, key, iv, data);
    case 'aes-xts':
      return xts(direction, key, iv, data);
    case 'aes-f8':
      return aesF8(key.subarray(0, key.length / 2), key.subarray(key.length / 2), iv, data);
    case 'des-ecb':
    case '3des-ecb':
      return node('des-ede3', direction, tdeaKey(key), null, data);
    case 'des-cbc':
    case '3des-cbc':
      return node('des-ede3-cbc', direction, tdeaKey(key), iv, data);
    case '3des-ctr':
      return ctr(tdeaBlocks(key), iv, data);
    case 'kasumi-f8':
      return f8(key, iv, data);
    case 'snow3g-uea2':
      return uea2(key, iv, data);
    case 'zuc-eea3':
      return eea3(key, iv, data);
  }
}

function xts(direction: Direction, key: Buffer, iv: Buffer, data: Buffer): Buffer {
  return node(`aes-${key.length * 4}-xts`, direction, key, iv, data);
}

const NODE_HASHES: Record<HashAlgorithm, string> = {
  md5: 'md5',
  sha1: 'sha1',
  'sha-224': 'sha224',
  'sha-256': 'sha256',
  'sha-384': 'sha384',
  'sha-512': 'sha512',
  'sha3-224': 'sha3-224',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512',
  shake128: 'shake128',
  shake256: 'shake256',
};

/** A hash cut to `length` bytes (5.9.7.4); SHAKE gives any length. */
export function hashResult(algorithm: HashAlgorithm, data: Uint8Array, length: number): Uint8Array {
  const options = algorithm.startsWith('shake') ? { outputLength: length } : undefined;
  return plain(createHash(NODE_HASHES[algorithm], options).update(data).digest().subarray(0, length));
}

/** The nested hash of a chain: of the key and the hash of the key and the message. SHAKE's inner one is as long as the result. */
export function nestedHashResult(
  algorithm: HashAlgorithm,
  key: Uint8Array,
  data: Uint8Array,
  length: number,
): Uint8Array {
  const innerLength = HASHES[algorithm] ?? Math.min(length, 64);
  const inner = hashResult(algorithm, Buffer.concat([key, data]), innerLength);
  return hashResult(algorithm, Buffer.concat([key, inner]), length);
}

/** A MAC cut to `length` bytes (5.9.7.5), of a message that begins with its IV where the algorithm has one. */
export function macResult(algorithm: MacAlgorithm, key: Uint8Array, data: Uint8Array, length: number): Uint8Array {
  return plain(macBytes(algorithm, bytesOf(key), bytesOf(data)).subarray(0, length));
}

function macBytes(algorithm: MacAlgorithm, key: Buffer, data: Buffer): Buffer {
  switch (algorithm) {
    case 'cmac-3des':
      return cmac(tdeaBlocks(key), 8, data);
    case 'cmac-aes':
      return cmac(aesBlocks(key), 16, data);
    case 'kasumi-f9':
      return f9(key, data);
    case 'snow3g-uia2':
      return uia2(key, data.subarray(0, 16), data.subarray(16));
    case 'zuc-eia3':
      return eia3(key, data.subarray(0, 16), data.subarray(16));
    case 'gmac-aes':
      return nodeGcm(key, data.subarray(0, 12), data.subarray(12), NO_IV).tag;
    case 'gmac-twofish':
      return gmac(twofishBlocks(key), data.subarray(0, 12), data.subarray(12));
    case 'cbcmac-aes':
      return cbcMac(aesBlocks(key), 16, data);
    case 'cbcmac-kasumi-f9':
      return cbcMac((block) => kasumi(key, block), 8, data);
    case 'xcbc-aes':
      return xcbcMac(aesBlocks, key, data);
    default:
      return createHmac(NODE_HMACS[algorithm], key).update(data).digest();
  }
}

const NODE_HMACS = {
  'hmac-md5': 'md5',
  'hmac-sha1': 'sha1',
  'hmac-sha-224': 'sha224',
  'hmac-sha-256': 'sha256',
  'hmac-sha-384': 'sha384',
  'hmac-sha-512': 'sha512',
} as const;

/** Ciphertext and tag, one behind the other, as an AEAD encryption writes them (5.9.7.7). */
export function sealed(
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tagLength: number,
): Uint8Array {
  if (algorithm === 'chacha20-poly1305') return plain(chacha20poly1305(key, iv, aad).encrypt(plaintext));
  if (algorithm === 'ccm')
    return plain(ccmEncrypt(bytesOf(key), bytesOf(iv), bytesOf(aad), bytesOf(plaintext), tagLength));
  const { ciphertext, tag } =
    iv.length === 16
      ? gcmEncrypt(aesBlocks(key), bytesOf(iv), bytesOf(aad), bytesOf(plaintext))
      : nodeGcm(bytesOf(key), bytesOf(iv), bytesOf(aad), bytesOf(plaintext));
  return plain(Buffer.concat([ciphertext, tag.subarray(0, tagLength)]));
}

/**
 * The plaintext of ciphertext and tag, or undefined where the tag is not right. All three encrypt by XOR with a stream, which is
 * what they make of zeros.
 */
export function opened(
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  data: Uint8Array,
  tagLength: number,
): Uint8Array | undefined {
  const bytes = data.length - tagLength;
  const stream = sealed(algorithm, key, iv, aad, new Uint8Array(bytes), tagLength);
  const plaintext = data.slice(0, bytes).map((byte, n) => byte ^ (stream[n] ?? 0));
  return Buffer.from(sealed(algorithm, key, iv, aad, plaintext, tagLength)).equals(data) ? plaintext : undefined;
}

function nodeGcm(key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer): { ciphertext: Buffer; tag: Buffer } {
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-128-gcm', key, iv);
  cipher.setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { ciphertext, tag: cipher.getAuthTag() };
}

/** node:crypto makes no tag of CCM over an empty text: that one is made of its parts (SP 800-38C). */
function ccmEncrypt(key: Buffer, nonce: Buffer, aad: Buffer, plaintext: Buffer, tagLength: number): Buffer {
  if (plaintext.length > 0) {
    const name = `aes-${key.length * 8}-ccm` as 'aes-128-ccm';
    const cipher = createCipheriv(name, key, nonce, { authTagLength: tagLength });
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }
  const lengthBytes = 15 - nonce.length;
  const flags = (aad.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | (lengthBytes - 1);
  const first = Buffer.concat([Buffer.of(flags), nonce, Buffer.alloc(lengthBytes)]);
  const counter = Buffer.concat([Buffer.of(lengthBytes - 1), nonce, Buffer.alloc(lengthBytes)]);
  const mac = cbcMac(aesBlocks(key), 16, Buffer.concat([first, ccmHeader(aad)]));
  return ctr(aesBlocks(key), counter, mac.subarray(0, tagLength));
}

/** The additional data with its length before it and zeros up to a whole block (appendix A.2.2). */
function ccmHeader(aad: Buffer): Buffer {
  if (aad.length === 0) return aad;
  const length = Buffer.alloc(aad.length < 0xff00 ? 2 : 6);
  if (length.length === 2) {
    length.writeUInt16BE(aad.length);
  } else {
    length.writeUInt16BE(0xfffe);
    length.writeUInt32BE(aad.length, 2);
  }
  return Buffer.concat([length, aad]);
}
