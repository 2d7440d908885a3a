// Derives the nibble tables of the vector-permute AES kernels and writes assembly/cipher/aes_tables.ts.
//
// Mike Hamburg, "Accelerating AES with Vector Permute Instructions" (CHES 2009): write GF(2^8) as GF(2^4)[τ] with
// τ² + aτ + a = 0. For x = k + iτ and j = i + k, two values whose reciprocals span 1/x come out of 4-bit lookups alone:
//
//   io = 1/(1/i + a/k) + j        1/x = 1/io + τ·((1 + 1/a)/a · 1/io + 1/a² · 1/jo)
//   jo = 1/(1/j + a/k) + i
//
// 1/0 is written 0x80: a swizzle answers 0 for it, which is 1/∞, and it stays out of range when a nibble is added.
// Every linear map after the inversion (the affine map of SubBytes, a coefficient of MixColumns, a change of basis) is
// then one table indexed by io and one indexed by jo.
import { writeFileSync } from 'node:fs';

const INFINITY = 0x80;
const nibbles = [...Array(16).keys()];
const bytes = [...Array(256).keys()];

/** Multiplication in the AES field, FIPS 197 section 4.2. */
function multiply(a, b) {
  let product = 0;
  for (let factor = a, bits = b; bits > 0; bits >>= 1) {
    if (bits & 1) product ^= factor;
    factor = (factor << 1) ^ (factor & 0x80 ? 0x11b : 0);
  }
  return product;
}

const rotate = (x, n) => ((x << n) | (x >> (8 - n))) & 0xff;
/** The linear part of SubBytes, FIPS 197 section 5.1.1; the kernels carry the constant 0x63 in the round keys. */
const affine = (x) => x ^ rotate(x, 1) ^ rotate(x, 2) ^ rotate(x, 3) ^ rotate(x, 4);
const inverseOf = (map) => {
  const table = new Uint8Array(256);
  for (const x of bytes) table[map(x)] = x;
  return (y) => table[y];
};
const unaffine = inverseOf(affine);

/** GF(2^4) inside the AES field: 0, 1, g, ... for a root g of x⁴ + x + 1, so that nibbles add as bytes do. */
const root = bytes.find((g) => g > 1 && (multiply(multiply(g, g), multiply(g, g)) ^ g ^ 1) === 0);
const powers = [1, root, multiply(root, root), multiply(root, multiply(root, root))];
const embed = (nibble) => powers.reduce((sum, power, bit) => (nibble & (1 << bit) ? sum ^ power : sum), 0);
const embedded = nibbles.map(embed);
const reciprocal = (byte) => bytes.find((x) => multiply(x, byte) === 1);

// The first a for which τ is not in GF(2^4): any of them gives the same speed.
const [a, tau] = (() => {
  for (const a of embedded.slice(1)) {
    const tau = bytes.find((t) => !embedded.includes(t) && (multiply(t, t) ^ multiply(a, t) ^ a) === 0);
    if (tau !== undefined) return [a, tau];
  }
  throw new Error('no quadratic extension found');
})();

/** From the nibble pair (k low, i high) to the AES field, and back. */
const fromPair = (pair) => embedded[pair & 15] ^ multiply(embedded[pair >> 4], tau);
const toPair = inverseOf(fromPair);

const over = (numerator) =>
  nibbles.map((n) => (n === 0 ? INFINITY : embedded.indexOf(multiply(numerator, reciprocal(embedded[n])))));
const recip = over(1);
const aOver = over(a);

const aInverse = reciprocal(a);
const ioFactor = 1 ^ multiply(tau, multiply(1 ^ aInverse, aInverse));
const joFactor = multiply(tau, multiply(aInverse, aInverse));
/** The pair of tables that takes io and jo to map(1/x). */
const afterInversion = (map) =>
  [ioFactor, joFactor].map((factor) => recip.map((r) => (r === INFINITY ? 0 : map(multiply(factor, embedded[r])))));
/** The pair of tables that takes the low and the high nibble of x to map(x). */
const ofNibbles = (map) => [nibbles.map((n) => map(n)), nibbles.map((n) => map(n << 4))];

/** Decryption inverts the affine map before it inverts in the field, so its states rest in this basis between rounds. */
const toDecryption = (x) => toPair(unaffine(x));

const sections = [
  ['RECIPROCAL', '1/n', recip],
  ['A_OVER', 'a/n', aOver],
  ['PAIR', 'from the bytes of FIPS 197 to nibble pairs', ofNibbles(toPair), ['LOW', 'HIGH']],
  [
    'UNAFFINE',
    'from bytes to the nibble pairs of decryption: the inverse affine map first',
    ofNibbles(toDecryption),
    ['LOW', 'HIGH'],
  ],
  ['SBOX', 'SubBytes without its constant, to bytes', afterInversion(affine)],
  ['SBOX_1', 'SubBytes without its constant, to nibble pairs', afterInversion((x) => toPair(affine(x)))],
  [
    'SBOX_2',
    'the same times 2, the first coefficient of MixColumns',
    afterInversion((x) => toPair(multiply(2, affine(x)))),
  ],
  ['SBOX_3', 'the same times 3', afterInversion((x) => toPair(multiply(3, affine(x))))],
  ['INVERSE', 'the reciprocal, to bytes', afterInversion((x) => x)],
  ...[14, 11, 13, 9].map((n) => [
    `INVERSE_${n}`,
    `the reciprocal times ${n}, a coefficient of InvMixColumns, to the nibble pairs of decryption`,
    afterInversion((x) => toDecryption(multiply(n, x))),
  ]),
];

// The tables are tested here for all 256 bytes, where a mistake is easiest to see.
const look = (table, index) => (index < 16 ? table[index] : 0);
for (const x of bytes) {
  const pair = toPair(x);
  const [k, i] = [pair & 15, pair >> 4];
  const j = i ^ k;
  const io = look(recip, look(recip, i) ^ look(aOver, k)) ^ j;
  const jo = look(recip, look(recip, j) ^ look(aOver, k)) ^ i;
  const [byIo, byJo] = afterInversion((y) => y);
  if ((look(byIo, io) ^ look(byJo, jo)) !== (x === 0 ? 0 : reciprocal(x))) throw new Error(`1/${x} is wrong`);
}

const literal = (table) => `i8x16(${table.map((byte) => (byte << 24) >> 24).join(', ')})`;
const entry = (name, comment, table) =>
  `/** ${comment} */\n@inline export function ${name}(): v128 {\n  return ${literal(table)};\n}\n`;
const text = sections.flatMap(([name, comment, tables, suffixes = ['IO', 'JO']]) =>
  typeof tables[0] === 'number'
    ? [entry(name, comment, tables)]
    : tables.map((table, n) => entry(`${name}_${suffixes[n]}`, `${comment}; by ${suffixes[n].toLowerCase()}`, table)),
);

writeFileSync(
  new URL('../assembly/cipher/aes_tables.ts', import.meta.url),
  `// Generated by scripts/gen-aes-tables.mjs, which derives and explains the tables. Do not edit.
// Functions, because a module-level v128 constant would become a global.

${text.join('\n')}`,
);
