/** A part of a guest memory that threads share, for workers that serve requests where they stand. One pool after the other has it. */
export interface SharedStretch {
  at: number;
  bytes: number;
  /** Resolves when the pool that has it, or waits for it, is done with it. */
  free: Promise<void>;
}

/**
 * Waits for a stretch's turn.
 * @returns what is to be called when it is needed no more
 */
export async function takeTurn(stretch: SharedStretch): Promise<() => void> {
  const before = stretch.free;
  let done = () => {};
  stretch.free = new Promise((resolve) => {
    done = resolve;
  });
  await before;
  return done;
}
