// The AEAD construction of ChaCha20 and Poly1305 (RFC 8439 section 2.8). A context, in bytes from a 16-aligned ctx:
//
//   0    key
//   32   scratch from here on: four blocks of key stream
//   288  the Poly1305 context
//   368  the tag
//
// The first group of key stream has two uses: its first block is the Poly1305 key (section 2.6), its other three blocks
// are for text.

import { CHACHA20_GROUP_BYTES, chacha20Groups } from '../cipher/chacha20';
import { POLY1305_CONTEXT_BYTES, poly1305Final, poly1305Init, poly1305Pad, poly1305Update } from '../mac/poly1305';
import { wipe } from '../memory/bytes';
import { xorBytes } from '../memory/xor';
import { tagsEqual } from './tag';

const STREAM: usize = 32;
const POLY1305: usize = 288;
const TAG: usize = POLY1305 + POLY1305_CONTEXT_BYTES;

/** Bytes of a context. */
export const CHACHA20_POLY1305_CONTEXT_BYTES: usize = 384;

const BLOCK: usize = 64;
const FIRST_TEXT: usize = CHACHA20_GROUP_BYTES - BLOCK;

/**
 * Takes a key.
 * @param ctx CHACHA20_POLY1305_CONTEXT_BYTES of memory, 16-aligned
 * @param key 32 bytes, apart from ctx, any alignment
 */
export function chachaPolySetKey(ctx: usize, key: usize): void {
  memory.copy(ctx, key, 32);
}

// Four blocks of key stream.
function makeStream(ctx: usize, nonce: usize, counter: u32): void {
  const stream = ctx + STREAM;
  memory.fill(stream, 0, CHACHA20_GROUP_BYTES);
  chacha20Groups(ctx, nonce, counter, stream, stream, 1, ctx + POLY1305, false);
}

// Enciphers or deciphers text. The key stream of its first blocks is in the scratch. With `hashes`, the result is added
// to the Poly1305 hash.
function crypt(ctx: usize, nonce: usize, src: usize, dst: usize, bytes: usize, hashes: bool): void {
  const poly = ctx + POLY1305;
  const first = min<usize>(bytes, FIRST_TEXT);
  xorBytes(dst, src, ctx + STREAM + BLOCK, first);
  if (hashes) poly1305Update(poly, dst, first);
  if (bytes == first) return;
  src += first;
  dst += first;
  bytes -= first;
  const groups = bytes / CHACHA20_GROUP_BYTES;
  chacha20Groups(ctx, nonce, 4, src, dst, groups, poly, hashes);
  const done = groups * CHACHA20_GROUP_BYTES;
  if (bytes != done) {
    makeStream(ctx, nonce, ((groups as u32) << 2) + 4);
    xorBytes(dst + done, src + done, ctx + STREAM, bytes - done);
  }
  if (!hashes) return;
  const left = groups ? done - CHACHA20_GROUP_BYTES : 0;
  poly1305Update(poly, dst + left, bytes - left);
}

// Begins the hash: the additional data.
function hashAad(ctx: usize, aad: usize, aadBytes: usize): void {
  const poly = ctx + POLY1305;
  poly1305Init(poly, ctx + STREAM);
  poly1305Update(poly, aad, aadBytes);
  poly1305Pad(poly);
}

// Ends the hash: makes the tag in the context.
function makeTag(ctx: usize, aadBytes: usize, bytes: usize): void {
  const poly = ctx + POLY1305;
  const tag = ctx + TAG;
  poly1305Pad(poly);
  store<u64>(tag, aadBytes);
  store<u64>(tag, bytes, 8);
  poly1305Update(poly, tag, 16);
  poly1305Final(poly, tag);
}

/**
 * Authenticated encryption (section 2.8).
 * @param ctx see chachaPolySetKey; its scratch is used, and wiped
 * @param nonce 12 bytes, any alignment
 * @param aad additional authenticated data, `aadBytes` bytes
 * @param src plaintext, `bytes` bytes, any alignment: less than 2³⁸ - 63
 * @param dst ciphertext: the same address as `src`, or memory apart from it
 * @param tag where the tag goes, apart from all other parameters
 * @param tagBytes length of the tag, 0 to 16: the caller has checked it
 */
export function chachaPolyEncrypt(
  ctx: usize,
  nonce: usize,
  aad: usize,
  aadBytes: usize,
  src: usize,
  bytes: usize,
  dst: usize,
  tag: usize,
  tagBytes: u32,
): void {
  makeStream(ctx, nonce, 0);
  hashAad(ctx, aad, aadBytes);
  crypt(ctx, nonce, src, dst, bytes, true);
  makeTag(ctx, aadBytes, bytes);
  memory.copy(tag, ctx + TAG, tagBytes);
  wipe(ctx + STREAM, CHACHA20_POLY1305_CONTEXT_BYTES - STREAM);
}

/**
 * Authenticated decryption, with the parameters of chachaPolyEncrypt. `src` is ciphertext, and `tag` is the expected
 * tag. Nothing is written to `dst` if the tag is wrong.
 * @returns whether the tag is right
 */
export function chachaPolyDecrypt(
  ctx: usize,
  nonce: usize,
  aad: usize,
  aadBytes: usize,
  src: usize,
  bytes: usize,
  dst: usize,
  tag: usize,
  tagBytes: u32,
): bool {
  makeStream(ctx, nonce, 0);
  hashAad(ctx, aad, aadBytes);
  poly1305Update(ctx + POLY1305, src, bytes);
  makeTag(ctx, aadBytes, bytes);
  const right = tagsEqual(ctx + TAG, tag, tagBytes);
  if (right) crypt(ctx, nonce, src, dst, bytes, false);
  wipe(ctx + STREAM, CHACHA20_POLY1305_CONTEXT_BYTES - STREAM);
  return right;
}
