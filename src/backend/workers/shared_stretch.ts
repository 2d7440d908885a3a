/** A part of a shared guest memory, for workers that read requests in place. Pools use it one after another. */
export interface SharedStretch {
  /** Byte offset in the memory. */
  at: number;
  /** Length in bytes. */
  bytes: number;
  /** Resolves when the last pool that has taken a turn is done with the stretch. */
  free: Promise<void>;
}

/**
 * Waits until a stretch is free, and takes it.
 * @returns a function to call when the stretch is not needed any more
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
