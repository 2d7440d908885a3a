import { bytesOf, type Curve } from './curves.ts';

/** The coordinates of each curve's base point, by curve_id (SP 800-186, section 3.2.1). */
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

/** The numbers of a curve as octets, each number as long as the order. They are shared: nobody changes them. */
export interface CurveOctets {
  p: Uint8Array;
  n: Uint8Array;
  b: Uint8Array;
  /** The coordinates of the base point, one after the other. */
  base: Uint8Array;
  /** p - 2 and n - 2: powers with them are inverses (Fermat). */
  pLess2: Uint8Array;
  nLess2: Uint8Array;
}

const made = new Map<number, CurveOctets>();

/**
 * The numbers of a curve as octets. They are made once, because that takes longer than some multiplications of points.
 * @throws RangeError if curve_id is unknown
 */
export function octetsOf({ id, p, n, b, bytes }: Curve): CurveOctets {
  const known = made.get(id);
  if (known) return known;
  const [x, y] = BASES[id] ?? [];
  if (x === undefined || y === undefined) throw new RangeError(`curve_id is ${id}: its base point is not known.`);
  const base = Uint8Array.from([...bytesOf(x, bytes), ...bytesOf(y, bytes)]);
  const plain = { p: bytesOf(p, bytes), n: bytesOf(n, bytes), b: bytesOf(b, bytes) };
  const octets = { ...plain, base, pLess2: bytesOf(p - 2n, bytes), nLess2: bytesOf(n - 2n, bytes) };
  made.set(id, octets);
  return octets;
}
