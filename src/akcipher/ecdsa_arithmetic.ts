// The arithmetic of ECDSA by @noble/curves. It is large, so only what is loaded on demand imports this file.
import { type ECDSA, ecdsa, type WeierstrassPointCons, weierstrass } from '@noble/curves/abstract/weierstrass.js';
import type { CHash } from '@noble/curves/utils.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { EcdsaArithmetic } from './contract.ts';
import { CURVES, curveOf } from './curves.ts';

/** The x and y of each curve's base point, by curve_id (SP 800-186, section 3.2.1). */
const BASES: Readonly<Record<number, readonly [bigint, bigint]>> = {
  1: [0x188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012n, 0x07192b95ffc8da78631011ed6b24cdd573f977a11e794811n],
  2: [
    0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
    0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
  ],
  3: [
    0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
    0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
  ],
  4: [
    0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
    0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
  ],
  5: [
    0xc6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
    0x11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
  ],
};

/** The hash of RFC 6979's nonces, by the length of the digest: a session of ECDSA names no hash (5.9.7.2.1). */
const HASHES: Readonly<Record<number, CHash>> = { 20: sha1, 28: sha224, 48: sha384, 64: sha512 };

/** Both halves of the order are right (FIPS 186-5, section 6.4), and the value is a digest already. */
const AS_SPECIFIED = { prehash: false, lowS: false } as const;

/** The five curves. Each makes its tables with its first request. */
export class NobleCurves implements EcdsaArithmetic {
  readonly #points = new Map<number, WeierstrassPointCons<bigint>>();
  readonly #algorithms = new Map<string, ECDSA>();

  publicKey(curve: number, d: Uint8Array): Uint8Array {
    return this.#algorithm(curve, sha256).getPublicKey(d, false);
  }

  sign(curve: number, digest: Uint8Array, d: Uint8Array): Uint8Array {
    return this.#algorithm(curve, HASHES[digest.length] ?? sha256).sign(digest, d, AS_SPECIFIED);
  }

  verify(curve: number, signature: Uint8Array, digest: Uint8Array, point: Uint8Array): boolean {
    return this.#algorithm(curve, sha256).verify(signature, digest, point, AS_SPECIFIED);
  }

  #algorithm(curve: number, hash: CHash): ECDSA {
    const name = `${curve} ${hash.outputLen}`;
    const known = this.#algorithms.get(name);
    if (known) return known;
    const made = ecdsa(this.#pointsOf(curve), hash);
    this.#algorithms.set(name, made);
    return made;
  }

  #pointsOf(id: number): WeierstrassPointCons<bigint> {
    const known = this.#points.get(id);
    if (known) return known;
    const curve = curveOf(id);
    const [Gx, Gy] = BASES[id] ?? [];
    if (!curve || Gx === undefined || Gy === undefined)
      throw new RangeError(`curve_id is ${id}: give 1 to ${CURVES.length}.`);
    const { p, n, b } = curve;
    const made = weierstrass<bigint>({ p, n, h: 1n, a: p - 3n, b, Gx, Gy });
    this.#points.set(id, made);
    return made;
  }
}
