// RSA requests (5.9.7.8): the values that go into the arithmetic and come out of it, and the status of each outcome.
import * as spec from '../../spec/crypto.ts';
import { type BlindingPair, noPair, wipePair } from './blinding.ts';
import type { AkcipherRequest, AkcipherResult, AkcipherSession, HostRsa, RandomSource } from './contract.ts';
import { ProvenHostRsa } from './host_rsa.ts';
import { sameBytes } from './octets.ts';
import { encryptionBlock, hashKnown, messageOffset, signatureBlock } from './padding.ts';
import type { RsaArithmetic } from './rsa_arithmetic.ts';
import { type RsaKey, readRsaKey, wipeKey } from './rsa_key.ts';
import type { Steps } from './steps.ts';

/** What a session or a stateless request says of itself (5.9.7.2.1). */
export interface RsaParameters {
  isPrivate: boolean;
  /** padding_algo. */
  padding: number;
  /** hash_algo. */
  hash: number;
}

/** Two kernels, so that short work need not wait for long work that has paused. */
export interface RsaArithmetics {
  /** For work that ends before it returns. */
  atOnce: RsaArithmetic;
  /** For one request at a time that may pause. */
  pausing: RsaArithmetic;
  /** The host's own private operations. */
  host?: HostRsa;
  /** The host's own public operations, while the device's owner wants them. */
  publicHost?(): HostRsa | undefined;
}

/** A public operation up to this long, in milliseconds, runs at once. */
const LIGHT_MS = 0.5;
const NO_DATA = new Uint8Array();
const ERROR: AkcipherResult = { status: spec.CRYPTO_ERR, data: NO_DATA };
const REJECTED: AkcipherResult = { status: spec.CRYPTO_KEY_REJECTED, data: NO_DATA };
const UNSUPPORTED: AkcipherResult = { status: spec.CRYPTO_NOTSUPP, data: NO_DATA };

const ok = (data: Uint8Array): AkcipherResult => ({ status: spec.CRYPTO_OK, data });

/** Whether sessions with these parameters are possible. If not, the status is NOTSUPP. */
export function rsaSupported({ padding, hash }: RsaParameters): boolean {
  return padding === spec.RSA_RAW_PADDING || (padding === spec.RSA_PKCS1_PADDING && hashKnown(hash));
}

/**
 * Makes a session of a key in DER.
 * @param modulusBits the longest modulus that is allowed, in bits
 * @returns undefined if the key is damaged, or of another kind: ERR
 */
export function rsaSession(
  sent: Uint8Array,
  parameters: RsaParameters,
  modulusBits: number,
  arithmetic: RsaArithmetics,
  random: RandomSource,
): AkcipherSession | undefined {
  const key = readRsaKey(sent, parameters.isPrivate, modulusBits);
  if (!key) return undefined;
  if (!key.primes || arithmetic.atOnce.primesFit(key, key.primes)) {
    return new RsaSession(sent, key, parameters, arithmetic, random);
  }
  wipeKey(key);
  return undefined;
}

class RsaSession implements AkcipherSession {
  readonly sent: Uint8Array;
  readonly needsCurves = false;
  readonly #key: RsaKey;
  readonly #isPrivate: boolean;
  readonly #isRaw: boolean;
  readonly #hash: number;
  readonly #arithmetic: RsaArithmetics;
  readonly #random: RandomSource;
  readonly #pair: BlindingPair = noPair();
  readonly #host: ProvenHostRsa | undefined;
  /** The public operation of the host; 'unknown' before the first one; undefined: the host does not take the key. */
  #hostPublic: ((value: Uint8Array) => Uint8Array) | 'unknown' | undefined = 'unknown';

  constructor(
    sent: Uint8Array,
    key: RsaKey,
    { isPrivate, padding, hash }: RsaParameters,
    arithmetic: RsaArithmetics,
    random: RandomSource,
  ) {
    this.sent = sent;
    this.#key = key;
    this.#isPrivate = isPrivate;
    this.#isRaw = padding === spec.RSA_RAW_PADDING;
    this.#hash = hash;
    this.#arithmetic = arithmetic;
    this.#random = random;
    this.#host = arithmetic.host && isPrivate ? new ProvenHostRsa(arithmetic.host, key) : undefined;
  }

  isLight(opcode: number): boolean {
    const isPublic = opcode === spec.AKCIPHER_ENCRYPT || opcode === spec.AKCIPHER_VERIFY;
    return isPublic && this.#arithmetic.atOnce.publicMs(this.#key) <= LIGHT_MS;
  }

  *run(request: AkcipherRequest): Steps<AkcipherResult> {
    switch (request.opcode) {
      case spec.AKCIPHER_ENCRYPT:
        return yield* this.#encrypt(request);
      case spec.AKCIPHER_DECRYPT:
        return yield* this.#decrypt(request);
      // 5.9.7.8: RAW must not be used for signatures.
      case spec.AKCIPHER_SIGN:
        return this.#isRaw ? UNSUPPORTED : yield* this.#sign(request);
      case spec.AKCIPHER_VERIFY:
        return this.#isRaw ? UNSUPPORTED : yield* this.#verify(request);
      default:
        return UNSUPPORTED;
    }
  }

  wipe(): void {
    this.#host?.forget();
    wipeKey(this.#key);
    wipePair(this.#pair);
    this.sent.fill(0);
  }

  /** Length of the modulus in bytes. */
  get #bytes(): number {
    return this.#key.n.length;
  }

  *#encrypt({ opcode, source, room }: AkcipherRequest): Steps<AkcipherResult> {
    if (!this.#isRaw && room < this.#bytes) return ERROR;
    const block = this.#isRaw ? source : encryptionBlock(source, this.#bytes, this.#random);
    if (!block || !this.#arithmetic.atOnce.isBelow(block, this.#key)) return ERROR;
    const data = yield* this.#publicOperation(block, opcode);
    return this.#isRaw ? atTheEnd(data, room) : ok(data);
  }

  *#publicOperation(value: Uint8Array, opcode: number): Steps<Uint8Array> {
    const { atOnce, pausing } = this.#arithmetic;
    const hosts = this.#publicByHost(value);
    return hosts ?? (yield* (this.isLight(opcode) ? atOnce : pausing).publicOperation(this.#key, value));
  }

  /** The host's result; undefined: the kernel has to do it. */
  #publicByHost(value: Uint8Array): Uint8Array | undefined {
    const host = this.#arithmetic.publicHost?.();
    if (!host || !this.#hostPublic) return undefined;
    if (this.#hostPublic === 'unknown') this.#hostPublic = host.publicOperation(this.#key);
    const padded = new Uint8Array(this.#bytes);
    padded.set(value, padded.length - value.length);
    try {
      return this.#hostPublic?.(padded);
    } catch {
      this.#hostPublic = undefined;
      return undefined;
    }
  }

  /** The host's operation, where it has proven that it does the same as the kernel. */
  *#privateOperation(value: Uint8Array): Steps<Uint8Array | undefined> {
    const hosts = this.#host?.run(value);
    if (hosts) return hosts;
    const result = yield* this.#arithmetic.pausing.privateOperation(this.#key, value, this.#pair);
    if (result) this.#host?.prove(value, result);
    return result;
  }

  *#decrypt({ source, room }: AkcipherRequest): Steps<AkcipherResult> {
    if (!this.#isPrivate || !this.#arithmetic.atOnce.isBelow(source, this.#key)) return ERROR;
    // A ciphertext with padding is as long as the modulus (RFC 8017, section 7.2.2).
    if (!this.#isRaw && source.length !== this.#bytes) return ERROR;
    const block = yield* this.#privateOperation(source);
    if (!block) return ERROR;
    const result = this.#isRaw ? atTheEnd(block, room) : messageIn(block, room);
    block.fill(0);
    return result;
  }

  *#sign({ source, room }: AkcipherRequest): Steps<AkcipherResult> {
    const block = signatureBlock(source, this.#hash, this.#bytes);
    if (!this.#isPrivate || !block || room < this.#bytes) return ERROR;
    const data = yield* this.#privateOperation(block);
    return data ? ok(data) : ERROR;
  }

  *#verify({ opcode, source, signed }: AkcipherRequest): Steps<AkcipherResult> {
    const block = signatureBlock(signed, this.#hash, this.#bytes);
    if (!block || source.length !== this.#bytes || !this.#arithmetic.atOnce.isBelow(source, this.#key)) return REJECTED;
    return sameBytes(yield* this.#publicOperation(source, opcode), block) ? ok(NO_DATA) : REJECTED;
  }
}

/** A number at the end of the whole destination, behind zeros, as QEMU writes it. */
function atTheEnd(number: Uint8Array, room: number): AkcipherResult {
  const length = Math.min(room, number.length);
  const start = number.length - length;
  if (number.subarray(0, start).some((byte) => byte !== 0)) return ERROR;
  const data = new Uint8Array(room);
  data.set(number.subarray(start), room - length);
  return ok(data);
}

/** The message in an encryption block. Wrong padding and a message that is too long have one status. */
function messageIn(block: Uint8Array, room: number): AkcipherResult {
  const start = messageOffset(block);
  if (start === undefined || block.length - start > room) return ERROR;
  return ok(block.slice(start));
}
