// Keys of ECDSA (5.9.7.2.1): private ones as ECPrivateKey in DER (RFC 5915), public ones as the octets of a point (SEC 1, section 2.3.3).
import { bytesOf, type Curve, pointKind } from './curves.ts';
import { BIT_STRING, contextTag, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, readElements, SEQUENCE } from './der.ts';
import { isLess, sameBytes } from './octets.ts';

/** A key of ECDSA. */
export interface EcdsaKey {
  curve: Curve;
  /** The private key, as long as the curve's order; undefined: the key is public. */
  d?: Uint8Array;
  /** Octets of the public key, if the key has them. A public key always has them. */
  point?: Uint8Array;
}

/**
 * Reads a key, and checks what needs no arithmetic on points.
 * @returns 'compressed' for a point in an encoding that is not read; undefined if the bytes are no such key, or one that is not possible
 */
export function readEcdsaKey(bytes: Uint8Array, isPrivate: boolean, curve: Curve): EcdsaKey | 'compressed' | undefined {
  return isPrivate ? readPrivateKey(bytes, curve) : readPoint(bytes, curve);
}

function readPoint(octets: Uint8Array, curve: Curve): EcdsaKey | 'compressed' | undefined {
  const kind = pointKind(octets, curve);
  if (kind === 'compressed') return kind;
  return kind === 'point' ? { curve, point: octets.slice() } : undefined;
}

/** ECPrivateKey: version 1, the private key as long as the order, and perhaps the name of the curve and the public key. */
function readPrivateKey(bytes: Uint8Array, curve: Curve): EcdsaKey | 'compressed' | undefined {
  const outer = readElements(bytes, [SEQUENCE]);
  const fields = outer && readElements(outer[0], [INTEGER, OCTET_STRING], [contextTag(0), contextTag(1)]);
  if (!fields) return undefined;
  const [version, d, name, shown] = fields;
  const order = bytesOf(curve.n, curve.bytes);
  if (version?.length !== 1 || version[0] !== 1 || d?.length !== curve.bytes) return undefined;
  if (!isLess(d, order) || d.every((byte) => byte === 0)) return undefined;
  if (name) {
    const oid = readElements(name, [OBJECT_IDENTIFIER])?.[0];
    if (!oid || !sameBytes(oid, Uint8Array.from(curve.oid))) return undefined;
  }
  if (!shown) return { curve, d: d.slice() };
  const bits = readElements(shown, [BIT_STRING])?.[0];
  // The first octet of a BIT STRING is the number of its unused bits.
  const point = bits?.[0] === 0 ? readPoint(bits.subarray(1), curve) : undefined;
  return typeof point === 'object' ? { ...point, d: d.slice() } : point;
}

/** Overwrites a key. */
export function wipeEcdsaKey({ d }: EcdsaKey): void {
  d?.fill(0);
}
