// Derives bitsliced circuits for the AES S-boxes and writes the rounds of assembly/generated/aes_bitslice.ts
// (decryption) and aes_bitslice_encrypt.ts.
//
// J. Boyar and R. Peralta, "A new combinational logic minimization technique with applications to cryptology" (2010),
// split the S-box in three: a linear layer (8 bits to 22), inversion in GF(2^8) by way of its subfields (22 to 18, all the
// nonlinear gates), a linear layer (18 to 8). Two things differ here.
//   - The inversion in GF(2^4), t21..t24 to t29, t33, t37 and t40, is 16 gates at depth 3 (theirs: 16 gates, depth 9),
//     found by search over all functions of four bits at depth 2.
//   - The linear layers are sought anew with their greedy search, for the inverse S-box too. As 1/x = c · 1/(cx) and
//     (1/x)^2 = 1/x^2, each of 255 · 8 changes of basis around the middle gives other layers for the same function.
//     BASIS holds the best found, by gates and depth.
// Neither circuit has the constant 0x63: round keys carry it. Each circuit is tested for all bytes before it is written.
import { writeFileSync } from 'node:fs';

const BASIS = { subBytes: { power: 0, factor: 188 }, invSubBytes: { power: 0, factor: 56 } };
const TRIES = 150;

const bytes = [...Array(256).keys()];
const range = (n) => [...Array(n).keys()];
const parity = (x) => {
  let ones = 0;
  for (let bits = x; bits > 0; bits >>>= 1) ones ^= bits & 1;
  return ones;
};

/** Multiplication in the AES field, FIPS 197 section 4.2. */
function multiply(a, b) {
  let product = 0;
  for (let factor = a, bits = b; bits > 0; bits >>= 1) {
    if (bits & 1) product ^= factor;
    factor = (factor << 1) ^ (factor & 0x80 ? 0x11b : 0);
  }
  return product;
}
const reciprocals = bytes.map((x) => bytes.find((y) => multiply(x, y) === 1) ?? 0);
const rotate = (x, n) => ((x << n) | (x >> (8 - n))) & 0xff;
const affine = (x) => x ^ rotate(x, 1) ^ rotate(x, 2) ^ rotate(x, 3) ^ rotate(x, 4);
const inverseOf = (map) => {
  const table = new Uint8Array(256);
  for (const x of bytes) table[map(x)] = x;
  return (y) => table[y];
};
const unaffine = inverseOf(affine);

// The published circuit. x0 is the most significant bit; every line is one gate.
const TOP = `
y14 = x3 ^ x5   y13 = x0 ^ x6   y9 = x0 ^ x3    y8 = x0 ^ x5    t0 = x1 ^ x2    y1 = t0 ^ x7    y4 = y1 ^ x3    y12 = y13 ^ y14
y2 = y1 ^ x0    y5 = y1 ^ x6    y3 = y5 ^ y8    t1 = x4 ^ y12   y15 = t1 ^ x5   y20 = t1 ^ x1   y6 = y15 ^ x7   y10 = y15 ^ t0
y11 = y20 ^ y9  y7 = x7 ^ y11   y17 = y10 ^ y11 y19 = y10 ^ y8  y16 = t0 ^ y11  y21 = y13 ^ y16 y18 = x0 ^ y16`;
const MIDDLE = `
t2 = y12 & y15  t3 = y3 & y6    t4 = t3 ^ t2    t5 = y4 & y22   t6 = t5 ^ t2    t7 = y13 & y16  t8 = y5 & y1    t9 = t8 ^ t7
t10 = y2 & y7   t11 = t10 ^ t7  t12 = y9 & y11  t13 = y14 & y17 t14 = t13 ^ t12 t15 = y8 & y10  t16 = t15 ^ t12 t17 = t4 ^ t14
t18 = t6 ^ t16  t19 = t9 ^ t14  t20 = t11 ^ t16 t21 = t17 ^ y20 t22 = t18 ^ y19 t23 = t19 ^ y21 t24 = t20 ^ y18 
i0 = t23 & t21  i1 = t24 & t21  i2 = t23 & t22  i3 = t24 & t22
i4 = i0 ^ t21   i5 = i1 | t22   t40 = i4 ^ i5   i6 = i0 ^ t23   i7 = i2 | t24   t37 = i6 ^ i7
i8 = i3 ^ i2    i9 = i0 | t24   t33 = i8 ^ i9   i10 = i3 ^ i1   i11 = i0 | t22  t29 = i10 ^ i11
t41 = t40 ^ t37 t42 = t29 ^ t33 t43 = t29 ^ t40 t44 = t33 ^ t37 t45 = t42 ^ t41
z0 = t44 & y15  z1 = t37 & y6   z2 = t33 & y22  z3 = t43 & y16  z4 = t40 & y1   z5 = t29 & y7   z6 = t42 & y11  z7 = t45 & y17
z8 = t41 & y10  z9 = t44 & y12  z10 = t37 & y3  z11 = t33 & y4  z12 = t43 & y13 z13 = t40 & y5  z14 = t29 & y2  z15 = t42 & y9
z16 = t45 & y14 z17 = t41 & y8`;
const BOTTOM = `
t46 = z15 ^ z16 t47 = z10 ^ z11 t48 = z5 ^ z13  t49 = z9 ^ z10  t50 = z2 ^ z12  t51 = z2 ^ z5   t52 = z7 ^ z8   t53 = z0 ^ z3
t54 = z6 ^ z7   t55 = z16 ^ z17 t56 = z12 ^ t48 t57 = t50 ^ t53 t58 = z4 ^ t46  t59 = z3 ^ t54  t60 = t46 ^ t57 t61 = z14 ^ t57
t62 = t52 ^ t58 t63 = t49 ^ t58 t64 = z4 ^ t59  t65 = t61 ^ t62 t66 = z1 ^ t63  s0 = t59 ^ t63  s6 = t56 ^ t62  s7 = t48 ^ t60
t67 = t64 ^ t65 s3 = t53 ^ t66  s4 = t51 ^ t66  s5 = t47 ^ t65  s1 = t64 ^ s3   s2 = t55 ^ t67`;

const gates = (text) =>
  [...text.matchAll(/(\w+) = (\w+) ([&|^]) (\w+)/g)].map(([, to, a, op, b]) => ({ to, a, op, b }));
const APPLY = { '&': (a, b) => a & b, '|': (a, b) => a | b, '^': (a, b) => a ^ b };
/** Runs gates on a map from names to bit sets. */
function run(circuit, values) {
  for (const { to, a, op, b } of circuit) values[to] = APPLY[op](values[a], values[b]);
  return values;
}

// A linear layer as masks: for each output the set of inputs that it adds. Bit b of a byte is x(7 - b).
const topValues = run(gates(TOP), Object.fromEntries(range(8).map((n) => [`x${n}`, 1 << (7 - n)])));
topValues.y22 = topValues.x7;
const topMasks = range(22).map((n) => topValues[`y${n + 1}`]);
const bottomValues = run(gates(BOTTOM), Object.fromEntries(range(18).map((n) => [`z${n}`, 1 << n])));
const bottomMasks = range(8).map((bit) => bottomValues[`s${7 - bit}`]);

/** Masks of `layer` after the linear `map` of its input byte. */
const afterMap = (layer, map) =>
  layer.map((mask) => range(8).reduce((sum, bit) => sum | (parity(mask & map(1 << bit)) << bit), 0));
/** Masks of the linear `map` of the output byte of `layer`. */
const beforeMap = (layer, map) =>
  range(8).map((bit) => range(8).reduce((sum, from) => ((map(1 << from) >> bit) & 1 ? sum ^ layer[from] : sum), 0));
/** For each of `inputs` inputs, the outputs that need it. */
const transposed = (layer, inputs) =>
  range(inputs).map((input) => layer.reduce((sum, mask, output) => sum | (((mask >> input) & 1) << output), 0));

/** A small generator with a seed, so that the file comes out the same every time. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Additions that make every target out of the 8 unit masks: Boyar and Peralta's greedy search. `distance[v]` counts the
 * known masks whose sum is v; the addition that brings the targets nearest wins, and ties fall at random.
 */
function greedy(targets, random) {
  const known = range(8).map((bit) => 1 << bit);
  const distance = bytes.map((v) => range(8).filter((bit) => (v >> bit) & 1).length);
  const additions = [];
  let open = [...new Set(targets)].filter((target) => distance[target] > 1);
  while (open.length > 0) {
    const candidates = new Map();
    for (const [n, a] of known.entries()) for (const b of known.slice(0, n)) candidates.set(a ^ b, [a, b]);
    for (const mask of known) candidates.delete(mask);
    const done = open.filter((target) => candidates.has(target));
    let best = done;
    if (done.length === 0) {
      const slack = random() < 0.25;
      let least = [Number.POSITIVE_INFINITY, 0];
      for (const mask of candidates.keys()) {
        const left = open.map((target) => Math.min(distance[target], distance[target ^ mask] + 1) - 1);
        const sum = left.reduce((a, b) => a + b);
        const norm = slack ? 0 : left.reduce((a, b) => a - b * b, 0);
        if (sum < least[0] || (sum === least[0] && norm < least[1])) {
          least = [sum, norm];
          best = [mask];
        } else if (sum === least[0] && norm === least[1]) best.push(mask);
      }
    }
    const mask = best[Math.floor(random() * best.length)];
    additions.push([mask, ...candidates.get(mask)]);
    known.push(mask);
    const before = distance.slice();
    for (const v of bytes) distance[v] = Math.min(before[v], before[v ^ mask] + 1);
    open = open.filter((target) => target !== mask);
  }
  return additions;
}

/** The top layer as gates from x0..x7 to y1..y22; a y that is an input or another y gets its name in `alias`. */
function topGates(masks, random) {
  const names = new Map(range(8).map((bit) => [1 << bit, `x${7 - bit}`]));
  const alias = {};
  for (const [n, mask] of masks.entries()) {
    const known = names.get(mask);
    if (known !== undefined) alias[`y${n + 1}`] = known;
    else names.set(mask, `y${n + 1}`);
  }
  let spare = 0;
  const circuit = greedy(masks, random).map(([mask, a, b]) => {
    if (!names.has(mask)) names.set(mask, `a${spare++}`);
    return { to: names.get(mask), a: names.get(a), op: '^', b: names.get(b) };
  });
  return { circuit, alias };
}

/**
 * The bottom layer: a circuit for the transposed layer read backwards, so that additions become copies and copies
 * additions. What arrives first is added first; `arrival` has the depth of each z and is completed.
 */
function bottomGates(wanted, additions, arrival) {
  const sums = new Map();
  const contribute = (mask, name) => sums.set(mask, [...(sums.get(mask) ?? []), name]);
  for (const [z, mask] of wanted.entries()) contribute(mask, `z${z}`);
  const circuit = [];
  let spare = 0;
  const total = (mask) => {
    const terms = sums.get(mask) ?? [];
    while (terms.length > 1) {
      terms.sort((a, b) => arrival[a] - arrival[b]);
      const [a, b] = terms.splice(0, 2);
      const to = `b${spare++}`;
      circuit.push({ to, a, op: '^', b });
      arrival[to] = 1 + Math.max(arrival[a], arrival[b]);
      terms.push(to);
    }
    return terms[0];
  };
  for (const [mask, a, b] of additions.toReversed()) {
    const name = total(mask);
    if (name === undefined) continue;
    contribute(a, name);
    contribute(b, name);
  }
  const outputs = range(8).map((bit) => total(1 << bit));
  return { circuit, outputs, depth: Math.max(...outputs.map((name) => arrival[name])) };
}

/**
 * Gates from x0..x7 (x0 the most significant bit), and the names of the results, the least significant bit first. Of the
 * circuits tried the one with the least sum of gates and depth: a processor issues four gates a cycle, but waits for the
 * deepest path before the next round begins.
 */
function circuitOf(name) {
  const random = seeded(20101231);
  const { power, factor } = BASIS[name];
  const square = (x, times) => range(times).reduce((y) => multiply(y, y), x);
  const enter = (x) => square(multiply(x, factor), power);
  const leave = (x) => multiply(square(x, (8 - power) % 8), factor);
  const [before, after] = name === 'subBytes' ? [(x) => x, affine] : [unaffine, (x) => x];
  const topLayer = afterMap(topMasks, (x) => enter(before(x)));
  const wanted = transposed(
    beforeMap(bottomMasks, (x) => after(leave(unaffine(x)))),
    18,
  );
  const bottoms = range(TRIES).map(() => greedy(wanted, random));
  let best = { cost: Number.POSITIVE_INFINITY };
  for (const _ of range(TRIES)) {
    const top = topGates(topLayer, random);
    const named = (gate) => ({ ...gate, a: top.alias[gate.a] ?? gate.a, b: top.alias[gate.b] ?? gate.b });
    const start = [...top.circuit, ...gates(MIDDLE).map(named)];
    const arrival = Object.fromEntries(range(8).map((n) => [`x${n}`, 0]));
    for (const { to, a, b } of start) arrival[to] = 1 + Math.max(arrival[a], arrival[b]);
    for (const additions of bottoms) {
      const bottom = bottomGates(wanted, additions, { ...arrival });
      const circuit = [...start, ...bottom.circuit];
      const cost = circuit.length + bottom.depth;
      if (cost < best.cost) best = { cost, circuit, outputs: bottom.outputs, depth: bottom.depth };
    }
  }
  for (const x of bytes) {
    const values = run(best.circuit, Object.fromEntries(range(8).map((n) => [`x${n}`, (x >> (7 - n)) & 1])));
    const result = range(8).reduce((sum, bit) => sum | (values[best.outputs[bit]] << bit), 0);
    if (result !== after(reciprocals[before(x)])) throw new Error(`${name}(${x}) is wrong`);
  }
  return best;
}

const OPERATOR = { '&': 'v128.and', '|': 'v128.or', '^': 'v128.xor' };
const PLANES = range(8)
  .map((bit) => `s${bit}`)
  .join(', ');
/** A function of the planes at `state`: the circuit, and `last`, which takes its results in s0 (bit 0) to s7. */
function functionOf(name, parameters, best, last) {
  const named = (gate) => (best.outputs.includes(gate) ? `s${best.outputs.indexOf(gate)}` : gate);
  return `@inline export function ${name}(${parameters}): void {
${range(8)
  .map((n) => `  const x${n} = v128.load(state, ${16 * (7 - n)});`)
  .join('\n')}
${best.circuit.map(({ to, a, op, b }) => `  const ${named(to)} = ${OPERATOR[op]}(${named(a)}, ${named(b)});`).join('\n')}
  ${last};
}
`;
}

const size = ({ circuit, depth }) => `${circuit.length} gates, ${depth} deep`;

/** Writes a file of functions, each with the names of its steps in FIPS 197. */
function writeRounds(file, imports, ...functions) {
  writeFileSync(
    new URL(`../assembly/generated/${file}`, import.meta.url),
    `// Generated by scripts/gen-aes-bitslice.mjs, which derives and explains the circuits. Do not edit.

import { ${imports.join(', ')} } from '../cipher/aes_planes';

${functions.join('\n')}`,
  );
}

const forward = circuitOf('subBytes');
writeRounds(
  'aes_bitslice_encrypt.ts',
  ['storeKeyedBlocks', 'storeMixColumnsKeyed', 'storePlanes'],
  `/** SubBytes (${size(forward)}), MixColumns, AddRoundKey. In place on the 8 planes at \`state\`. */
${functionOf('encryptRound', 'state: usize, key: usize, skipped: u32', forward, `storeMixColumnsKeyed(state, key, skipped, ${PLANES})`)}`,
  `/** SubBytes, AddRoundKey: the last round, without MixColumns. It leaves blocks, and does two ShiftRows if \`behind\`. */
${functionOf('encryptLastRound', 'state: usize, key: usize, behind: bool', forward, `storeKeyedBlocks(state, key, behind, ${PLANES})`)}`,
  `/** SubBytes alone. */
${functionOf('subBytes', 'state: usize', forward, `storePlanes(state, ${PLANES})`)}`,
);

const inverse = circuitOf('invSubBytes');
writeRounds(
  'aes_bitslice.ts',
  ['storeKeyed', 'storeKeyedInvMixColumns'],
  `/** InvSubBytes (${size(inverse)}), AddRoundKey, InvMixColumns. In place on the 8 planes at \`state\`. */
${functionOf('invRound', 'state: usize, key: usize, skipped: u32', inverse, `storeKeyedInvMixColumns(state, key, skipped, ${PLANES})`)}`,
  `/** InvSubBytes, AddRoundKey: the last round, which has no InvMixColumns. */
${functionOf('invLastRound', 'state: usize, key: usize', inverse, `storeKeyed(state, key, ${PLANES})`)}`,
);
