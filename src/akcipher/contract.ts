// The interface between requests of the AKCIPHER service and the algorithms that run them.
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

/** A session's key, ready for requests. */
export interface AkcipherSession {
  /** The key as the driver sent it. */
  readonly sent: Uint8Array;
  /** Whether a request of this kind ends so soon that it need not pause. */
  isLight(opcode: number): boolean;
  run(request: AkcipherRequest): Steps<AkcipherResult>;
  /** Overwrites the key. No request may be under way. */
  wipe(): void;
}

/** Fills bytes with random values. */
export type RandomSource = (bytes: Uint8Array<ArrayBuffer>) => void;
