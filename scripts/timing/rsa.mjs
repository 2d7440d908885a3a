// What is timed of RSA: the kernel for big numbers, whose fused build goes with relaxed SIMD, and the removal of padding.
import { randomBytes } from 'node:crypto';
import { instantiateBignum, loadFused } from '../../dist/src/akcipher/bignum.js';
import { messageOffset } from '../../dist/src/akcipher/padding.js';
import { INPUT, machineOf } from './kernel.mjs';

const BITS = 512;
const BYTES = BITS / 8;
const EXPONENT_BYTES = 8;
const BLOCK_BYTES = 256;
const STEPS = 1 << 20;

await loadFused();

/** @returns {import('./trials.mjs').TrialOf[]} */
export function rsaTrials() {
  return [
    {
      algorithm: 'rsa',
      what: 'multiplication modulo 512 bits: fixed or random factors',
      make: (build) => {
        const { kernel, place, ring, take } = machine(build);
        const [number, result] = [take(kernel.numberBytes(ring.limbs)), take(kernel.numberBytes(ring.limbs))];
        return {
          ...place,
          bytes: BYTES,
          before: () => kernel.fromBytes(number, ring.limbs, INPUT, BYTES),
          run: () => kernel.multiply(result, number, number, ring.modulus, ring.product),
        };
      },
    },
    {
      algorithm: 'rsa',
      what: 'power modulo 512 bits: fixed or random exponent',
      make: (build) => {
        const { kernel, place, ring, take } = machine(build);
        const state = take(kernel.powerBytes(ring.limbs));
        const base = take(kernel.numberBytes(ring.limbs));
        place.memory.set(randomBytes(BYTES - 1), INPUT);
        kernel.fromBytes(base, ring.limbs, INPUT, BYTES - 1);
        return {
          ...place,
          bytes: EXPONENT_BYTES,
          before: () => kernel.beginPower(state, ring.modulus, base, INPUT, EXPONENT_BYTES, ring.product),
          run: () => kernel.runPower(state, STEPS),
        };
      },
    },
    {
      algorithm: 'rsa',
      what: 'removal of padding, 256 bytes, all wrong: in the first byte, or without an end',
      make: (build) => {
        const { place } = machine(build);
        const block = place.memory.subarray(INPUT, INPUT + BLOCK_BYTES);
        return {
          ...place,
          bytes: BLOCK_BYTES,
          prepare: (chunk, classes) => {
            for (const [index, kind] of classes.entries()) {
              const its = chunk.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
              its[0] = kind === 0 ? 1 : 0;
              its[1] = 2;
              if (kind === 1) for (let at = 2; at < BLOCK_BYTES; at++) its[at] ||= 1;
            }
          },
          run: () => messageOffset(block),
        };
      },
    },
  ];
}

/** The kernel with a random modulus. */
function machine(build) {
  const n = randomBytes(BYTES);
  n[0] |= 0x80;
  n[BYTES - 1] |= 1;
  return machineOf((memory) => instantiateBignum(memory, build === 'simd' ? 'plain' : 'fused'), n, BITS);
}
