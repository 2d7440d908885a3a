// The interface between requests of the AKCIPHER service and the algorithms that run them.
import type { Curve } from './curves.ts';
import type { RsaKey } from './rsa_key.ts';
import type { Steps } from './steps.ts';

/** A request in a session (5.9.7.8). */
export interface AkcipherRequest {
  opcode: number;
  /** src_data. VERIFY: the signature. */
  source: Uint8Array;
  /** The signed data of VERIFY. */
  signed: Uint8Array;
  /** dst_data_len in bytes. */
  room: number;
}

export interface AkcipherResult {
  /** VIRTIO_CRYPTO_* (5.9.7.1). */
  status: number;
  /** Empty unless the status is OK. */
  data: Uint8Array;
}

/** What a session or a stateless request says of itself (5.9.7.2.1). */
export interface AkcipherParameters {
  /** VIRTIO_CRYPTO_AKCIPHER_*. */
  algorithm: number;
  isPrivate: boolean;
  /** padding_algo of RSA, or curve_id of ECDSA. */
  paddingOrCurve: number;
  /** hash_algo of RSA. */
  hash: number;
}

/** A session's key, ready for requests. */
export interface AkcipherSession {
  /** The key as the driver sent it. */
  readonly sent: Uint8Array;
  /** Whether its requests need the arithmetic on curves, which is loaded on demand. */
  readonly needsCurves: boolean;
  /** Whether a request of this kind ends so soon that it need not pause. */
  isLight(opcode: number): boolean;
  run(request: AkcipherRequest): Steps<AkcipherResult>;
  /** Overwrites the key. No request may be under way. */
  wipe(): void;
}

/** Fills bytes with random values. */
export type RandomSource = (bytes: Uint8Array<ArrayBuffer>) => void;

/** The arithmetic of ECDSA (FIPS 186-5, section 6). Signatures are r and s, one after the other. One operation runs at a time. */
export interface EcdsaArithmetic {
  /** Octets of the public key of a private one (SEC 1, section 2.3.3). */
  publicKey(curve: Curve, d: Uint8Array): Steps<Uint8Array>;
  sign(curve: Curve, digest: Uint8Array, d: Uint8Array): Steps<Uint8Array>;
  /** @param point octets of the public key, which was checked */
  verify(curve: Curve, signature: Uint8Array, digest: Uint8Array, point: Uint8Array): Steps<boolean>;
  /** Wipes what an operation that was given up has left. */
  wipe(): void;
}

/** Operations of RSA in the host's own cryptography. */
export interface HostRsa {
  /**
   * Makes the public operation of a key: value^e mod n, as long as n, of a value that is as long and below n.
   * @returns undefined if the host does not take the key
   */
  publicOperation(key: RsaKey): ((value: Uint8Array) => Uint8Array) | undefined;
  /**
   * Makes the private operation of a key: value^d mod n, as long as n, of a value that is as long and below n. It throws if its result,
   * raised to the public exponent, is not the value.
   * @returns undefined if the host does not take the key
   */
  privateOperation(key: RsaKey): ((value: Uint8Array) => Uint8Array) | undefined;
}
