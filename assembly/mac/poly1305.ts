// Poly1305 (RFC 8439 section 2.5), with limbs of 32 bits and products of 64 bits. A context, in bytes from a 16-aligned
// ctx:
//
//   0    r, 4 limbs: clamped, so that all limbs but the first are multiples of 4
//   16   s, 4 limbs
//   32   the accumulator, 5 limbs: computations take the last two as one
//   56   number of bytes kept back, u32
//   64   bytes kept back until a block is whole

const S: usize = 16;
const ACCUMULATOR: usize = 32;
const KEPT_BYTES: usize = 56;
const KEPT: usize = 64;

/** Bytes of a context. Wiping it wipes every trace of the key and of the message. */
export const POLY1305_CONTEXT_BYTES: usize = 80;

const LOW: u64 = 0xffffffff;

// The sums of products of (h + block) r (section 2.5.1). No sum overflows. Every limb of r is below 2²⁸, and those of h
// are below 3.25, 2, 2 and 6 times 2³². The first sum is the largest, and it is below
// (3.25 + 5/4 * (2 + 2 + 6)) * 2⁶⁰ = 15.75 * 2⁶⁰.
@inline export function sumOf(a: u64, w: u64, b: u64, x: u64, c: u64, y: u64, d: u64, z: u64): u64 {
  return a * w + b * x + c * y + d * z;
}

/** The limb `index` of r or of the accumulator at `limbs`. */
@inline export function limb(limbs: usize, index: usize): u64 {
  return load<u32>(limbs + (index << 2)) as u64;
}

/** A limb of r times 2¹²⁸. All limbs but the first are multiples of 4, and 2¹³⁰ equals 5 modulo the prime. */
@inline export function folded(r: u64): u64 {
  return r + (r >> 2);
}

/** Where the accumulator of a context is. Its last limb includes the bits from 2¹²⁸ on. */
@inline export function accumulatorOf(ctx: usize): usize {
  return ctx + ACCUMULATOR;
}

/** Stores the limbs of the accumulator at `accumulator`, with their carries moved. */
@inline export function storeLimbs(accumulator: usize, h0: u64, h1: u64, h2: u64, h3: u64): void {
  h1 += h0 >> 32;
  h2 += h1 >> 32;
  h3 += h2 >> 32;
  store<u32>(accumulator, h0 as u32);
  store<u32>(accumulator, h1 as u32, 4);
  store<u32>(accumulator, h2 as u32, 8);
  store<u64>(accumulator, h3, 12);
}

// Adds each block, with a bit `top` above its 128 bits, and multiplies by r (section 2.5.1).
function absorb(ctx: usize, src: usize, blocks: usize, top: u64): void {
  const r0 = limb(ctx, 0);
  const r1 = limb(ctx, 1);
  const r2 = limb(ctx, 2);
  const r3 = limb(ctx, 3);
  const f1 = folded(r1);
  const f2 = folded(r2);
  const f3 = folded(r3);
  const accumulator = accumulatorOf(ctx);
  let h0 = limb(accumulator, 0);
  let h1 = limb(accumulator, 1);
  let h2 = limb(accumulator, 2);
  let h3 = load<u64>(accumulator, 12);
  for (const end = src + (blocks << 4); src != end; src += 16) {
    h0 += limb(src, 0);
    h1 += limb(src, 1);
    h2 += limb(src, 2);
    h3 += limb(src, 3) + (top << 32);
    const d0 = sumOf(h1, f3, h2, f2, h3, f1, h0, r0);
    const d1 = sumOf(h1, r0, h2, f3, h3, f2, h0, r1) + (d0 >> 32);
    const d2 = sumOf(h1, r1, h2, r0, h3, f3, h0, r2) + (d1 >> 32);
    const d3 = sumOf(h1, r2, h2, r1, h3, r0, h0, r3) + (d2 >> 32);
    h0 = (d0 & LOW) + (d3 >> 34) * 5;
    h1 = d1 & LOW;
    h2 = d2 & LOW;
    h3 = d3 & 0x3ffffffff;
  }
  storeLimbs(accumulator, h0, h1, h2, h3);
}

/**
 * Begins a message under a key of its own.
 * @param ctx POLY1305_CONTEXT_BYTES of memory, 16-aligned
 * @param key r and s, 32 bytes, any alignment: used for this message only
 */
export function poly1305Init(ctx: usize, key: usize): void {
  store<u32>(ctx, load<u32>(key) & 0x0fffffff);
  store<u32>(ctx, load<u32>(key, 4) & 0x0ffffffc, 4);
  store<u32>(ctx, load<u32>(key, 8) & 0x0ffffffc, 8);
  store<u32>(ctx, load<u32>(key, 12) & 0x0ffffffc, 12);
  v128.store(ctx, v128.load(key, 16), S);
  memory.fill(ctx + ACCUMULATOR, 0, KEPT - ACCUMULATOR);
}

/**
 * Goes on with a message.
 * @param src the next `bytes` bytes of the message, any alignment
 */
export function poly1305Update(ctx: usize, src: usize, bytes: usize): void {
  const kept = load<u32>(ctx, KEPT_BYTES) as usize;
  if (kept != 0) {
    const part = min<usize>(16 - kept, bytes);
    memory.copy(ctx + KEPT + kept, src, part);
    store<u32>(ctx, (kept + part) as u32, KEPT_BYTES);
    if (kept + part != 16) return;
    absorb(ctx, ctx + KEPT, 1, 1);
    src += part;
    bytes -= part;
  }
  const rest = bytes & 15;
  absorb(ctx, src, bytes >> 4, 1);
  memory.copy(ctx + KEPT, src + bytes - rest, rest);
  store<u32>(ctx, rest as u32, KEPT_BYTES);
}

/** Fills the message up with zeros to whole blocks, as the AEAD construction does (RFC 8439 section 2.8). */
export function poly1305Pad(ctx: usize): void {
  const kept = load<u32>(ctx, KEPT_BYTES) as usize;
  if (kept == 0) return;
  memory.fill(ctx + KEPT + kept, 0, 16 - kept);
  absorb(ctx, ctx + KEPT, 1, 1);
  store<u32>(ctx, 0, KEPT_BYTES);
}

/**
 * Ends a message. poly1305Init begins the next message.
 * @param tag where the tag goes, 16 bytes, any alignment
 */
export function poly1305Final(ctx: usize, tag: usize): void {
  const kept = load<u32>(ctx, KEPT_BYTES) as usize;
  if (kept != 0) {
    memory.fill(ctx + KEPT + kept, 0, 16 - kept);
    store<u8>(ctx + KEPT + kept, 1);
    absorb(ctx, ctx + KEPT, 1, 0);
  }
  const accumulator = ctx + ACCUMULATOR;
  // The accumulator may be too large by one modulus. Then adding 5 carries into 2¹³⁰, and the 5 stays added.
  let carry: u64 = 5;
  for (let index: usize = 0; index < 4; ++index) carry = (carry + limb(accumulator, index)) >> 32;
  carry = ((carry + limb(accumulator, 4)) >> 2) * 5;
  for (let index: usize = 0; index < 4; ++index) {
    carry += limb(accumulator, index) + limb(ctx + S, index);
    store<u32>(tag + (index << 2), carry as u32);
    carry >>= 32;
  }
}
