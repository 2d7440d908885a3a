// The control words by which a device and its workers agree on who has which slot.
import { type SharedLayout, SLOTS_MAX } from '../deferral/layout.ts';

/** Where the control words stand, from the layout's origin on: 32 bits each, all of them accessed atomically. */
export const CONTROL = 1024;
/** Jobs that were ever posted; workers wait for it to change. */
export const POSTED = 0;
/** Jobs that were ever taken from the ring, as far as somebody has noticed. */
export const TAKEN = 1;
/** Jobs that were ever finished; the device waits for it to change. */
export const FINISHED = 2;
/** Not 0: workers end. */
export const STOP = 3;
/** Workers that sleep, or are about to: whoever posts wakes them. */
export const SLEEPING = 4;
/** How the device waits for FINISHED to change: BY_NOTIFICATION, BY_MESSAGE, or 0 for not at all. */
export const LISTENING = 5;
/** Approximate number of jobs finished since the device last looked. A hint: nothing depends on its being exact. */
export const UNSEEN = 6;
/** The ring of slots that were posted, then the state of each slot. */
export const RING = 16;
/** More entries than there are slots: some are those of jobs that the device took back. */
export const RING_ENTRIES = 1024;
export const STATES = RING + RING_ENTRIES;
export const CONTROL_WORDS = STATES + SLOTS_MAX + 1;
export const WORKERS_MAX = 64;

/** The device listens by Atomics.waitAsync. */
export const BY_NOTIFICATION = 1;
/** It has no Atomics.waitAsync: the worker that announces something next puts 0 there, and sends FINISHED_MESSAGE. */
export const BY_MESSAGE = 2;
export const FINISHED_MESSAGE = 'finished';

/** States of a slot. A number from RUNNING on is that of the worker that runs it. */
export const FREE = 0;
export const WAITING = 1;
export const DONE = 2;
export const RUNNING = 16;

/** The control words of a layout, in its memory. */
export function controlOf(layout: SharedLayout, memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, layout.origin + CONTROL, CONTROL_WORDS);
}
