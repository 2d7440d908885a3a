// The curves of ECDSA (SP 800-186, section 3.2.1), as far as keys and signatures are checked without arithmetic on points.

/** y^2 = x^3 - 3 x + b modulo p. Its points form a group of the prime order n. */
export interface Curve {
  /** curve_id (5.9.7.2.1). */
  id: number;
  p: bigint;
  b: bigint;
  n: bigint;
  /** Length of p, and of n, in bits. */
  bits: number;
  /** Length of a coordinate, and of n, in bytes. */
  bytes: number;
  /** Object identifier of the curve, without tag and length (RFC 5480, section 2.1.1.1; SEC 2 for P-192 as prime192v1). */
  oid: readonly number[];
}

const P192 = 0xfffffffffffffffffffffffffffffffeffffffffffffffffn;
const P224 = 0xffffffffffffffffffffffffffffffff000000000000000000000001n;
const P256 = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const P384 = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn;
const P521 = (1n << 521n) - 1n;

export const CURVES: readonly Curve[] = [
  {
    id: 1,
    p: P192,
    b: 0x64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1n,
    n: 0xffffffffffffffffffffffff99def836146bc9b1b4d22831n,
    bits: 192,
    bytes: 24,
    oid: [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1],
  },
  {
    id: 2,
    p: P224,
    b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
    n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
    bits: 224,
    bytes: 28,
    oid: [0x2b, 0x81, 4, 0, 33],
  },
  {
    id: 3,
    p: P256,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    bits: 256,
    bytes: 32,
    oid: [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
  },
  {
    id: 4,
    p: P384,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    bits: 384,
    bytes: 48,
    oid: [0x2b, 0x81, 4, 0, 34],
  },
  {
    id: 5,
    p: P521,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    bits: 521,
    bytes: 66,
    oid: [0x2b, 0x81, 4, 0, 35],
  },
];

/** The curve of a curve_id; undefined if there is none. */
export function curveOf(id: number): Curve | undefined {
  return CURVES.find((curve) => curve.id === id);
}

/** A point's encoding (SEC 1, section 2.3.3): its first octet. */
const UNCOMPRESSED = 4;
const COMPRESSED = [2, 3];

/**
 * Looks at the octets of a point (SEC 1, section 2.3.4).
 * @returns 'compressed' for an encoding that is not read here; 'wrong' for the point at infinity, a point off the curve, and all else
 */
export function pointKind(octets: Uint8Array, { p, b, bytes }: Curve): 'point' | 'compressed' | 'wrong' {
  const [first] = octets;
  if (first !== undefined && COMPRESSED.includes(first) && octets.length === 1 + bytes) return 'compressed';
  if (first !== UNCOMPRESSED || octets.length !== 1 + 2 * bytes) return 'wrong';
  const x = numberOf(octets.subarray(1, 1 + bytes));
  const y = numberOf(octets.subarray(1 + bytes));
  if (x >= p || y >= p) return 'wrong';
  return (y * y - x * x * x + 3n * x - b) % p === 0n ? 'point' : 'wrong';
}

/** A number of big-endian bytes. */
export function numberOf(bytes: Uint8Array): bigint {
  let hex = '0x0';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
}

/** A number as `length` big-endian bytes, which are enough for it. */
export function bytesOf(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16).padStart(2 * length, '0');
  return Uint8Array.from({ length }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
