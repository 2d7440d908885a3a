// A kernel for big numbers in a memory of its own, as trials use it.

/** Where a trial's input lies, and where its pool of inputs begins. */
export const INPUT = 64;
const POOL = 65536;
const PAGES = 32;
const BASE = 4096;

/**
 * @param instantiate makes the kernel over a memory
 * @param {Uint8Array} modulus big-endian
 * @param {number} bits its length
 */
export function machineOf(instantiate, modulus, bits) {
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const bytes = new Uint8Array(memory.buffer);
  const kernel = instantiate(memory);
  let free = BASE;
  const take = (length) => {
    const at = free;
    free = (at + length + 15) & ~15;
    return at;
  };
  const limbs = kernel.limbsOf(bits);
  const ring = { limbs, modulus: take(kernel.modulusBytes(limbs)), product: take(kernel.productBytes(limbs)) };
  bytes.set(modulus, INPUT);
  kernel.setModulus(ring.modulus, limbs, INPUT, modulus.length, bits, ring.product);
  return { kernel, ring, take, place: { memory: bytes, pool: POOL, input: INPUT } };
}
