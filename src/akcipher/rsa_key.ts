import { readIntegers } from './der.ts';
import { isLess } from './octets.ts';

/** The primes of a private key (RFC 8017, section 3.2), each number big-endian without leading zeros. */
export interface RsaPrimes {
  p: Uint8Array;
  q: Uint8Array;
  /** d mod p - 1, and d mod q - 1. */
  dp: Uint8Array;
  dq: Uint8Array;
  /** 1 / q mod p. */
  qInv: Uint8Array;
  /** p and q as moduli of a build of the kernel, once an operation has prepared them. They are as secret as the primes. */
  prepared?: { build: string; p: Uint8Array; q: Uint8Array };
}

/** An RSA key. Numbers are big-endian, without leading zeros. */
export interface RsaKey {
  n: Uint8Array;
  e: Uint8Array;
  /** Length of n in bits. */
  bits: number;
  /** The private exponent, of a private key. */
  d?: Uint8Array;
  /** The primes, if the private key has them. */
  primes?: RsaPrimes;
}

/** The shortest modulus, in bits. */
export const MODULUS_BITS_MIN = 512;
/** The longest modulus that can be allowed, in bits. */
export const MODULUS_BITS_MAX = 8192;

const PUBLIC_INTEGERS = 2;
const PRIVATE_INTEGERS = 9;

/** The longest key in DER for moduli of at most `modulusBits` bits, in bytes: nine INTEGERs, five of them half as long. */
export function keyBytesMax(modulusBits: number): number {
  const bytes = Math.ceil(modulusBits / 8);
  return Math.floor(4.5 * bytes) + 96;
}

/**
 * Reads RSAPublicKey or RSAPrivateKey (RFC 8017, appendix A.1), and checks what needs no long arithmetic.
 * @param modulusBits the longest modulus that is allowed, in bits
 * @returns undefined if the bytes are no such key, or a key that no operation may use
 */
export function readRsaKey(bytes: Uint8Array, isPrivate: boolean, modulusBits: number): RsaKey | undefined {
  const integers = readIntegers(bytes, [isPrivate ? PRIVATE_INTEGERS : PUBLIC_INTEGERS]);
  if (!integers) return undefined;
  const key = isPrivate ? privateKeyOf(integers) : publicKeyOf(integers);
  if (key && key.bits >= MODULUS_BITS_MIN && key.bits <= modulusBits) return key;
  for (const integer of integers) integer.fill(0);
  return undefined;
}

function publicKeyOf([n, e]: readonly Uint8Array[]): RsaKey | undefined {
  if (!n || !e) return undefined;
  const isOne = e.length === 1 && e[0] === 1;
  if (!isOdd(n) || !isOdd(e) || isOne || !isLess(e, n)) return undefined;
  return { n, e, bits: bitsOf(n) };
}

function privateKeyOf(integers: readonly Uint8Array[]): RsaKey | undefined {
  const [version, n, e, d, p, q, dp, dq, qInv] = integers;
  // Version 1 is a key of more than two primes.
  if (!version || version.length > 0 || !n || !e || !d || !p || !q || !dp || !dq || !qInv) return undefined;
  const key = publicKeyOf([n, e]);
  if (!key || d.length === 0 || !isLess(d, n)) return undefined;
  const crt = [p, q, dp, dq, qInv];
  if (crt.every(({ length }) => length === 0)) return { ...key, d };
  const fit = isOdd(p) && isOdd(q) && isLess(dp, p) && isLess(dq, q) && isLess(qInv, p);
  // Both primes are shorter than n, so their buffers are, too.
  if (!fit || crt.some(({ length }) => length === 0) || p.length > n.length || q.length > n.length) return undefined;
  return { ...key, d, primes: { p, q, dp, dq, qInv } };
}

/** Overwrites the numbers of a key. */
export function wipeKey({ n, e, d, primes }: RsaKey): void {
  const { prepared, ...numbers } = primes ?? {};
  for (const number of [n, e, d, ...Object.values(numbers), prepared?.p, prepared?.q]) number?.fill(0);
}

/** Length in bits of a number without leading zeros. */
export function bitsOf(number: Uint8Array): number {
  return 8 * number.length - Math.clz32(number[0] ?? 0) + 24;
}

function isOdd(number: Uint8Array): boolean {
  return ((number.at(-1) ?? 0) & 1) === 1;
}
