import { SESSION_HEAD_BYTES, SESSION_KEY, SESSION_PLACEMENT_BYTES } from '../../spec/engine';
import { AUTH_CONTEXT_BYTES } from './auth';
import { CIPHER_CONTEXT_BYTES } from './cipher';
import { AEAD_CONTEXT_BYTES } from './aead';

/**
 * A session (5.9.7.2.1): its parameters, its keys and the expanded keys. spec/engine.ts describes the head to the host,
 * which saves it.
 */
@unmanaged
export class Session {
  /** 0: the slot is free, or is the stateless slot. */
  id: u64;
  service: u32;
  /** SYM_OP_* of a CIPHER session. */
  opType: u32;
  /** Algorithm of a cipher or an AEAD. */
  algo: u32;
  direction: u32;
  keyBytes: u32;
  chainOrder: u32;
  hashMode: u32;
  /** Algorithm of a hash or a MAC. */
  authAlgo: u32;
  authKeyBytes: u32;
  /** hash_result_len, or the tag_len of an AEAD. */
  resultBytes: u32;
  /** Next free slot, index + 1, while this one is free. */
  nextFree: u32;

  /** An AKCIPHER session keeps key_type, padding_algo and hash_algo in fields that it has no other use for. */
  @inline
  set keyType(value: u32) {
    this.direction = value;
  }

  @inline
  set padding(value: u32) {
    this.chainOrder = value;
  }

  @inline
  set signatureHash(value: u32) {
    this.hashMode = value;
  }
}

/** chainOrder of the session of an inbound security association: the MAC is compared before anything is decrypted. */
export const CHAIN_ARRIVAL: u32 = 3;

/** The parameters: the fields from service to resultBytes. */
@inline
export function parametersOf(session: Session): usize {
  return changetype<usize>(session) + offsetof<Session>('service');
}
export const PARAMETERS_BYTES: usize = offsetof<Session>('nextFree') - offsetof<Session>('service');

/** Copies the parameters of session `from` to `to`. */
export function copyParameters(to: Session, from: Session): void {
  memory.copy(parametersOf(to), parametersOf(from), PARAMETERS_BYTES);
}

/** Offsets of the expanded keys: a cipher's and behind it a hash's or MAC's, or an AEAD's alone. */
const SLOT_CONTEXT: usize = SESSION_HEAD_BYTES + SESSION_PLACEMENT_BYTES;
const SLOT_AUTH_CONTEXT: usize = SLOT_CONTEXT + CIPHER_CONTEXT_BYTES;
/** The larger of both layouts. SLOT_BYTES is a multiple of 64, so that the contexts of every slot are aligned. */
const CONTEXT_BYTES: usize =
  CIPHER_CONTEXT_BYTES + AUTH_CONTEXT_BYTES > AEAD_CONTEXT_BYTES
    ? CIPHER_CONTEXT_BYTES + AUTH_CONTEXT_BYTES
    : AEAD_CONTEXT_BYTES;
export const SLOT_BYTES: usize = (SLOT_CONTEXT + CONTEXT_BYTES + 63) & ~63;

/** The driver's keys, kept for a saved state: the cipher's, then the hash's or MAC's. */
@inline
export function keyOf(session: Session): usize {
  return changetype<usize>(session) + SESSION_KEY;
}

@inline
export function authKeyOf(session: Session): usize {
  return changetype<usize>(session) + SESSION_KEY + session.keyBytes;
}

/** The expanded key of a cipher or an AEAD. */
@inline
export function contextOf(session: Session): usize {
  return changetype<usize>(session) + SLOT_CONTEXT;
}

/** The expanded key or the working state of a hash or MAC. */
@inline
export function authContextOf(session: Session): usize {
  return changetype<usize>(session) + SLOT_AUTH_CONTEXT;
}
