import type { ReadChain } from './descriptors.ts';

/** What was negotiated, as far as rings depend on it. */
export interface Terms {
  indirect: boolean;
  eventIdx: boolean;
  inOrder: boolean;
}

/** Follows the driver's side of one ring. */
export interface RingWatch {
  /** Looks at the ring. Returns the chains that the driver has made available since the last look. */
  look(): ReadChain[];
  /** The driver has notified the device: called after look(). */
  notified(): void;
  /** The device has written to the ring. */
  ran(): void;
  /** The driver has nothing more to do: a chain that the device was not told of waits for ever. */
  finish(): void;
}
