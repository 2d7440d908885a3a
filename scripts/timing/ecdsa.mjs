// What is timed of ECDSA: the kernel for curves, in both of its builds.
import { instantiateCurves } from '../../dist/src/akcipher/curve_kernel.js';
import { octetsOf } from '../../dist/src/akcipher/curve_octets.js';
import { bytesOf, CURVES } from '../../dist/src/akcipher/curves.js';
import { INPUT, machineOf } from './kernel.mjs';

const STEPS = 1 << 20;
/** Factors of 0 are refused before they come to the kernel: a fixed one is any other. */
const FIXED_FACTOR = Uint8Array.of(0x5a, 0x3c, 0x96, 0xe1);
const FACTOR_BYTES = FIXED_FACTOR.length;
const SHA_256_BYTES = 32;
const MAC_HMAC_SHA_256 = 4;

/** @returns {import('./trials.mjs').TrialOf[]} */
export function ecdsaTrials() {
  return [
    {
      algorithm: 'ecdsa',
      what: 'multiple of a point of P-256: fixed or random factor of 32 bits',
      make: (build) => {
        const { kernel, place, ring, take, number, curve } = machine(build);
        const points = take(3 * kernel.numberBytes(ring.limbs));
        const { base } = octetsOf(curve);
        const coordinates = [base.subarray(0, curve.bytes), base.subarray(curve.bytes), Uint8Array.of(1)];
        for (const [at, value] of coordinates.entries()) number(value, points + at * kernel.numberBytes(ring.limbs));
        const b = take(kernel.numberBytes(ring.limbs));
        number(bytesOf(curve.b, curve.bytes), b);
        const sum = take(kernel.sumBytes(ring.limbs, 1));
        return {
          ...place,
          bytes: FACTOR_BYTES,
          prepare: (chunk, classes) => {
            for (const [index, kind] of classes.entries())
              if (kind === 0) chunk.set(FIXED_FACTOR, index * FACTOR_BYTES);
          },
          before: () => kernel.beginSum(sum, ring.modulus, b, points, 1, INPUT, FACTOR_BYTES, ring.product),
          run: () => kernel.runSum(sum, STEPS),
        };
      },
    },
    {
      algorithm: 'ecdsa',
      what: 'sum and difference modulo p of P-256: fixed or random number',
      make: (build) => {
        const { kernel, place, ring, take } = machine(build);
        const [first, other] = [take(kernel.numberBytes(ring.limbs)), take(kernel.numberBytes(ring.limbs))];
        return {
          ...place,
          bytes: ring.bytes,
          before: () => {
            place.memory[INPUT] &= 0x7f;
            kernel.fromBytes(first, ring.limbs, INPUT, ring.bytes);
          },
          run: () => {
            for (let round = 0; round < 100; round++) {
              kernel.add(other, other, first, ring.modulus);
              kernel.subtract(first, first, other, ring.modulus);
            }
          },
        };
      },
    },
    {
      algorithm: 'ecdsa',
      what: 'HMAC of a nonce: fixed or random key',
      make: (build) => {
        const { kernel, place, take } = machine(build);
        const [context, message] = [take(kernel.hmacBytes()), take(3 * SHA_256_BYTES + 1)];
        return {
          ...place,
          bytes: SHA_256_BYTES,
          run: () => {
            kernel.hmacSetKey(MAC_HMAC_SHA_256, context, INPUT, SHA_256_BYTES);
            kernel.hmacDigest(MAC_HMAC_SHA_256, context, message, 3 * SHA_256_BYTES + 1, message, SHA_256_BYTES);
          },
        };
      },
    },
  ];
}

/** The kernel with the field of P-256, and a function that writes a number in Montgomery's form. */
function machine(build) {
  const curve = CURVES.find(({ bits }) => bits === 256);
  const instantiate = (memory) => instantiateCurves(memory, build === 'simd' ? 'plain' : 'fused');
  const made = machineOf(instantiate, bytesOf(curve.p, curve.bytes), curve.bits);
  const { kernel, ring, take, place } = made;
  const plain = take(kernel.numberBytes(ring.limbs));
  const number = (value, to) => {
    place.memory.set(value, INPUT);
    kernel.fromBytes(plain, ring.limbs, INPUT, value.length);
    kernel.multiply(to, plain, kernel.squareOfR(ring.modulus), ring.modulus, ring.product);
  };
  return { ...made, ring: { ...ring, bytes: curve.bytes }, number, curve };
}
