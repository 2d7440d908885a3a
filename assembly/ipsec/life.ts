// Lifetimes (RFC 4301 section 4.4.2.1): packets, and bytes of the packets as they are without protection.
import { CRYPTO_OK, CRYPTO_SOFT_EXPIRY } from '../../spec/crypto';
import { factsOf, Sa } from './sa';

/** Whether the hard limits allow one more packet of so many bytes. */
export function mayTake(sa: Sa, bytes: u32): bool {
  const facts = factsOf(sa);
  return sa.packets < facts.hard && bytes <= facts.hardBytes - min<u64>(sa.bytes, facts.hardBytes);
}

/** Counts a packet. Returns the status of its request. */
export function take(sa: Sa, bytes: u32): u32 {
  const facts = factsOf(sa);
  sa.packets++;
  sa.bytes += bytes;
  return sa.packets >= facts.soft || sa.bytes >= facts.softBytes ? CRYPTO_SOFT_EXPIRY : CRYPTO_OK;
}
