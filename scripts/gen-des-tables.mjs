// Turns the tables of DES into code for vectors and writes assembly/generated/des_tables.ts.
//
// A vector holds two blocks, one in each half. A half block of DES is held as E expands it (FIPS 46-3, "The Cipher
// Function f"): lane n has the six bits that S-box n + 1 reads, the two that choose its row above the four that choose its
// column. E and the permutation before it are then one step, a gathering of single bits: six for a half block, eight for
// a block.
//
// A table of S-boxes has one row of two of them, in its low and its high nibbles. All lanes look it up at once; the index is
// brought out of range, where a swizzle answers 0, in lanes of other S-boxes or other rows.
import { writeFileSync } from 'node:fs';

/** The tables of FIPS 46-3 and of its appendix 1, bits numbered from 1 at the most significant. */
const IP = [2, 4, 6, 8, 1, 3, 5, 7].flatMap((bit) => [56, 48, 40, 32, 24, 16, 8, 0].map((before) => before + bit));
const E = Array.from({ length: 8 }, (_, box) => [0, 1, 2, 3, 4, 5].map((n) => ((4 * box + n + 31) % 32) + 1));
const P = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
const PC2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30,
  40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
/** S1 to S8, four rows of sixteen hexadecimal digits each. */
const S = [
  ['e4d12fb83a6c5907', '0f74e2d1a6cb9538', '41e8d62bfc973a50', 'fc8249175b3ea06d'],
  ['f18e6b34972dc05a', '3d47f28ec01a69b5', '0e7ba4d158c6932f', 'd8a13f42b67c05e9'],
  ['a09e63f51dc7b428', 'd709346a285ecbf1', 'd6498f30b12c5ae7', '1ad069874fe3b52c'],
  ['7de3069a1285bc4f', 'd8b56f03472c1ae9', 'a690cb7df13e5284', '3f06a1d8945bc72e'],
  ['2c417ab6853fd0e9', 'eb2c47d150fa3986', '421bad78f9c5630e', 'b8c71e2d6f09a453'],
  ['c1af92680d34e75b', 'af427c9561de0b38', '9ef528c3704a1db6', '432c95fabe17608d'],
  ['4b2ef08d3c975a61', 'd0b7491ae35c2f86', '14bdc37eaf680592', '6bd814a7950fe23c'],
  ['d2846fb1a93e50c7', '1fd8a374c56b0e92', '7b419ce206adf358', '21e74a8dfc90356b'],
];

/** Where the bit that E puts at place `n` of six stands in a lane. */
const PLACES = [0x20, 0x08, 0x04, 0x02, 0x01, 0x10];

const lanes = [...Array(8).keys()];
const signed = (byte) => (byte << 24) >> 24;
const literal = (bytes) => `i8x16(${bytes.map(signed).join(', ')})`;
const twoBlocks = (bytes) => literal([...bytes, ...bytes]);

/** Code that gathers, for every lane, the bit `mask` of the lane `from` into the bit `to`. */
const gather = (vector, sources, to) =>
  `gather(${vector}, ${literal([0, 8].flatMap((block) => sources.map(({ lane }) => lane + block)))}, ` +
  `${twoBlocks(sources.map(({ mask }) => mask))}, ${to})`;

const sum = (terms, join) =>
  terms.length === 1
    ? terms[0]
    : `${join}(${sum(terms.slice(0, terms.length / 2), join)}, ${sum(terms.slice(terms.length / 2), join)})`;

const entry = (comment, signature, body) =>
  `/** ${comment} */\n@inline export function ${signature} {\n${body.map((line) => `  ${line}\n`).join('')}}\n`;

/** E of a half block whose bit n is found at `source(n)`. */
const expansion = (vector, source) => [
  ...PLACES.map(
    (place, n) =>
      `const bit${n} = ${gather(
        vector,
        lanes.map((lane) => source(E[lane][n])),
        place,
      )};`,
  ),
  `return ${sum(
    PLACES.map((_, n) => `bit${n}`),
    'v128.or',
  )};`,
];

const inBytes = (bit) => ({ lane: (bit - 1) >> 3, mask: 0x80 >> ((bit - 1) & 7) });
/** Bit of the 32 that S-boxes give, in tables of two. */
const inBoxes = (bit) => {
  const lane = (bit - 1) >> 2;
  return { lane, mask: (8 >> ((bit - 1) & 3)) << (lane & 1 ? 4 : 0) };
};
/** Bit of a half block, among the four of a lane that are in no other lane. */
const inExpanded = (bit) => ({ lane: (bit - 1) >> 2, mask: PLACES[1 + ((bit - 1) & 3)] });

const rows = [0, 1, 2, 3].flatMap((pair) => [0, 1, 2, 3].map((row) => ({ pair, row })));
const substitution = [
  ...rows.map(({ pair, row }) => {
    const digits = (box) => [...S[box][row]].map((digit) => Number.parseInt(digit, 16));
    const high = digits(2 * pair + 1);
    const table = digits(2 * pair).map((digit, column) => digit | (high[column] << 4));
    const turn = lanes.map((box) => (box >> 1 === pair ? row << 4 : 0x80));
    return `const pair${pair}row${row} = i8x16.swizzle(${literal(table)}, v128.xor(x, ${twoBlocks(turn)}));`;
  }),
  `return ${sum(
    rows.map(({ pair, row }) => `pair${pair}row${row}`),
    'v128.or',
  )};`,
];

const final = Array.from({ length: 8 }, (_, bit) => {
  const sources = lanes.map((byte) => IP.indexOf(8 * byte + bit + 1) + 1);
  const right = sources[0] > 32;
  return gather(
    right ? 'right' : 'left',
    sources.map((n) => inExpanded(right ? n - 32 : n)),
    signed(0x80 >> bit),
  );
});

/** Shifts that bring the bits of PC2 for place `n` of every lane to the bottom of a 56-bit word, lane 0 lowest. */
const selection = (n) => lanes.reduce((word, lane) => word | (BigInt(56 - PC2[6 * lane + n]) << BigInt(8 * lane)), 0n);

const text = [
  entry(
    'E of the left half after the initial permutation IP.',
    'expandLeft(x: v128): v128',
    expansion('x', (bit) => inBytes(IP[bit - 1])),
  ),
  entry(
    'E of the right half after the initial permutation IP.',
    'expandRight(x: v128): v128',
    expansion('x', (bit) => inBytes(IP[bit + 31])),
  ),
  entry(
    'The S-boxes, each lane its own: those of even lanes in the low nibble, those of odd lanes in the high nibble.',
    'substitute(x: v128): v128',
    substitution,
  ),
  entry(
    'E of what P makes of the result of `substitute`.',
    'permuteAndExpand(x: v128): v128',
    expansion('x', (bit) => inBoxes(P[bit - 1])),
  ),
  entry('The inverse of IP, from two halves as E expands them.', 'finalPermutation(left: v128, right: v128): v128', [
    ...final.map((code, bit) => `const bit${bit} = ${code};`),
    `return ${sum(
      final.map((_, bit) => `bit${bit}`),
      'v128.or',
    )};`,
  ]),
  `/** Where PC-2 finds the bits for place \`n\` of a lane: a shift of the 56 bits in each byte, that of lane 0 lowest. */\n` +
    `export function selection(n: u32): u64 {\n  switch (n) {\n${PLACES.map(
      (_, n) => `    ${n === 5 ? 'default' : `case ${n}`}: return 0x${selection(n).toString(16).padStart(16, '0')};\n`,
    ).join('')}  }\n}\n`,
  `/** How far above the bottom of a lane place \`n\` is. */\n` +
    `@inline export function placeShift(n: u32): u32 {\n  return (0x${PLACES.toReversed()
      .map((place) => Math.log2(place))
      .join('')} >> (n << 2)) & 15;\n}\n`,
];

writeFileSync(
  new URL('../assembly/generated/des_tables.ts', import.meta.url),
  `// Generated by scripts/gen-des-tables.mjs, which explains how DES is held in vectors. Do not edit.

// Bit \`from\` of each lane's own source, as bit \`to\`.
@inline function gather(x: v128, sources: v128, from: v128, to: i8): v128 {
  return v128.and(i8x16.eq(v128.and(i8x16.swizzle(x, sources), from), from), i8x16.splat(to));
}

${text.join('\n')}`,
);
