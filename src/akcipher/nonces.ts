// The nonces of ECDSA (RFC 6979, section 3.2), in the kernel's memory: they are as secret as the private key.
import * as spec from '../../spec/crypto.ts';
import type { Arena } from './arena.ts';
import type { CurveExports } from './curve_kernel.ts';
import type { Curve } from './curves.ts';

/** The hash of a session's nonces, by the length of the digest: a session of ECDSA names no hash (5.9.7.2.1). */
const HASHES: Readonly<Record<number, { mac: number; bytes: number }>> = {
  20: { mac: spec.MAC_HMAC_SHA1, bytes: 20 },
  28: { mac: spec.MAC_HMAC_SHA_224, bytes: 28 },
  48: { mac: spec.MAC_HMAC_SHA_384, bytes: 48 },
  64: { mac: spec.MAC_HMAC_SHA_512, bytes: 64 },
};
const SHA_256 = { mac: spec.MAC_HMAC_SHA_256, bytes: 32 };

/** Makes the nonces of one signature, one after the other. */
export class Nonces {
  readonly #arena: Arena<CurveExports>;
  readonly #curve: Curve;
  readonly #mac: number;
  readonly #hashBytes: number;
  readonly #context: number;
  /** K and V. */
  readonly #key: number;
  readonly #value: number;
  /** What K is made of: V, a byte, and the seed. */
  readonly #message: number;
  readonly #bits: number;
  #isFirst = true;

  /**
   * @param digestBytes length of the digest that is signed
   * @param d address of the private key, as long as the order
   * @param hash address of the digest modulo the order, as long as the order
   */
  constructor(arena: Arena<CurveExports>, curve: Curve, digestBytes: number, d: number, hash: number) {
    const { mac, bytes } = HASHES[digestBytes] ?? SHA_256;
    this.#arena = arena;
    this.#curve = curve;
    this.#mac = mac;
    this.#hashBytes = bytes;
    this.#context = arena.take(arena.kernel.hmacBytes());
    this.#key = arena.take(bytes);
    this.#value = arena.take(bytes);
    this.#message = arena.take(bytes + 1 + 2 * curve.bytes);
    this.#bits = arena.take(bytes + curve.bytes);
    const seed = this.#message + bytes + 1;
    arena.bytes.copyWithin(seed, d, d + curve.bytes);
    arena.bytes.copyWithin(seed + curve.bytes, hash, hash + curve.bytes);
    arena.bytes.fill(1, this.#value, this.#value + bytes);
    // Steps d to g.
    for (const byte of [0, 1]) this.#renew(byte, 2 * curve.bytes);
  }

  /** The address of the next nonce (step h), as long as the order. It may be 0, or not below the order. The next one takes its place. */
  next(): number {
    const { bytes } = this.#arena;
    if (!this.#isFirst) this.#renew(0, 0);
    this.#isFirst = false;
    for (let at = 0; at < this.#curve.bytes; at += this.#hashBytes) {
      this.#hash(this.#value, this.#hashBytes, this.#value);
      bytes.copyWithin(this.#bits + at, this.#value, this.#value + this.#hashBytes);
    }
    shiftRight(bytes.subarray(this.#bits, this.#bits + this.#curve.bytes), spareBits(this.#curve));
    return this.#bits;
  }

  /** K becomes the HMAC of V, a byte and the seed, or its first bytes, and V becomes the HMAC of V. */
  #renew(byte: number, seedBytes: number): void {
    const { bytes } = this.#arena;
    const length = this.#hashBytes;
    bytes.copyWithin(this.#message, this.#value, this.#value + length);
    bytes[this.#message + length] = byte;
    this.#hash(this.#message, length + 1 + seedBytes, this.#key);
    this.#hash(this.#value, length, this.#value);
  }

  #hash(from: number, length: number, to: number): void {
    const { kernel } = this.#arena;
    kernel.hmacSetKey(this.#mac, this.#context, this.#key, this.#hashBytes);
    kernel.hmacDigest(this.#mac, this.#context, from, length, to, this.#hashBytes);
  }
}

/** Bits of the order's bytes that the order does not have. */
const spareBits = ({ bytes, bits }: Curve): number => 8 * bytes - bits;

/** The leftmost bits of a digest, as many as the order has, or all of a shorter one (FIPS 186-5, section 6.4), as long as the order. */
export function leftmostBits(digest: Uint8Array, curve: Curve): Uint8Array {
  const number = new Uint8Array(curve.bytes);
  const taken = digest.subarray(0, curve.bytes);
  number.set(taken, curve.bytes - taken.length);
  if (taken.length === curve.bytes) shiftRight(number, spareBits(curve));
  return number;
}

/** Shifts big-endian bytes by less than 8 bits. */
function shiftRight(bytes: Uint8Array, count: number): void {
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = (((bytes[at - 1] ?? 0) << 8) | (bytes[at] ?? 0)) >> count;
  }
}
