// The layout of an expanded DES or TDEA key. Offsets in bytes from a 16-aligned ctx:
//
//   0    number of DES operations that a block takes, u32: 1 or 3
//   16   48 round keys in the order of encryption, for two blocks each; DES uses the first 16
//   784  scratch: two blocks of key stream

export const DES_KEYS: usize = 16;
export const DES_SCRATCH: usize = 784;

/** Bytes of an expanded key. Wiping it wipes every trace of the key and of the last blocks. */
export const DES_CONTEXT_BYTES: usize = 800;

@inline export function desStages(ctx: usize): u32 {
  return load<u32>(ctx);
}
