/** What the engine derives from a security association's object. */
@unmanaged
export class SaFacts {
  live: u32;
  direction: u32;
  spi: u32;
  options: u32;
  window: u32;
  /** Mode: whether AH, and whether it carries whole packets. */
  ah: u32;
  tunnel: u32;
  /** Bytes of the IV in a packet, the block that padding fills, and the integrity check value. */
  ivBytes: u32;
  blockBytes: u32;
  icvBytes: u32;
  /** Service of its session: AEAD, CIPHER (with a MAC), or MAC alone. */
  service: u32;
  soft: u64;
  softBytes: u64;
  hard: u64;
  hardBytes: u64;
}

/** Whether an option (SA_OPTION_*) is set. */
@inline
export function hasOption(facts: SaFacts, bit: u32): bool {
  return ((facts.options >> bit) & 1) != 0;
}
