// GF(2^8) as nibble tables, for the scripts that derive S-boxes from them.
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

const INFINITY = 0x80;
export const nibbles = [...Array(16).keys()];
export const bytes = [...Array(256).keys()];

/** Multiplication in the AES field, FIPS 197 section 4.2. */
export function multiply(a, b) {
  let product = 0;
  for (let factor = a, bits = b; bits > 0; bits >>= 1) {
    if (bits & 1) product ^= factor;
    factor = (factor << 1) ^ (factor & 0x80 ? 0x11b : 0);
  }
  return product;
}

/** The inverse of a permutation of bytes. */
export const inverseOf = (map) => {
  const table = new Uint8Array(256);
  for (const x of bytes) table[map(x)] = x;
  return (y) => table[y];
};

/** GF(2^4) inside the AES field: 0, 1, g, ... for a root g of x⁴ + x + 1, so that nibbles add as bytes do. */
const root = bytes.find((g) => g > 1 && (multiply(multiply(g, g), multiply(g, g)) ^ g ^ 1) === 0);
const powers = [1, root, multiply(root, root), multiply(root, multiply(root, root))];
const embed = (nibble) => powers.reduce((sum, power, bit) => (nibble & (1 << bit) ? sum ^ power : sum), 0);
const embedded = nibbles.map(embed);
export const reciprocal = (byte) => bytes.find((x) => multiply(x, byte) === 1);

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
export const toPair = inverseOf(fromPair);

const over = (numerator) =>
  nibbles.map((n) => (n === 0 ? INFINITY : embedded.indexOf(multiply(numerator, reciprocal(embedded[n])))));
export const recip = over(1);
export const aOver = over(a);

const aInverse = reciprocal(a);
const ioFactor = 1 ^ multiply(tau, multiply(1 ^ aInverse, aInverse));
const joFactor = multiply(tau, multiply(aInverse, aInverse));
/** The pair of tables that takes io and jo to map(1/x). */
export const afterInversion = (map) =>
  [ioFactor, joFactor].map((factor) => recip.map((r) => (r === INFINITY ? 0 : map(multiply(factor, embedded[r])))));
/** The pair of tables that takes the low and the high nibble of x to map(x). */
export const ofNibbles = (map) => [nibbles.map((n) => map(n)), nibbles.map((n) => map(n << 4))];

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

/** A table of 16 bytes as AssemblyScript writes a v128. */
export const literal = (table) => `i8x16(${table.map((byte) => (byte << 24) >> 24).join(', ')})`;

/** A named table. */
export const entry = (name, comment, table) =>
  `/** ${comment} */\n@inline export function ${name}(): v128 {\n  return ${literal(table)};\n}\n`;
