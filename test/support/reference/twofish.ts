// Twofish encryption from its description: B. Schneier et al., "Twofish: A 128-Bit Block Cipher" (1998), section 4, with
// permutations as tables and fields bit by bit.

const nibbles = (digits: string): number[] => [...digits].map((digit) => Number.parseInt(digit, 16));
const look = (table: readonly number[] | undefined, index: number): number => table?.[index] ?? 0;
const rotateNibble = (x: number): number => (x >> 1) | ((x & 1) << 3);
const rotateLeft = (x: number, n: number): number => ((x << n) | (x >>> (32 - n))) >>> 0;
const add = (...terms: number[]): number => terms.reduce((sum, term) => (sum + term) >>> 0, 0);

/** A permutation of bytes from four of nibbles (section 4.3.5). */
function permutation(...digits: string[]): number[] {
  const t = digits.map(nibbles);
  return Array.from({ length: 256 }, (_, x) => {
    const mixed = (a: number, b: number): [number, number] => [a ^ b, a ^ rotateNibble(b) ^ ((8 * a) & 15)];
    const [a1, b1] = mixed(x >> 4, x & 15);
    const [a3, b3] = mixed(look(t[0], a1), look(t[1], b1));
    return 16 * look(t[3], b3) + look(t[2], a3);
  });
}

const q0 = permutation('817d6f320b59eca4', 'ecb81235f4a6709d', 'ba5e6d90c8f32471', 'd7f4126e9b3085ca');
const q1 = permutation('28bdf76e31940ac5', '1e2b4c376da5f908', '4c75169a0ed82b3f', 'b951c3de647f208a');

/** Multiplication of polynomials over GF(2) modulo one of degree 8. */
function multiply(a: number, b: number, modulus: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product <<= 1;
    if (product & 0x100) product ^= modulus;
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

const matrixTimes = (matrix: readonly number[][], vector: readonly number[], modulus: number): number[] =>
  matrix.map((row) => row.reduce((sum, factor, n) => sum ^ multiply(factor, vector[n] ?? 0, modulus), 0));

const MDS = [
  [0x01, 0xef, 0x5b, 0x5b],
  [0x5b, 0xef, 0xef, 0x01],
  [0xef, 0x5b, 0x01, 0xef],
  [0xef, 0x01, 0xef, 0x5b],
];
const RS = [
  [0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e],
  [0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5],
  [0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19],
  [0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03],
];

/** Which permutation each byte of a word goes through, before it meets L3, L2, L1 and L0, and at the end (section 4.3.2). */
const STEPS = [
  [q1, q0, q0, q1],
  [q1, q1, q0, q0],
  [q0, q1, q0, q1],
  [q0, q0, q1, q1],
  [q1, q0, q1, q0],
];

type Word = readonly number[];
const toNumber = (word: Word): number => word.reduce((sum, byte, n) => (sum | (byte << (8 * n))) >>> 0, 0);
const toWord = (x: number): Word => [0, 8, 16, 24].map((shift) => (x >>> shift) & 255);

function h(x: number, list: readonly Word[]): number {
  let bytes = toWord(x);
  for (const [step, permutations] of STEPS.slice(4 - list.length).entries()) {
    const key = list[list.length - 1 - step] ?? [0, 0, 0, 0];
    bytes = bytes.map((byte, n) => look(permutations[n], byte) ^ (key[n] ?? 0));
  }
  return toNumber(matrixTimes(MDS, bytes, 0x169));
}

/** The enciphering of blocks of 16 bytes under a key of 16, 24 or 32. */
export function twofish(key: Uint8Array): (block: Uint8Array) => Uint8Array {
  const pairs = Array.from({ length: key.length / 8 }, (_, n) => [...key.subarray(8 * n, 8 * n + 8)]);
  const even = pairs.map((bytes) => bytes.slice(0, 4));
  const odd = pairs.map((bytes) => bytes.slice(4));
  const boxes = pairs.map((bytes) => matrixTimes(RS, bytes, 0x14d)).reverse();
  const subkeys = Array.from({ length: 20 }, (_, i) => {
    const a = h(2 * i * 0x01010101, even);
    const b = rotateLeft(h((2 * i + 1) * 0x01010101, odd), 8);
    return [add(a, b), rotateLeft(add(a, b, b), 9)];
  }).flat();
  const subkey = (n: number): number => subkeys[n] ?? 0;

  return (block) => {
    const whitened = [0, 1, 2, 3].map((n) => (toNumber([...block.subarray(4 * n, 4 * n + 4)]) ^ subkey(n)) >>> 0);
    let [r0 = 0, r1 = 0, r2 = 0, r3 = 0] = whitened;
    for (let round = 0; round < 16; round++) {
      const t0 = h(r0, boxes);
      const t1 = h(rotateLeft(r1, 8), boxes);
      const f0 = add(t0, t1, subkey(2 * round + 8));
      const f1 = add(t0, t1, t1, subkey(2 * round + 9));
      [r0, r1, r2, r3] = [rotateLeft((r2 ^ f0) >>> 0, 31), (rotateLeft(r3, 1) ^ f1) >>> 0, r0, r1];
    }
    return Uint8Array.from([r2, r3, r0, r1].flatMap((word, n) => toWord((word ^ subkey(n + 4)) >>> 0)));
  };
}
