import { checkFunction, checkObject } from './check.ts';

/** A device's source of time, for measurements and timers. */
export interface Clock {
  /** Returns the milliseconds since a fixed moment. The result never decreases. */
  now(): number;
  /**
   * Calls `callback` once, after at least `milliseconds` milliseconds: with 0 as soon as the program has done what else waits. Returns a
   * function that cancels the call.
   */
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
 * @param keepAlive whether a pending timer keeps a Node process alive. A call that is due at once always does
 */
export function hostClock(keepAlive = false): Clock {
  return {
    now: () => performance.now(),
    schedule: (callback, milliseconds) => {
      if (milliseconds <= 0) return nextTurn(callback);
      const timer: unknown = setTimeout(callback, Math.min(Math.ceil(milliseconds), TIMER_MS_MAX));
      if (!keepAlive) unref(timer);
      return () => clearTimeout(timer as ReturnType<typeof setTimeout>);
    },
  };
}

/** What has to be called, by its number. */
const waiting = new Map<number, () => void>();
let last = 0;
let channel: MessageChannel | undefined;

/**
 * Calls `callback` in the next turn of the event loop: after what waits already, and without the wait of a timer, which is at least 1 ms
 * in Node, and 4 ms in a browser when timers start each other. It keeps a Node process alive: an immediate that does not (Node 20 to 26)
 * lets the process sleep until anything else happens, and is called only then.
 * @returns a function that cancels the call
 */
function nextTurn(callback: () => void): () => void {
  if (typeof setImmediate === 'function') {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  }
  channel ??= listen();
  const number = ++last;
  waiting.set(number, callback);
  channel.port2.postMessage(number);
  return () => waiting.delete(number);
}

function listen(): MessageChannel {
  const made = new MessageChannel();
  made.port1.onmessage = ({ data }: MessageEvent<number>) => {
    const callback = waiting.get(data);
    waiting.delete(data);
    callback?.();
  };
  return made;
}

/** Lets a Node process end while a timer is pending. A browser's timers are numbers, which do not need it. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref();
}
