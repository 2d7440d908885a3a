import type { QueuePositions } from '../../device/contract.ts';
import type { LookBudget } from '../../trace/look_budget.ts';
import type { ReadChain } from './descriptors.ts';

/** What was negotiated, as far as rings depend on it. */
export interface Terms {
  indirect: boolean;
  eventIdx: boolean;
  inOrder: boolean;
}

/** Follows the driver's side of one ring. */
export interface RingWatch {
  /** Whether the ring is not looked at for now. */
  readonly paused: boolean;
  /** The ring begins, or goes on, at `positions`: a transport whose client says where has called setPositions(). */
  begin(positions: QueuePositions): void;
  /** Stops looking at the ring, because looking has taken its share of the time. */
  pause(): void;
  /** Looks at the ring again. The device holds no chain of it, and takes the next one at `positions`. */
  resume(positions: QueuePositions): void;
  /**
   * Looks at the ring, and pauses when the budget is spent. Returns the chains that the driver has made available since the last look, as
   * far as they were read.
   * @param positions where the device stands in the ring
   */
  look(budget: LookBudget, positions: QueuePositions): ReadChain[];
  /**
   * Called after look(): the number of chains that were looked at and that the device, which takes the next one at `positions`, has not
   * taken. Infinity while the ring is not looked at.
   */
  ahead(positions: QueuePositions): number;
  /** The driver has notified the device, or needs to no more for what is available now: called after look(). */
  notified(): void;
  /** The device has written to the ring, and stands at `positions`. */
  ran(positions: QueuePositions): void;
  /** The driver has nothing more to do: a chain that the device was not told of waits for ever. */
  finish(): void;
}
