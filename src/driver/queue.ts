/** A buffer of a chain. */
export interface ChainBuffer {
  /** Guest-physical address. */
  address: number;
  /** Length in bytes. */
  bytes: number;
}

/** A chain as a driver offers it (2.6). */
export interface Chain {
  /** Buffers that the device may read. They come before the writable buffers. */
  readable: readonly ChainBuffer[];
  /** Buffers that the device may write. */
  writable: readonly ChainBuffer[];
  /** Whether the chain is in an indirect table (2.7.5.3, 2.8.7). Default: true if negotiated and there is more than one buffer. */
  indirect?: boolean;
}

/** A chain that the device has completed. */
export interface Used {
  /** The id that add() returned. */
  head: number;
  /**
   * Bytes that the device wrote. With VIRTIO_F_IN_ORDER one used element can complete several chains: for all but the last the device
   * gives no length, and this is the length of their writable buffers.
   */
  written: number;
}

/**
 * The device did something with a queue that the specification forbids. The driver no longer knows which chains the device holds, so the
 * queue takes no chains until it is reset.
 */
export class BrokenQueueError extends Error {
  override name = 'BrokenQueueError';

  /**
   * @param did what the device did: the words after "the device" in the message
   * @param section the section of the specification that forbids it
   */
  constructor(queue: number, did: string, section: string) {
    super(`Queue ${queue} is broken: the device ${did} (${section}). Reset the queue or the device.`);
  }
}

/** Features that shape a queue. */
export interface QueueFeatures {
  indirect: boolean;
  eventIdx: boolean;
  /** VIRTIO_F_IN_ORDER (2.7.9, 2.8.8): one used element may complete all older chains, too. */
  inOrder: boolean;
}

/** The driver's side of a virtqueue (2.6), with a split or a packed ring. */
export interface DriverQueue {
  /** Number of the virtqueue. */
  readonly index: number;
  /** Number of entries. */
  readonly size: number;
  /** Guest-physical address of the descriptor area (2.6). */
  readonly desc: number;
  /** Guest-physical address of the driver area (2.6). */
  readonly avail: number;
  /** Guest-physical address of the device area (2.6). */
  readonly used: number;
  /** Number of chains that the device holds. */
  readonly inFlight: number;
  /**
   * Makes a chain available and returns the id that its completion will carry.
   * @throws RangeError if the chain has no buffers, the ring is full, or there is no memory for an indirect table
   */
  add(chain: Chain): number;
  /** Whether the device wants a notification of the chains that were added since the last call (2.7.10, 2.8.10). */
  needsNotification(): boolean;
  /** Bits 16 to 31 of a notification with VIRTIO_F_NOTIFICATION_DATA (2.9): the place of the next chain. */
  readonly nextOffset: number;
  /**
   * Takes the chains that the device has completed since the last call, and asks for an interrupt at the next completion. If the device
   * completed a chain in a way that is not possible, the queue is `broken` afterwards, and only the chains before it are returned.
   */
  takeUsed(): Used[];
  /** The error that broke the queue; undefined while the queue works. */
  readonly broken: BrokenQueueError | undefined;
  /** Gives the queue's memory back, also the indirect tables of chains that the device never completed. */
  release(): void;
}

/**
 * A chain's buffers with the flags of their descriptors, before they are linked.
 * @throws RangeError if there are none: a chain has at least one (2.6)
 */
export function describe(chain: Chain, writeFlag: number): (ChainBuffer & { flags: number })[] {
  if (chain.readable.length + chain.writable.length === 0) throw new RangeError('The chain has no buffers: give one.');
  return [
    ...chain.readable.map((buffer) => ({ ...buffer, flags: 0 })),
    ...chain.writable.map((buffer) => ({ ...buffer, flags: writeFlag })),
  ];
}

/**
 * The chains that one used element completes, oldest first: its own chain, and with VIRTIO_F_IN_ORDER all older chains. For the older
 * chains the device gives no length, so their `written` is the length of their writable buffers.
 * @param inFlight chains that the device holds, in the order in which they were made available
 * @returns the chains; or, if the device completed a chain that it does not hold, or wrote more than there is room for, what it did
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
