import { Arena } from './arena.ts';
import { type BignumBuild, type BignumExports, bignumBuild, instantiateBignum } from './bignum.ts';
import { type BlindingPair, inverseModulo, RESULTS_OF_PAIR } from './blinding.ts';
import type { RandomSource } from './contract.ts';
import { bitsOf, type RsaKey, type RsaPrimes } from './rsa_key.ts';
import { STEP_MS, type Steps } from './steps.ts';

/** Time of a multiplication by the square of its limbs, in milliseconds: measured on a slow machine, with a reserve. */
const MS_PER_LIMB_SQUARED: Record<BignumBuild, number> = { plain: 1e-6, fused: 2e-6 };
/** Room for a key of 8192 bits without primes, with its table of powers. */
const MEMORY_PAGES = 4;

/** The buffers of an operation modulo n. */
interface Ring {
  limbs: number;
  modulus: number;
}

/**
 * The arithmetic of RSA (RFC 8017, section 5.1), in the kernel's own memory. One operation runs at a time. Its memory is wiped before the
 * next one begins.
 */
export class RsaArithmetic {
  readonly #arena: Arena<BignumExports>;
  readonly #random: RandomSource;
  readonly #onlyBuild: BignumBuild | undefined;
  #build: BignumBuild;
  /** Prepared moduli of keys, which are public, by their n: to prepare one takes as long as twenty multiplications. */
  #prepared = new WeakMap<Uint8Array, Uint8Array>();

  /**
   * @param random fills bytes with random values
   * @param build the kernel's only build. Default: each operation takes bignumBuild()
   */
  constructor(random: RandomSource, build?: BignumBuild) {
    this.#random = random;
    this.#onlyBuild = build;
    const first = build ?? bignumBuild();
    this.#build = first;
    this.#arena = new Arena(MEMORY_PAGES, (memory) => instantiateBignum(memory, first));
  }

  /** The kernel's build. */
  get build(): BignumBuild {
    return this.#build;
  }

  /** Forgets the operation, and wipes all of its memory. The next one takes the build that is best by now. */
  wipe(): void {
    this.#arena.wipe();
    const build = this.#onlyBuild ?? bignumBuild();
    if (build === this.#build) return;
    this.#build = build;
    this.#arena.use((memory) => instantiateBignum(memory, build));
    this.#prepared = new WeakMap();
  }

  /** Whether p q = n, and p is not q. */
  primesFit({ n, bits }: RsaKey, { p, q }: RsaPrimes): boolean {
    this.wipe();
    const limbs = this.#arena.kernel.limbsOf(Math.max(bitsOf(p), bitsOf(q)));
    const [first, second] = [this.#arena.number(p, limbs), this.#arena.number(q, limbs)];
    const wide = this.#arena.take(this.#arena.kernel.numberBytes(2 * limbs));
    this.#arena.kernel.multiplyAdd(wide, first, second, this.#arena.number(new Uint8Array(), limbs), limbs);
    const fits =
      this.#arena.kernel.limbsOf(bits) <= 2 * limbs &&
      this.#arena.kernel.equal(wide, this.#arena.number(n, 2 * limbs), 2 * limbs) === 1;
    const differ = this.#arena.kernel.equal(first, second, limbs) === 0;
    this.wipe();
    return fits && differ;
  }

  /** Whether value < n, in a time that depends on their lengths alone. */
  isBelow(value: Uint8Array, { n, bits }: RsaKey): boolean {
    if (value.length > n.length) return false;
    this.wipe();
    const limbs = this.#arena.kernel.limbsOf(bits);
    const below =
      this.#arena.kernel.notBelow(this.#arena.number(value, limbs), this.#arena.number(n, limbs), limbs) === 0;
    this.wipe();
    return below;
  }

  /** About how long the public operation takes, in milliseconds. */
  publicMs({ e, bits }: RsaKey): number {
    // Preparing the modulus takes about as much as twenty multiplications.
    return (1.5 * bitsOf(e) + 20) * this.#multiplicationMs(this.#arena.kernel.limbsOf(bits));
  }

  /** value^e mod n (RSAEP, RSAVP1), as long as n. The value is below n. */
  *publicOperation(key: RsaKey, value: Uint8Array): Steps<Uint8Array> {
    this.wipe();
    const ring = this.#ringOf(key);
    yield;
    const number = this.#arena.number(value, ring.limbs);
    const product = this.#product(ring);
    yield* this.#publicPower(number, number, key.e, ring, product);
    const result = this.#arena.read(number, ring.limbs, key.n.length);
    this.wipe();
    return result;
  }

  /**
   * value^d mod n (RSADP, RSASP1), as long as n. The value is below n. It is blinded, and the result is checked with the public key.
   * @returns undefined if the check fails: the key's numbers do not belong together, or the machine made a mistake
   */
  *privateOperation(key: RsaKey, value: Uint8Array, pairs: BlindingPair): Steps<Uint8Array | undefined> {
    this.wipe();
    const kernel = this.#arena.kernel;
    const ring = this.#ringOf(key);
    yield;
    const product = this.#product(ring);
    const number = this.#arena.number(value, ring.limbs);
    const pairIsDue = pairs.left === 0 || pairs.build !== this.#build;
    if (pairIsDue && !(yield* this.#makePair(key, ring, product, pairs))) return this.#nothing();
    const forth = this.#arena.number(pairs.forth, ring.limbs);
    const back = this.#arena.number(pairs.back, ring.limbs);
    const blinded = this.#arena.take(kernel.numberBytes(ring.limbs));
    kernel.multiply(blinded, number, forth, ring.modulus, product);
    const result = this.#arena.take(kernel.numberBytes(ring.limbs));
    const start = this.#arena.mark;
    if (key.primes) yield* this.#powerOfPrimes(result, key.n.length, blinded, ring, key.primes);
    else if (key.d) yield* this.#power(result, blinded, key.d, key.n.length, ring, product, true);
    this.#arena.release(start);
    kernel.multiply(result, result, back, ring.modulus, product);
    kernel.canonical(result, ring.modulus);
    // The next operation takes the squares of the pair.
    kernel.square(forth, forth, ring.modulus, product);
    kernel.square(back, back, ring.modulus, product);
    kernel.canonical(forth, ring.modulus);
    kernel.canonical(back, ring.modulus);
    pairs.forth.set(this.#arena.read(forth, ring.limbs, key.n.length));
    pairs.back.set(this.#arena.read(back, ring.limbs, key.n.length));
    pairs.left--;
    yield* this.#publicPower(blinded, result, key.e, ring, product);
    if (kernel.equal(blinded, number, ring.limbs) !== 1) return this.#nothing();
    const bytes = this.#arena.read(result, ring.limbs, key.n.length);
    this.wipe();
    return bytes;
  }

  #nothing(): undefined {
    this.wipe();
  }

  /** The power modulo each prime, joined by the Chinese remainder theorem. `base` is below 2 n, and n has `length` bytes. */
  *#powerOfPrimes(result: number, length: number, base: number, ring: Ring, primes: RsaPrimes): Steps<void> {
    const kernel = this.#arena.kernel;
    const { p, q, dp, dq, qInv } = primes;
    const limbs = kernel.limbsOf(Math.max(bitsOf(p), bitsOf(q)));
    const bytes = kernel.numberBytes(limbs);
    const wide = this.#arena.take(kernel.numberBytes(2 * limbs));
    const one = this.#arena.number(Uint8Array.of(1), limbs);
    const [first, second, inverse] = [
      this.#arena.take(bytes),
      this.#arena.take(bytes),
      this.#arena.number(qInv, limbs),
    ];
    const [prime, other] = this.#ringsOfPrimes(primes, limbs);
    yield;
    const product = this.#product(prime);
    for (const [to, at, exponent, exponentBytes] of [
      [first, prime, dp, p.length],
      [second, other, dq, q.length],
    ] as const) {
      kernel.reduce(to, base, Math.min(ring.limbs, 2 * limbs), at.modulus, product);
      kernel.multiply(to, to, kernel.squareOfR(at.modulus), at.modulus, product);
      yield* this.#power(to, to, exponent, exponentBytes, at, product, false);
    }
    kernel.multiply(second, second, one, other.modulus, product);
    kernel.canonical(second, other.modulus);
    // h = (first - second) qInv mod p, in which second goes into Montgomery's form of p. Then second + h q.
    const difference = this.#arena.take(bytes);
    kernel.multiply(difference, second, kernel.squareOfR(prime.modulus), prime.modulus, product);
    kernel.subtract(first, first, difference, prime.modulus);
    kernel.multiply(first, first, inverse, prime.modulus, product);
    kernel.canonical(first, prime.modulus);
    kernel.multiplyAdd(wide, first, kernel.nOf(other.modulus), second, limbs);
    // It is below p q, which is n.
    const scratch = this.#arena.take(length);
    kernel.toBytes(scratch, length, wide, 2 * limbs);
    kernel.fromBytes(result, ring.limbs, scratch, length);
  }

  /**
   * result = base^exponent, with a secret exponent of `length` bytes.
   * @param plain whether the result leaves Montgomery's form
   */
  *#power(
    result: number,
    base: number,
    exponent: Uint8Array,
    length: number,
    { limbs, modulus }: Ring,
    product: number,
    plain: boolean,
  ): Steps<void> {
    const kernel = this.#arena.kernel;
    const start = this.#arena.mark;
    const state = this.#arena.take(kernel.powerBytes(limbs));
    const secret = this.#arena.take(length);
    this.#arena.bytes.set(exponent, secret + length - exponent.length);
    kernel.beginPower(state, modulus, base, secret, length, product);
    const count = this.#inOneStep(limbs);
    while (kernel.runPower(state, count) > 0) yield;
    kernel.powerResult(state, result);
    if (plain) {
      kernel.multiply(result, result, this.#arena.number(Uint8Array.of(1), limbs), modulus, product);
      kernel.canonical(result, modulus);
    }
    this.#arena.release(start);
  }

  /** result = base^exponent mod n, with a public exponent. */
  *#publicPower(result: number, base: number, exponent: Uint8Array, ring: Ring, product: number): Steps<void> {
    const kernel = this.#arena.kernel;
    const { limbs, modulus } = ring;
    const start = this.#arena.mark;
    const [form, power] = [this.#arena.take(kernel.numberBytes(limbs)), this.#arena.take(kernel.numberBytes(limbs))];
    kernel.multiply(form, base, kernel.squareOfR(modulus), modulus, product);
    this.#copy(power, form, limbs);
    let left = this.#inOneStep(limbs);
    for (let bit = bitsOf(exponent) - 2; bit >= 0; bit--) {
      kernel.square(power, power, modulus, product);
      const byte = exponent[exponent.length - 1 - (bit >> 3)] ?? 0;
      if (bit > 0 && (byte >> (bit & 7)) & 1) kernel.multiply(power, power, form, modulus, product);
      if (--left > 0) continue;
      left = this.#inOneStep(limbs);
      yield;
    }
    // The exponent is odd. The last factor is the base itself, so the product leaves Montgomery's form.
    kernel.multiply(result, power, base, modulus, product);
    kernel.canonical(result, modulus);
    this.#arena.release(start);
  }

  /**
   * Makes r^e and 1 / r for a random r, both in Montgomery's form. The inverse is computed of r s, with another random s, because its
   * time depends on its number.
   */
  *#makePair(key: RsaKey, ring: Ring, product: number, pairs: BlindingPair): Steps<boolean> {
    const kernel = this.#arena.kernel;
    const { limbs, modulus } = ring;
    const start = this.#arena.mark;
    const square = kernel.squareOfR(modulus);
    const [r, s] = [this.#randomBelow(key, limbs), this.#randomBelow(key, limbs)];
    const masked = this.#arena.take(kernel.numberBytes(limbs));
    // r s / R, and then r s.
    kernel.multiply(masked, r, s, modulus, product);
    kernel.multiply(masked, masked, square, modulus, product);
    kernel.canonical(masked, modulus);
    const inverse = yield* inverseModulo(this.#arena.read(masked, limbs, key.n.length), key.n);
    if (!inverse) return false;
    // 1 / (r s) times s is 1 / r.
    const back = this.#arena.number(inverse, limbs);
    kernel.multiply(back, back, square, modulus, product);
    kernel.multiply(back, back, s, modulus, product);
    kernel.multiply(back, back, square, modulus, product);
    kernel.canonical(back, modulus);
    yield* this.#publicPower(r, r, key.e, ring, product);
    kernel.multiply(r, r, square, modulus, product);
    kernel.canonical(r, modulus);
    pairs.forth = this.#arena.read(r, limbs, key.n.length);
    pairs.back = this.#arena.read(back, limbs, key.n.length);
    pairs.left = RESULTS_OF_PAIR;
    pairs.build = this.#build;
    inverse.fill(0);
    this.#arena.release(start);
    return true;
  }

  /** A random number of one bit less than n. */
  #randomBelow({ bits }: RsaKey, limbs: number): number {
    const bytes = new Uint8Array(Math.ceil((bits - 1) / 8));
    this.#random(bytes);
    bytes[0] = (bytes[0] ?? 0) >> ((8 - ((bits - 1) % 8)) % 8);
    const number = this.#arena.number(bytes, limbs);
    bytes.fill(0);
    return number;
  }

  #multiplicationMs(limbs: number): number {
    return limbs * limbs * MS_PER_LIMB_SQUARED[this.#build];
  }

  #inOneStep(limbs: number): number {
    return Math.max(1, Math.floor(STEP_MS / this.#multiplicationMs(limbs)));
  }

  /** The ring of a key's n. It is prepared once. */
  #ringOf({ n, bits }: RsaKey): Ring {
    const limbs = this.#arena.kernel.limbsOf(bits);
    const known = this.#prepared.get(n);
    if (known) return { limbs, modulus: this.#arena.place(known) };
    const ring = this.#ring(n, bits, limbs);
    this.#prepared.set(n, this.#modulusOf(ring));
    return ring;
  }

  /** The rings of p and q. They are prepared once, and kept in the key, with which they are wiped. */
  #ringsOfPrimes(primes: RsaPrimes, limbs: number): [Ring, Ring] {
    const { p, q, prepared } = primes;
    if (prepared?.build === this.#build) {
      return [
        { limbs, modulus: this.#arena.place(prepared.p) },
        { limbs, modulus: this.#arena.place(prepared.q) },
      ];
    }
    prepared?.p.fill(0);
    prepared?.q.fill(0);
    const [first, second] = [this.#ring(p, bitsOf(p), limbs), this.#ring(q, bitsOf(q), limbs)];
    primes.prepared = { build: this.#build, p: this.#modulusOf(first), q: this.#modulusOf(second) };
    return [first, second];
  }

  /** The bytes of a prepared modulus. */
  #modulusOf({ limbs, modulus }: Ring): Uint8Array {
    return this.#arena.bytes.slice(modulus, modulus + this.#arena.kernel.modulusBytes(limbs));
  }

  #ring(n: Uint8Array, bits: number, limbs: number): Ring {
    const modulus = this.#arena.take(this.#arena.kernel.modulusBytes(limbs));
    const product = this.#arena.take(this.#arena.kernel.productBytes(limbs));
    this.#arena.kernel.setModulus(modulus, limbs, this.#arena.place(n), n.length, bits, product);
    return { limbs, modulus };
  }

  #product({ limbs }: Ring): number {
    return this.#arena.take(this.#arena.kernel.productBytes(limbs));
  }

  #copy(to: number, from: number, limbs: number): void {
    this.#arena.bytes.copyWithin(to, from, from + this.#arena.kernel.numberBytes(limbs));
  }
}
