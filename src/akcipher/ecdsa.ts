// ECDSA requests (5.9.7.8; FIPS 186-5, section 6): keys, digests and signatures on their way into the arithmetic and out of it, and the
// status of each outcome.
import * as spec from '../../spec/crypto.ts';
import type {
  AkcipherParameters,
  AkcipherRequest,
  AkcipherResult,
  AkcipherSession,
  EcdsaArithmetic,
} from './contract.ts';
import { curveOf } from './curves.ts';
import { readSignature, writeSignature } from './der.ts';
import { type EcdsaKey, readEcdsaKey, wipeEcdsaKey } from './ecdsa_key.ts';
import { sameBytes } from './octets.ts';
import type { Steps } from './steps.ts';

const NO_DATA = new Uint8Array();
const ERROR: AkcipherResult = { status: spec.CRYPTO_ERR, data: NO_DATA };
const REJECTED: AkcipherResult = { status: spec.CRYPTO_KEY_REJECTED, data: NO_DATA };
const UNSUPPORTED: AkcipherResult = { status: spec.CRYPTO_NOTSUPP, data: NO_DATA };
const ACCEPTED: AkcipherResult = { status: spec.CRYPTO_OK, data: NO_DATA };

/**
 * Makes a session of a key.
 * @param curves the arithmetic, once it is loaded
 * @returns a status if there is no session: NOTSUPP for a curve or an encoding that the device does not have, ERR for a damaged key
 */
export function ecdsaSession(
  sent: Uint8Array,
  { isPrivate, paddingOrCurve }: AkcipherParameters,
  curves: () => EcdsaArithmetic | undefined,
): AkcipherSession | number {
  const curve = curveOf(paddingOrCurve);
  if (!curve) return spec.CRYPTO_NOTSUPP;
  const key = readEcdsaKey(sent, isPrivate, curve);
  if (key === 'compressed') return spec.CRYPTO_NOTSUPP;
  return key ? new EcdsaSession(sent, key, curves) : spec.CRYPTO_ERR;
}

class EcdsaSession implements AkcipherSession {
  readonly sent: Uint8Array;
  readonly needsCurves = true;
  readonly #key: EcdsaKey;
  readonly #curves: () => EcdsaArithmetic | undefined;
  /** The public key, once it is known; 'wrong': the key has one that is not its own. */
  #point: Uint8Array | 'wrong' | undefined;

  constructor(sent: Uint8Array, key: EcdsaKey, curves: () => EcdsaArithmetic | undefined) {
    this.sent = sent;
    this.#key = key;
    this.#curves = curves;
    if (!key.d) this.#point = key.point;
  }

  isLight(): boolean {
    return false;
  }

  *run(request: AkcipherRequest): Steps<AkcipherResult> {
    const arithmetic = this.#curves();
    const { opcode } = request;
    if (opcode !== spec.AKCIPHER_SIGN && opcode !== spec.AKCIPHER_VERIFY) return UNSUPPORTED;
    if (!arithmetic) return ERROR;
    const point = yield* this.#publicKey(arithmetic);
    if (point === 'wrong') return ERROR;
    return opcode === spec.AKCIPHER_SIGN
      ? yield* this.#sign(request, arithmetic)
      : yield* this.#verify(request, arithmetic, point);
  }

  wipe(): void {
    wipeEcdsaKey(this.#key);
    this.sent.fill(0);
  }

  /** A private key may come with a public one, which has to be its own. */
  *#publicKey(arithmetic: EcdsaArithmetic): Steps<Uint8Array | 'wrong'> {
    const { curve, d, point } = this.#key;
    if (this.#point === undefined && d) {
      const own = yield* arithmetic.publicKey(curve, d);
      this.#point = point && !sameBytes(point, own) ? 'wrong' : own;
    }
    return this.#point ?? 'wrong';
  }

  *#sign({ source, room }: AkcipherRequest, arithmetic: EcdsaArithmetic): Steps<AkcipherResult> {
    const { curve, d } = this.#key;
    if (!d || source.length === 0) return ERROR;
    const data = writeSignature(yield* arithmetic.sign(curve, source, d));
    return data.length > room ? ERROR : { status: spec.CRYPTO_OK, data };
  }

  *#verify({ source, signed }: AkcipherRequest, arithmetic: EcdsaArithmetic, point: Uint8Array): Steps<AkcipherResult> {
    const { curve } = this.#key;
    const signature = readSignature(source, curve.bytes);
    if (!signature || signed.length === 0) return REJECTED;
    return (yield* arithmetic.verify(curve, signature, signed, point)) ? ACCEPTED : REJECTED;
  }
}
