// S1 and S2 of SNOW 3G ("Document 2: SNOW 3G Specification", sections 3.3.1 and 3.3.2), on four words at once. They use
// nibble look-ups in registers and a scan of the whole S_Q, so no address depends on a secret.

import { indexIo, indexJo, mapReciprocal, toPairs } from './aes_nibbles';
import { SBOX_IO, SBOX_JO } from '../generated/aes_tables';
import { SR_2_IO, SR_2_JO } from '../generated/snow3g_tables';

@inline function turn1(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
}

@inline function turn3(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));
}

// Both S-boxes use the matrix of MixColumns, each in its own field: 2, 3, 1, 1 from a word's least significant byte on.
@inline function mix(once: v128, twice: v128): v128 {
  const sum = v128.xor(twice, turn1(once));
  return v128.xor(v128.xor(sum, turn1(sum)), turn3(once));
}

/** S1 of each word. */
@inline export function s1(words: v128): v128 {
  const pairs = toPairs(words);
  const io = indexIo(pairs);
  const jo = indexJo(pairs);
  const once = mapReciprocal(io, jo, SBOX_IO(), SBOX_JO());
  const twice = mapReciprocal(io, jo, SR_2_IO(), SR_2_JO());
  // The coefficients of the matrix add up to 1, so the constant of S_R stays as it is.
  return v128.xor(mix(once, twice), i8x16.splat(0x63));
}

// Looks up row n of S_Q, its bytes from n * 16 on. The swizzle gives 0 for indices of other rows.
@inline function row(x: v128, n: i8, bytes: v128): v128 {
  return i8x16.swizzle(bytes, i8x16.sub(x, i8x16.splat(n << 4)));
}

/** S2 of each word; `sq` is the address of S_Q. */
@inline export function s2(sq: usize, words: v128): v128 {
  let even = row(words, 0, v128.load(sq));
  let odd = row(words, 1, v128.load(sq, 16));
  even = v128.xor(even, row(words, 2, v128.load(sq, 32)));
  odd = v128.xor(odd, row(words, 3, v128.load(sq, 48)));
  even = v128.xor(even, row(words, 4, v128.load(sq, 64)));
  odd = v128.xor(odd, row(words, 5, v128.load(sq, 80)));
  even = v128.xor(even, row(words, 6, v128.load(sq, 96)));
  odd = v128.xor(odd, row(words, 7, v128.load(sq, 112)));
  even = v128.xor(even, row(words, 8, v128.load(sq, 128)));
  odd = v128.xor(odd, row(words, 9, v128.load(sq, 144)));
  even = v128.xor(even, row(words, 10, v128.load(sq, 160)));
  odd = v128.xor(odd, row(words, 11, v128.load(sq, 176)));
  even = v128.xor(even, row(words, 12, v128.load(sq, 192)));
  odd = v128.xor(odd, row(words, 13, v128.load(sq, 208)));
  even = v128.xor(even, row(words, 14, v128.load(sq, 224)));
  odd = v128.xor(odd, row(words, 15, v128.load(sq, 240)));
  const once = v128.xor(even, odd);
  const carry = v128.and(i8x16.shr_s(once, 7), i8x16.splat(0x69));
  return mix(once, v128.xor(i8x16.add(once, once), carry));
}
