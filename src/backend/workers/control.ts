// The control words with which a device and its workers agree on who owns each slot.
import { type SharedLayout, SLOTS_MAX } from '../deferral/layout.ts';

/** Byte offset of the control words from the layout's origin. Each has 32 bits, and all accesses are atomic. */
export const CONTROL = 1024;
/** Number of jobs posted so far. Workers wait for it to change. */
export const POSTED = 0;
/** Number of jobs taken from the ring so far. It may lag behind; the state of a slot decides who has it. */
export const TAKEN = 1;
/** Number of announcements of finished jobs so far. The device waits for it to change. */
export const FINISHED = 2;
/** If not 0, the workers end. */
export const STOP = 3;
/** Number of workers that sleep, or are about to sleep. The device wakes them when it posts. */
export const SLEEPING = 4;
/** How the device waits for FINISHED to change: BY_NOTIFICATION, BY_MESSAGE, or 0 for not at all. */
export const LISTENING = 5;
/** Approximate number of jobs finished since the device last looked. A hint: nothing depends on its being exact. */
export const UNSEEN = 6;
/** Index of the ring of posted slots. The states of the slots follow it. */
export const RING = 16;
/** The ring has more entries than there are slots, because jobs that the device took back keep their entries. */
export const RING_ENTRIES = 1024;
export const STATES = RING + RING_ENTRIES;
export const CONTROL_WORDS = STATES + SLOTS_MAX + 1;
export const WORKERS_MAX = 64;

/** The device listens with Atomics.waitAsync. */
export const BY_NOTIFICATION = 1;
/** The device has no Atomics.waitAsync: the next worker that announces sets LISTENING to 0 and sends FINISHED_MESSAGE. */
export const BY_MESSAGE = 2;
export const FINISHED_MESSAGE = 'finished';

/** States of a slot. RUNNING + n: worker n runs its job. */
export const FREE = 0;
export const WAITING = 1;
export const DONE = 2;
export const RUNNING = 16;

/** The control words of a layout, in its memory. */
export function controlOf(layout: SharedLayout, memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, layout.origin + CONTROL, CONTROL_WORDS);
}
