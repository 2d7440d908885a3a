// Writes the rounds of the hash functions, unrolled and with their constants as literals: assembly/hash/*_rounds*.ts.
//
// The words of a state keep their variables: instead of moving h to g, g to f and so on, each round is written with the
// names turned by one. Constants come from their definitions: roots of primes (FIPS 180-4 section 4.2), sines (RFC 1321
// section 3.4), the shift register of Keccak (FIPS 202 section 3.2.5).
import { writeFileSync } from 'node:fs';

const range = (length) => Array.from({ length }, (_, n) => n);
const hex = (value, bits) =>
  `0x${BigInt.asUintN(bits, BigInt(value))
    .toString(16)
    .padStart(bits / 4, '0')}`;
const at = (offset) => (offset === 0 ? '' : `, ${offset}`);
const indent = (lines, by) => lines.map((line) => ' '.repeat(by) + line);
/** `names` as round `t` sees them, each turned by one place a round. */
const turned = (names, t) => names.map((_, n) => names[(n + names.length * t - t) % names.length]);

const primes = range(410).filter((n) => n > 1 && range(n).every((divisor) => divisor < 2 || n % divisor !== 0));
/** The first `bits` bits of the fractional part of the cube root of a prime. */
function cubeRoot(prime, bits) {
  const cube = BigInt(prime) << BigInt(3 * bits);
  let root = 0n;
  for (let bit = 1n << BigInt(bits + 3); bit > 0n; bit >>= 1n) if ((root + bit) ** 3n <= cube) root += bit;
  return hex(root, bits);
}
const SHA256_CONSTANTS = primes.slice(0, 64).map((prime) => cubeRoot(prime, 32));
const SHA512_CONSTANTS = primes.slice(0, 80).map((prime) => cubeRoot(prime, 64));
const SHA1_CONSTANTS = [2, 3, 5, 10].map((n) => hex(Math.floor(Math.sqrt(n) * 2 ** 30), 32));
const MD5_CONSTANTS = range(64).map((n) => hex(Math.floor(Math.abs(Math.sin(n + 1)) * 2 ** 32), 32));

const FIVE = ['a', 'b', 'c', 'd', 'e'];
const EIGHT = [...FIVE, 'f', 'g', 'h'];

/** Rounds on one message: words of `bytes` bytes, sixteen of them a block. */
function overBlocks({ doc, name, names, bytes, bigEndian, before = [], rounds }) {
  const type = `u${bytes * 8}`;
  const word = (n) => `load<${type}>(src${at(n * bytes)})`;
  return [
    `/** ${doc} */`,
    `export function ${name}(state: usize, src: usize, blocks: u32): void {`,
    `  const end = src + (blocks as usize) * ${16 * bytes};`,
    '  while (src != end) {',
    ...indent(
      [
        ...(bigEndian ? range(16).map((n) => `let w${n} = bswap<${type}>(${word(n)});`) : []),
        ...names.map((variable, n) => `let ${variable} = load<${type}>(state${at(n * bytes)});`),
        ...before,
        ...rounds,
        ...names.map((variable, n) => {
          const offset = at(n * bytes);
          return `store<${type}>(state, load<${type}>(state${offset}) + ${variable}${offset});`;
        }),
        `src += ${16 * bytes};`,
      ],
      4,
    ),
    '  }',
    '}',
  ];
}

/** Rounds on four messages, one a lane of each vector: see assembly/hash/lanes4.ts for what is where in `lanes`. */
function overFourBlocks({ doc, name, names, before, rounds }) {
  const LANE_SOURCES = 128;
  const LANE_STRIDES = 144;
  return [
    `/** ${doc} */`,
    `export function ${name}(lanes: usize, blocks: u32): void {`,
    '  while (blocks != 0) {',
    ...indent(
      [
        ...range(4).flatMap((lane) => [
          `const src${lane} = load<u32>(lanes, ${LANE_SOURCES + 4 * lane}) as usize;`,
          `store<u32>(lanes, src${lane} + load<u32>(lanes, ${LANE_STRIDES + 4 * lane}), ${LANE_SOURCES + 4 * lane});`,
        ]),
        ...range(4).flatMap((quarter) => [
          ...range(4).map((lane) => `const m${quarter}${lane} = swapWords(v128.load(src${lane}${at(16 * quarter)}));`),
          ...['low', 'high'].flatMap((half) => [
            `const ${half}${quarter}0 = ${half}Words(m${quarter}0, m${quarter}1);`,
            `const ${half}${quarter}1 = ${half}Words(m${quarter}2, m${quarter}3);`,
          ]),
          ...range(4).map((n) => {
            const source = `${n < 2 ? 'low' : 'high'}${quarter}`;
            return `let w${4 * quarter + n} = ${n % 2 === 0 ? 'low' : 'high'}Pair(${source}0, ${source}1);`;
          }),
        ]),
        ...names.map((variable, n) => `let ${variable} = v128.load(lanes${at(16 * n)});`),
        ...before,
        ...rounds,
        ...names.map((variable, n) => {
          const offset = at(16 * n);
          return `v128.store(lanes, add(v128.load(lanes${offset}), ${variable})${offset});`;
        }),
        '--blocks;',
      ],
      4,
    ),
    '  }',
    '}',
  ];
}

/** The word of the message schedule that round `t` takes. What a schedule knows last, it adds last. */
const w = (t) => `w${t & 15}`;

/** FIPS 180-4 sections 6.2.2 and 6.4.2. `x` is a ^ b, and `y` that of the round before, which is b ^ c: majority needs both. */
function sha2(constants, schedule, round) {
  return constants.flatMap((k, t) => {
    const [x, y] = t % 2 === 0 ? ['x', 'y'] : ['y', 'x'];
    const made = t < 16 ? [] : [`${w(t)} = ${schedule(w(t), w(t - 2), w(t - 7), w(t - 15))};`];
    return [...made, ...round(turned(EIGHT, t), k, w(t), x, y)];
  });
}
const sha2Scalar = (constants) =>
  sha2(
    constants,
    (w16, w2, w7, w15) => `${w16} + (${w7} + smallSigma0(${w15}) + smallSigma1(${w2}))`,
    ([a, b, , d, e, f, g, h], k, word, x, y) => [
      `${h} += ${k} + ${word} + choose(${e}, ${f}, ${g}) + bigSigma1(${e});`,
      `${d} += ${h};`,
      `${x} = ${a} ^ ${b};`,
      `${h} += (${b} ^ (${x} & ${y})) + bigSigma0(${a});`,
    ],
  );
const sha2Four = sha2(
  SHA256_CONSTANTS,
  (w16, w2, w7, w15) => `add(add(${w16}, ${w7}), add(smallSigma0(${w15}), smallSigma1(${w2})))`,
  ([a, b, , d, e, f, g, h], k, word, x, y) => [
    `${h} = add(add(add(${h}, splat(${k})), ${word}), add(choose(${e}, ${f}, ${g}), bigSigma1(${e})));`,
    `${d} = add(${d}, ${h});`,
    `${x} = v128.xor(${a}, ${b});`,
    `${h} = add(add(${h}, v128.xor(${b}, v128.and(${x}, ${y}))), bigSigma0(${a}));`,
  ],
);

/** FIPS 180-4 section 6.1.2. */
function sha1(schedule, round) {
  return range(80).flatMap((t) => {
    const f = ['choose', 'parity', 'majority', 'parity'][Math.floor(t / 20)];
    const made = t < 16 ? [] : [`${w(t)} = ${schedule(w(t - 3), w(t - 8), w(t - 14), w(t))};`];
    return [...made, ...round(turned(FIVE, t), f, Math.floor(t / 20), w(t))];
  });
}
const sha1Scalar = sha1(
  (w3, w8, w14, w16) => `rotl<u32>(${w16} ^ ${w14} ^ ${w8} ^ ${w3}, 1)`,
  ([a, b, c, d, e], f, k, word) => [
    `${e} += ${SHA1_CONSTANTS[k]} + ${word} + ${f}(${b}, ${c}, ${d}) + rotl<u32>(${a}, 5);`,
    `${b} = rotl<u32>(${b}, 30);`,
  ],
);
const sha1Four = sha1(
  (w3, w8, w14, w16) => `rotateLeft(v128.xor(v128.xor(${w3}, ${w8}), v128.xor(${w14}, ${w16})), 1)`,
  ([a, b, c, d, e], f, k, word) => [
    `${e} = add(add(add(${e}, k${k}), ${word}), add(${f}(${b}, ${c}, ${d}), rotateLeft(${a}, 5)));`,
    `${b} = rotateLeft(${b}, 30);`,
  ],
);

/** RFC 1321 section 3.4. */
const md5 = range(64).map((t) => {
  const [a, b, c, d] = turned(FIVE.slice(0, 4), t);
  const pass = Math.floor(t / 16);
  const word = [t, 5 * t + 1, 3 * t + 5, 7 * t][pass] % 16;
  const shifts = ['7 12 17 22', '5 9 14 20', '4 11 16 23', '6 10 15 21'][pass].split(' ');
  const sum = `${a} + ${MD5_CONSTANTS[t]} + load<u32>(src${at(4 * word)})`;
  return `${a} = rotl<u32>(${sum} + ${'fghi'[pass]}(${b}, ${c}, ${d}), ${shifts[t % 4]}) + ${b};`;
});

/** The seven bits of each of the 24 round constants, for the positions 0, 1, 3, 7, 15, 31, 63 (FIPS 202 section 3.2.5). */
function keccakConstants() {
  let register = 1;
  return range(24).map(() =>
    range(7).reduce((sum, bit) => {
      const set = (register & 1) << bit;
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
      return sum | set;
    }, 0),
  );
}

/**
 * A round of Keccak-f[1600] (FIPS 202 section 3.2) on lanes a0..a24, lane x + 5y. Six lanes are kept complemented, so that
 * most of the ~b & c of chi become b & c or b | c: of 25 complements a round 11 are left.
 */
function keccakRound() {
  const COMPLEMENTED = [1, 2, 8, 12, 17, 20];
  const isComplemented = range(25).map((lane) => COMPLEMENTED.includes(lane));
  const columns = range(5).map((x) => range(5).map((y) => x + 5 * y));
  const sums = columns.map((column) => column.filter((lane) => isComplemented[lane]).length % 2 === 1);
  const rotation = Array(25).fill(0);
  for (let [x, y, t] = [1, 0, 0]; t < 24; [x, y, t] = [y, (2 * x + 3 * y) % 5, t + 1])
    rotation[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;

  const theta = [
    ...columns.map((column, x) => `const c${x} = ${column.map((lane) => `a${lane}`).join(' ^ ')};`),
    ...range(5).map((x) => `const d${x} = c${(x + 4) % 5} ^ rotl<u64>(c${(x + 1) % 5}, 1);`),
  ];
  const moved = Array(25);
  const rhoPi = Array(25);
  for (const lane of range(25)) {
    const [x, y] = [lane % 5, Math.floor(lane / 5)];
    const to = y + 5 * ((2 * x + 3 * y) % 5);
    moved[to] = isComplemented[lane] !== (sums[(x + 4) % 5] !== sums[(x + 1) % 5]);
    const sum = `a${lane} ^ d${x}`;
    rhoPi[to] = `const b${to} = ${rotation[lane] === 0 ? sum : `rotl<u64>(${sum}, ${rotation[lane]})`};`;
  }
  const chi = range(25).map((lane) => {
    const row = lane - (lane % 5);
    const [second, third] = [row + ((lane + 1 - row) % 5), row + ((lane + 2 - row) % 5)];
    const lane2 = (complement) => `${moved[second] === complement ? '' : '~'}b${second}`;
    const lane3 = (complement) => `${moved[third] === complement ? '' : '~'}b${third}`;
    // ~b & c, or its complement b | ~c: whichever leaves the lane as it must be kept.
    const product =
      isComplemented[lane] === moved[lane] ? `${lane2(true)} & ${lane3(false)}` : `${lane2(false)} | ${lane3(true)}`;
    return `a${lane} = b${lane} ^ (${product})${lane === 0 ? ' ^ constant(bits)' : ''};`;
  });
  const sign = (lane) => (isComplemented[lane] ? '~' : '');
  return {
    loads: range(25).map((lane) => `let a${lane} = ${sign(lane)}load<u64>(state${at(8 * lane)});`),
    round: [...theta, ...rhoPi, ...chi],
    stores: range(25).map((lane) => `store<u64>(state, ${sign(lane)}a${lane}${at(8 * lane)});`),
  };
}
function keccak() {
  const { loads, round, stores } = keccakRound();
  const constants = keccakConstants();
  const packed = range(3).map((n) =>
    hex(
      range(8).reduceRight((sum, round) => (sum << 8n) | BigInt(constants[8 * n + round]), 0n),
      64,
    ),
  );
  return [
    '/** Keccak-f[1600] on the 25 lanes at `state` (FIPS 202 section 3.3). */',
    'export function keccakF(state: usize): void {',
    ...indent(loads, 2),
    `  let bits: u64 = ${packed[0]};`,
    '  let round = 0;',
    '  do {',
    ...indent(round, 4),
    '    bits >>= 8;',
    '    ++round;',
    `    if (round == 8) bits = ${packed[1]};`,
    `    if (round == 16) bits = ${packed[2]};`,
    '  } while (round != 24);',
    ...indent(stores, 2),
    '}',
  ];
}

const FOUR = "import { add, highPair, highWords, lowPair, lowWords, splat, swapWords } from '../hash/vectors4';";
const FILES = {
  md5_rounds: [
    "import { f, g, h, i } from '../hash/md5_functions';",
    '',
    ...overBlocks({
      doc: 'Compresses 64-byte blocks from `src` into the four words at `state` (RFC 1321 section 3.4).',
      name: 'md5Blocks',
      names: FIVE.slice(0, 4),
      bytes: 4,
      bigEndian: false,
      rounds: md5,
    }),
  ],
  sha1_rounds: [
    "import { choose, majority, parity } from '../hash/sha1_functions';",
    '',
    ...overBlocks({
      doc: 'Compresses 64-byte blocks from `src` into the five words at `state` (FIPS 180-4 section 6.1.2).',
      name: 'sha1Blocks',
      names: FIVE,
      bytes: 4,
      bigEndian: true,
      rounds: sha1Scalar,
    }),
  ],
  sha256_rounds: [
    "import { bigSigma0, bigSigma1, choose, smallSigma0, smallSigma1 } from '../hash/sha256_functions';",
    '',
    ...overBlocks({
      doc: 'Compresses 64-byte blocks from `src` into the eight words at `state` (FIPS 180-4 section 6.2.2).',
      name: 'sha256Blocks',
      names: EIGHT,
      bytes: 4,
      bigEndian: true,
      before: ['let x: u32;', 'let y = b ^ c;'],
      rounds: sha2Scalar(SHA256_CONSTANTS),
    }),
  ],
  sha512_rounds: [
    "import { bigSigma0, bigSigma1, choose, smallSigma0, smallSigma1 } from '../hash/sha512_functions';",
    '',
    ...overBlocks({
      doc: 'Compresses 128-byte blocks from `src` into the eight words at `state` (FIPS 180-4 section 6.4.2).',
      name: 'sha512Blocks',
      names: EIGHT,
      bytes: 8,
      bigEndian: true,
      before: ['let x: u64;', 'let y = b ^ c;'],
      rounds: sha2Scalar(SHA512_CONSTANTS),
    }),
  ],
  sha1_rounds4: [
    "import { choose, majority, parity, rotateLeft } from '../hash/sha1_functions4';",
    FOUR,
    '',
    ...overFourBlocks({
      doc: 'Compresses 64-byte blocks of four messages (FIPS 180-4 section 6.1.2).',
      name: 'sha1Blocks4',
      names: FIVE,
      before: SHA1_CONSTANTS.map((k, n) => `const k${n} = splat(${k});`),
      rounds: sha1Four,
    }),
  ],
  sha256_rounds4: [
    "import { bigSigma0, bigSigma1, choose, smallSigma0, smallSigma1 } from '../hash/sha256_functions4';",
    FOUR,
    '',
    ...overFourBlocks({
      doc: 'Compresses 64-byte blocks of four messages (FIPS 180-4 section 6.2.2).',
      name: 'sha256Blocks4',
      names: EIGHT,
      before: ['let x: v128;', 'let y = v128.xor(b, c);'],
      rounds: sha2Four,
    }),
  ],
  keccak_rounds: ["import { constant } from '../hash/keccak_functions';", '', ...keccak()],
};

for (const [name, lines] of Object.entries(FILES)) {
  const text = ['// Generated by scripts/gen-hash-rounds.mjs, which explains the form. Do not edit.', '', ...lines, ''];
  writeFileSync(new URL(`../assembly/generated/${name}.ts`, import.meta.url), text.join('\n'));
}
