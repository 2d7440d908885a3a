import { AES_CONTEXT_BYTES } from '../cipher/aes_context';
import { SESSION_KEY, SESSION_KEY_BYTES_MAX } from '../../spec/engine';

/** A session (5.9.8.2.1): what the driver asked for, and the key schedule that it was expanded to. Its head is read by the host. */
@unmanaged
export class Session {
  /** 0: the slot is free. */
  id: u64;
  service: u32;
  algo: u32;
  direction: u32;
  keyBytes: u32;
  /** Next free slot, index + 1, while this one is free. */
  nextFree: u32;
}

export const SLOT_CONTEXT: usize = SESSION_KEY + SESSION_KEY_BYTES_MAX;
/** Slots keep the key schedule's alignment. */
export const SLOT_BYTES: usize = (SLOT_CONTEXT + AES_CONTEXT_BYTES + 63) & ~63;

/** The driver's key, kept for a saved state. */
@inline
export function keyOf(session: Session): usize {
  return changetype<usize>(session) + SESSION_KEY;
}

/** The expanded key. */
@inline
export function contextOf(session: Session): usize {
  return changetype<usize>(session) + SLOT_CONTEXT;
}
