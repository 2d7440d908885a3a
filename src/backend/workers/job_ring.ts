// A worker's end of the ring of jobs: it takes jobs, marks them done, and tells the device. The device's end is in executor.ts and in
// deferral/job_slots.ts.
import { JOB_ALIKE, JOBS_AT_ONCE } from '../../../spec/engine.ts';
import { type SharedLayout, slotAt } from '../deferral/layout.ts';
import {
  BY_MESSAGE,
  BY_NOTIFICATION,
  controlOf,
  DONE,
  FINISHED,
  LISTENING,
  RING,
  RING_ENTRIES,
  RUNNING,
  STATES,
  TAKEN,
  UNSEEN,
  WAITING,
} from './control.ts';

/** The smallest number of jobs that gain by running side by side. */
const LANES_LEAST = 3;

export class JobRing {
  /** The control words, whose indices control.ts names. */
  readonly control: Int32Array;
  readonly #mark: number;
  readonly #layout: SharedLayout;
  readonly #jobs: DataView;
  readonly #sendMessage: () => void;

  /**
   * @param index the worker's number
   * @param sendMessage sends FINISHED_MESSAGE to the device's thread
   */
  constructor(layout: SharedLayout, memory: WebAssembly.Memory, index: number, sendMessage: () => void) {
    this.control = controlOf(layout, memory);
    this.#mark = RUNNING + index;
    this.#layout = layout;
    this.#jobs = new DataView(memory.buffer);
    this.#sendMessage = sendMessage;
  }

  /**
   * Takes one job, or up to four jobs that run side by side.
   * @param posted the value of POSTED up to which jobs are taken
   * @returns the jobs' slots
   */
  take(posted: number): number[] {
    const { control } = this;
    const slots: number[] = [];
    let share = JOBS_AT_ONCE;
    while (slots.length < share) {
      const taken = Atomics.load(control, TAKEN);
      const ahead = (posted - taken) | 0;
      if (ahead <= 0) break;
      const slot = Atomics.load(control, RING + ((taken >>> 0) % RING_ENTRIES));
      // The slot's state decides who has the job. TAKEN only follows.
      if (Atomics.compareExchange(control, STATES + slot, WAITING, this.#mark) === WAITING) {
        slots.push(slot);
        // Four jobs side by side take less time than two in turn. That is a gain even if another worker then has no job.
        if (slots.length === 1) share = ahead >= LANES_LEAST && this.#alike(slot) ? JOBS_AT_ONCE : 1;
      }
      Atomics.compareExchange(control, TAKEN, taken, (taken + 1) | 0);
    }
    return slots;
  }

  /**
   * Marks jobs as done, except those that the device has taken back.
   * @returns the number of finished jobs that have not been announced to the device
   */
  finish(slots: readonly number[]): number {
    for (const slot of slots) Atomics.compareExchange(this.control, STATES + slot, this.#mark, DONE);
    return Atomics.add(this.control, UNSEEN, slots.length) + slots.length;
  }

  /**
   * Tells the device that jobs are finished, unless it has seen them already.
   * @returns whether there was anything to announce
   */
  announce(): boolean {
    const { control } = this;
    if (Atomics.exchange(control, UNSEEN, 0) === 0) return false;
    Atomics.add(control, FINISHED, 1);
    const listening = Atomics.load(control, LISTENING);
    if (listening === BY_NOTIFICATION) Atomics.notify(control, FINISHED);
    // The device gets one message each time it listens.
    else if (listening === BY_MESSAGE && Atomics.compareExchange(control, LISTENING, BY_MESSAGE, 0) === BY_MESSAGE) {
      this.#sendMessage();
    }
    return true;
  }

  #alike(slot: number): boolean {
    return this.#jobs.getUint32(slotAt(this.#layout, slot) + JOB_ALIKE, true) !== 0;
  }
}
