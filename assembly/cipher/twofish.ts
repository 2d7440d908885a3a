// Twofish encryption of single blocks: B. Schneier et al., "Twofish: A 128-Bit Block Cipher" (1998), section 4. A
// context, in bytes from a 16-aligned ctx:
//
//   0    length of the key in words of 64 bits, u32: 2, 3 or 4
//   16   the key words of the S-boxes, a vector each
//   80   40 subkeys, u32

import { h } from './twofish_h';

const BOX_KEYS: usize = 16;
const SUBKEYS: usize = 80;

/** Bytes of an expanded key. Wiping it wipes every trace of the key. */
export const TWOFISH_CONTEXT_BYTES: usize = 240;

@inline function subkey(ctx: usize, index: usize): u32 {
  return load<u32>(ctx + SUBKEYS + (index << 2));
}

// The columns of the matrix RS (section 4.3.1), the first row lowest.
@inline function rsColumn(column: usize): u32 {
  switch (column as u32) {
    case 0:
      return 0xa402a401;
    case 1:
      return 0x55a156a4;
    case 2:
      return 0x87fc8255;
    case 3:
      return 0x5ac1f387;
    case 4:
      return 0x58471e5a;
    case 5:
      return 0xdbaec658;
    case 6:
      return 0x9e3d68db;
    default:
      return 0x0319e59e;
  }
}

// The matrix RS times eight bytes of the key, modulo x⁸ + x⁶ + x³ + x² + 1.
function rsProduct(key: usize): u32 {
  let product: u32 = 0;
  for (let at: usize = 0; at < 8; ++at) {
    const byte = load<u8>(key + at) as u32;
    let column = rsColumn(at);
    for (let bit: u32 = 0; bit < 8; ++bit) {
      product ^= column & (0 - ((byte >> bit) & 1));
      column = ((column & 0x7f7f7f7f) << 1) ^ (((column >> 7) & 0x01010101) * 0x4d);
    }
  }
  return product;
}

/**
 * Expands a key (section 4.3).
 * @param ctx TWOFISH_CONTEXT_BYTES of memory, 16-aligned
 * @param key the key, apart from ctx, any alignment
 * @param keyBytes 16, 24 or 32: the caller has checked it
 */
export function twofishSetKey(ctx: usize, key: usize, keyBytes: u32): void {
  const words = keyBytes >> 3;
  const list = ctx + BOX_KEYS;
  store<u32>(ctx, words);
  // Even words of the key in the first lane and odd ones in the second give both halves of a pair of subkeys at once.
  for (let word: usize = 0; word < (words as usize); ++word) {
    v128.store(list + (word << 4), v128.load64_zero(key + (word << 3)));
  }
  for (let pair: u32 = 0; pair < 20; ++pair) {
    const both = h(i32x4(pair * 0x02020202, pair * 0x02020202 + 0x01010101, 0, 0), list, words);
    const a = i32x4.extract_lane(both, 0) as u32;
    const b = rotl<u32>(i32x4.extract_lane(both, 1) as u32, 8);
    const at = ctx + SUBKEYS + ((pair as usize) << 3);
    store<u32>(at, a + b);
    store<u32>(at, rotl<u32>(a + 2 * b, 9), 4);
  }
  // The S-boxes use their words in reverse order.
  for (let word: usize = 0; word < (words as usize); ++word) {
    v128.store(list + (((words as usize) - 1 - word) << 4), i32x4.splat(rsProduct(key + (word << 3))));
  }
}

/**
 * Enciphers a block (sections 4.1 and 4.2).
 * @param ctx expanded key, see twofishSetKey
 * @param src plaintext, 16 bytes, any alignment
 * @param dst ciphertext, 16 bytes, any alignment; it may overlap `src`
 */
export function twofishEncryptBlock(ctx: usize, src: usize, dst: usize): void {
  const words = load<u32>(ctx);
  const list = ctx + BOX_KEYS;
  let r0 = load<u32>(src) ^ subkey(ctx, 0);
  let r1 = load<u32>(src, 4) ^ subkey(ctx, 1);
  let r2 = load<u32>(src, 8) ^ subkey(ctx, 2);
  let r3 = load<u32>(src, 12) ^ subkey(ctx, 3);
  for (let round: usize = 0; round < 16; ++round) {
    // The function g of both words that a round reads.
    const both = h(i32x4(r0, rotl<u32>(r1, 8), 0, 0), list, words);
    const t0 = i32x4.extract_lane(both, 0) as u32;
    const t1 = i32x4.extract_lane(both, 1) as u32;
    const next0 = rotr<u32>(r2 ^ (t0 + t1 + subkey(ctx, 2 * round + 8)), 1);
    const next1 = rotl<u32>(r3, 1) ^ (t0 + 2 * t1 + subkey(ctx, 2 * round + 9));
    r2 = r0;
    r3 = r1;
    r0 = next0;
    r1 = next1;
  }
  store<u32>(dst, r2 ^ subkey(ctx, 4));
  store<u32>(dst, r3 ^ subkey(ctx, 5), 4);
  store<u32>(dst, r0 ^ subkey(ctx, 6), 8);
  store<u32>(dst, r1 ^ subkey(ctx, 7), 12);
}
