import { SESSION_HEAD_BYTES, SESSION_KEY, SESSION_PLACEMENT_BYTES } from '../../spec/engine';
import { AUTH_CONTEXT_BYTES } from './auth';
import { CIPHER_CONTEXT_BYTES } from './cipher';
import { AEAD_CONTEXT_BYTES } from './aead';

/**
 * A session (5.9.7.2.1): what the driver asked for, its keys, and what they were expanded to. spec/engine.ts gives the
 * layout of the head to the host, which saves it.
 */
@unmanaged
export class Session {
  /** 0: the slot is free, or serves a request in stateless mode. */
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
}

/** Gives a session the parameters of another one: all fields between its id and its place in the list of free slots. */
export function copyParameters(to: Session, from: Session): void {
  const first = offsetof<Session>('service');
  memory.copy(changetype<usize>(to) + first, changetype<usize>(from) + first, offsetof<Session>('nextFree') - first);
}

/** Where the expanded keys stand: of a cipher and behind it of a hash or MAC, or of an AEAD alone. */
const SLOT_CONTEXT: usize = SESSION_HEAD_BYTES + SESSION_PLACEMENT_BYTES;
const SLOT_AUTH_CONTEXT: usize = SLOT_CONTEXT + CIPHER_CONTEXT_BYTES;
/** Slots keep the contexts' alignment. */
const CONTEXT_BYTES: usize =
  CIPHER_CONTEXT_BYTES + AUTH_CONTEXT_BYTES > AEAD_CONTEXT_BYTES
    ? CIPHER_CONTEXT_BYTES + AUTH_CONTEXT_BYTES
    : AEAD_CONTEXT_BYTES;
export const SLOT_BYTES: usize = (SLOT_CONTEXT + CONTEXT_BYTES + 63) & ~63;

/** The driver's keys, kept for a saved state: the cipher's, then the other. */
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

/** The expanded key, or the working state, of a hash or MAC. */
@inline
export function authContextOf(session: Session): usize {
  return changetype<usize>(session) + SLOT_AUTH_CONTEXT;
}
