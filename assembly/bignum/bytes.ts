// Numbers as bytes, most significant first, and back (RFC 8017, sections 4.1 and 4.2). Times depend on lengths alone.
import { LIMB_BITS, LIMB_MASK, limbOf, numberBytes, setLimb } from './kernel';
import { wipe } from '../memory/bytes';

/** Reads `length` bytes as a number of `limbs` limbs. Bits beyond the last limb are lost. */
export function fromBytes(number: usize, limbs: u32, bytes: usize, length: u32): void {
  wipe(number, numberBytes(limbs));
  let bits: u64 = 0;
  let count: u32 = 0;
  let limb: u32 = 0;
  for (let at = length; at > 0 && limb < limbs; at--) {
    bits |= (<u64>load<u8>(bytes + at - 1)) << count;
    count += 8;
    if (count >= LIMB_BITS) {
      setLimb(number, limb, bits & LIMB_MASK);
      bits >>= LIMB_BITS;
      count -= LIMB_BITS;
      limb++;
    }
  }
  if (limb < limbs) setLimb(number, limb, bits);
}

/** Writes the low `length` bytes of a number of `limbs` limbs. */
export function toBytes(bytes: usize, length: u32, number: usize, limbs: u32): void {
  let bits: u64 = 0;
  let count: u32 = 0;
  let limb: u32 = 0;
  for (let at = length; at > 0; at--) {
    if (count < 8) {
      if (limb < limbs) bits |= limbOf(number, limb) << count;
      count += LIMB_BITS;
      limb++;
    }
    store<u8>(bytes + at - 1, <u8>bits);
    bits >>= 8;
    count -= 8;
  }
}

/** 0 if the first number is smaller, else 1. */
export function notBelow(a: usize, b: usize, limbs: u32): u32 {
  let borrow: i64 = 0;
  for (let limb: u32 = 0; limb < limbs; limb++) {
    borrow = (<i64>limbOf(a, limb) - <i64>limbOf(b, limb) + borrow) >> LIMB_BITS;
  }
  return <u32>(borrow + 1);
}

/** 1 if two numbers are equal, else 0. */
export function equal(a: usize, b: usize, limbs: u32): u32 {
  let differ: u64 = 0;
  for (let limb: u32 = 0; limb < limbs; limb++) differ |= limbOf(a, limb) ^ limbOf(b, limb);
  return <u32>((differ - 1) >> 63);
}
