import { checkFunction, checkObject } from './check.ts';

/** A device's source of time, for measurements and timers. */
export interface Clock {
  /** Returns the milliseconds since a fixed moment. The result never decreases. */
  now(): number;
  /** Calls `callback` once, after at least `milliseconds` milliseconds. Returns a function that cancels the call. */
  schedule(callback: () => void, milliseconds: number): () => void;
}

/** The longest time that setTimeout can wait. A longer wait ends early; its caller then waits again. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** @throws TypeError that names a method that the clock lacks */
export function checkClock(clock: Clock): void {
  checkObject('clock', clock);
  checkFunction('clock.now', clock.now);
  checkFunction('clock.schedule', clock.schedule);
}

/**
 * The host's own clock.
 * @param keepAlive whether a pending timer keeps a Node process alive
 */
export function hostClock(keepAlive = false): Clock {
  return {
    now: () => performance.now(),
    schedule: (callback, milliseconds) => {
      const timer: unknown = setTimeout(callback, Math.min(Math.ceil(milliseconds), TIMER_MS_MAX));
      if (!keepAlive && isUnrefable(timer)) timer.unref();
      return () => clearTimeout(timer as ReturnType<typeof setTimeout>);
    },
  };
}

/** Whether a timer can be unreferenced. Node's timers are objects with unref(); a browser's timers are numbers. */
function isUnrefable(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function';
}
