import type { VirtualClock } from './virtual_clock.ts';

/** Work that goes by another clock is looked at again after so many milliseconds. */
const SLICE_MS = 5;

/** How waitFor() waits. */
export interface WaitOptions {
  /** The time of the clock at which it ends. */
  limit: number;
  /** Real milliseconds that it waits each time when no timer of the clock is left: for work that goes by another clock. */
  graceMs: number;
}

/**
 * Lets a clock's time pass until a promise settles: whenever all that can run has run, the next timer is due. Returns whether the promise
 * has settled. It must not reject.
 */
export async function waitFor(
  work: Promise<unknown>,
  clock: VirtualClock,
  { limit, graceMs }: WaitOptions,
): Promise<boolean> {
  let isSettled = false;
  void work.then(() => {
    isSettled = true;
  });
  const { port1, port2 } = new MessageChannel();
  // A message comes when all that can run without waiting has run.
  const rest = () =>
    new Promise<void>((resolve) => {
      port2.onmessage = () => resolve();
      port1.postMessage(0);
    });
  try {
    let graceLeft = graceMs;
    while (true) {
      await rest();
      if (isSettled) return true;
      if (clock.pending > 0 && clock.now() + clock.next <= limit) {
        clock.advance(clock.next);
        graceLeft = graceMs;
      } else if (graceLeft > 0) {
        await new Promise((resolve) => setTimeout(resolve, SLICE_MS));
        graceLeft -= SLICE_MS;
      } else return false;
    }
  } finally {
    port1.close();
  }
}
