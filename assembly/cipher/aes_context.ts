// The layout of an expanded AES key. Offsets in bytes from a 16-aligned ctx:
//
//   0     number of rounds, u32: 10, 12 or 14 (FIPS 197 table 4)
//   16    first round key, as FIPS 197 writes it
//   32    last round key, with the constant of SubBytes
//   48    sum of the last and the first round key, as nibble pairs: added between two blocks of a CBC chain
//   64    15 round keys as nibble pairs, for vector-permute encryption; only the CBC chain uses the last one
//   304   15 round keys for vector-permute decryption; the first and the last one are not used
//   544   15 round keys as 8 bit planes each, for fixslicing in both directions
//   2464  scratch: four fixsliced states of 8 blocks
//   2976  scratch of counter mode, see aes_ctr_window.ts

export const AES_FIRST_KEY: usize = 16;
export const AES_LAST_KEY: usize = 32;
export const AES_TURN_KEY: usize = 48;
export const AES_PAIR_KEYS: usize = 64;
export const AES_INVERSE_KEYS: usize = 304;
export const AES_PLANE_KEYS: usize = 544;
export const AES_PLANE_KEY_BYTES: usize = 128;
export const AES_SCRATCH: usize = 2464;
export const AES_SCRATCH_BYTES: usize = 512;
export const AES_WINDOW: usize = 2976;

/** Bytes of an expanded key. Wiping it wipes every trace of the key and of the last blocks. */
export const AES_CONTEXT_BYTES: usize = 3392;

@inline export function aesRounds(ctx: usize): u32 {
  return load<u32>(ctx);
}

@inline export function setAesRounds(ctx: usize, rounds: u32): void {
  store<u32>(ctx, rounds);
}
