import { checkFunction, checkObject } from './check.ts';

/** Where a device takes its time from: it measures with it, and waits by it. */
export interface Clock {
  /** Milliseconds since some moment; they never go back. */
  now(): number;
  /** Calls `callback` once, after so many milliseconds at least. What it answers calls that off. */
  schedule(callback: () => void, milliseconds: number): () => void;
}

/** The longest that setTimeout waits: what is due later is looked at again then. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** @throws TypeError that names what a clock lacks */
export function checkClock(clock: Clock): void {
  checkObject('clock', clock);
  checkFunction('clock.now', clock.now);
  checkFunction('clock.schedule', clock.schedule);
}

/**
 * The host's own time.
 * @param keepAlive whether a timer that is still to come keeps a Node process alive
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

/** Node's timers are objects; a browser's are numbers, and keep nothing alive. */
function isUnrefable(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function';
}
