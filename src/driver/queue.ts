/** A buffer of a chain: guest-physical address and length in bytes. */
export interface ChainBuffer {
  address: number;
  bytes: number;
}

/** A chain as a driver offers it (2.6): what the device may read, then what it may write. */
export interface Chain {
  readable: readonly ChainBuffer[];
  writable: readonly ChainBuffer[];
  /** Whether the chain stands in an indirect table (2.7.5.3, 2.8.7). Default: if negotiated and longer than one buffer. */
  indirect?: boolean;
}

/** What the device said of a chain: the id that add() answered, and how many bytes it wrote. */
export interface Used {
  head: number;
  written: number;
}

/**
 * The device did with a queue what the specification forbids. What it holds of the queue can't be told any more: the queue takes
 * nothing until it is reset.
 */
export class BrokenQueueError extends Error {
  override name = 'BrokenQueueError';

  /**
   * @param did what the device did, after "the device"
   * @param section of the specification, of the ring that the queue has
   */
  constructor(queue: number, did: string, section: string) {
    super(`Queue ${queue} is broken: the device ${did} (${section}). Reset the queue or the device.`);
  }
}

/** Features that shape a queue. */
export interface QueueFeatures {
  indirect: boolean;
  eventIdx: boolean;
  /** VIRTIO_F_IN_ORDER (2.7.9, 2.8.8): one used element may stand for all chains up to its own. */
  inOrder: boolean;
}

/** The driver's side of a virtqueue (2.6), whichever ring it is. */
export interface DriverQueue {
  readonly index: number;
  readonly size: number;
  /** Guest-physical addresses of descriptor area, driver area and device area (2.6). */
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  /** Chains that the device holds. */
  readonly inFlight: number;
  /**
   * Makes a chain available and returns the id that its completion will carry.
   * @throws RangeError when the ring is full
   */
  add(chain: Chain): number;
  /** Whether the device wants to hear of what was added since the last call. */
  needsNotification(): boolean;
  /** Bits 16 to 31 of a notification with VIRTIO_F_NOTIFICATION_DATA (2.9): where the next chain will stand. */
  readonly nextOffset: number;
  /**
   * Takes what the device completed since the last call, and asks for an interrupt at the next completion. Where the device
   * completed what cannot be, the queue is `broken` afterwards, and only what came before is taken.
   */
  takeUsed(): Used[];
  /** Why the queue takes nothing any more, if it is so. */
  readonly broken: BrokenQueueError | undefined;
  /** Gives the queue's memory back, with what the device never completed. */
  release(): void;
}

/** A chain's buffers with the flags of their descriptors, before they are linked. */
export function describe(chain: Chain, writeFlag: number): (ChainBuffer & { flags: number })[] {
  return [
    ...chain.readable.map((buffer) => ({ ...buffer, flags: 0 })),
    ...chain.writable.map((buffer) => ({ ...buffer, flags: writeFlag })),
  ];
}

/**
 * The chains that one used element stands for, oldest first: its own alone, or with VIRTIO_F_IN_ORDER all up to it. Of those before
 * the last the device did not say how much it wrote: as much as they can hold.
 * @param inFlight chains that the device holds, in the order in which they were made available
 * @returns what the device did, where it completed what it does not hold or wrote more than there is room for
 */
export function completedBy<C extends { writableBytes: number }>(
  inFlight: ReadonlyMap<number, C>,
  { head, written }: Used,
  inOrder: boolean,
): (Used & { chain: C })[] | { did: string; with: 'id' | 'length' } {
  const chain = inFlight.get(head);
  if (!chain) return { did: `completed chain ${head}, which it does not hold`, with: 'id' };
  if (written > chain.writableBytes) {
    const room = `${chain.writableBytes} bytes may be written`;
    return { did: `says that it wrote ${written} bytes into chain ${head}, of which ${room}`, with: 'length' };
  }
  if (!inOrder) return [{ head, written, chain }];
  const batch: (Used & { chain: C })[] = [];
  for (const [older, held] of inFlight) {
    if (older === head) break;
    batch.push({ head: older, written: held.writableBytes, chain: held });
  }
  return [...batch, { head, written, chain }];
}

/** Bytes that the device may write into a chain. */
export function writableBytesOf(chain: Chain): number {
  return chain.writable.reduce((sum, { bytes }) => sum + bytes, 0);
}
