import * as spec from '../../spec/engine.ts';
import type { Ring } from './queue_registers.ts';

/** A driver's mistake, and the section that forbids it in each ring. Without `packed`, only a split ring can have the fault. */
interface FaultText {
  what: string;
  split: string;
  packed?: string;
}

const FAULTS: Record<number, FaultText> = {
  [spec.FAULT_QUEUE_SIZE]: {
    what: 'the queue size is not between 1 and the largest offered, or no power of two in a split ring',
    split: '2.7',
    packed: '2.8',
  },
  [spec.FAULT_QUEUE_ALIGNMENT]: { what: 'a part of the virtqueue is not aligned', split: '2.7.1', packed: '2.8.11' },
  [spec.FAULT_QUEUE_ADDRESS]: { what: 'a part of the virtqueue is not in RAM', split: '2.7', packed: '2.8' },
  [spec.FAULT_AVAIL_INDEX]: { what: 'the available index is further ahead than the queue is long', split: '2.7.6' },
  [spec.FAULT_DESCRIPTOR_INDEX]: { what: 'a descriptor index is beyond its table', split: '2.7.5' },
  [spec.FAULT_DESCRIPTOR_ADDRESS]: { what: 'a buffer is not in RAM', split: '2.7.5', packed: '2.8.4' },
  // 2.8.17: in a packed ring, a loop is a list that is longer than the queue.
  [spec.FAULT_DESCRIPTOR_LOOP]: { what: 'a descriptor chain loops', split: '2.7.5.2', packed: '2.8.17' },
  [spec.FAULT_DESCRIPTOR_ORDER]: {
    what: 'a writable buffer stands before a readable one',
    split: '2.7.4.2',
    packed: '2.8.17',
  },
  // Only an indirect table can have too many buffers, because the device allows at least as many as the queue's size.
  [spec.FAULT_CHAIN_LENGTH]: { what: 'a descriptor chain has too many buffers', split: '2.7.5.3.1', packed: '2.8.19' },
  // 2.8 sets no such limit for a packed ring; 2.8.17 lets the device limit a list.
  [spec.FAULT_CHAIN_BYTES]: {
    what: 'a descriptor chain is longer than 2^32 bytes',
    split: '2.7.5.2',
    packed: '2.8.17',
  },
  [spec.FAULT_INDIRECT_NOT_NEGOTIATED]: {
    what: 'an indirect descriptor without VIRTIO_F_INDIRECT_DESC',
    split: '2.7.5.3.1',
    packed: '2.8.19',
  },
  // 2.8.7: in a packed ring's indirect table, all flags except WRITE are ignored.
  [spec.FAULT_INDIRECT_NESTED]: { what: 'an indirect descriptor inside an indirect table', split: '2.7.5.3.1' },
  [spec.FAULT_INDIRECT_NEXT]: {
    what: 'an indirect descriptor that is chained',
    split: '2.7.5.3.1',
    packed: '2.8.19',
  },
  [spec.FAULT_INDIRECT_LENGTH]: {
    what: 'an indirect table that is not a whole number of descriptors',
    split: '2.7.5.3',
    packed: '2.8.7',
  },
  [spec.FAULT_INDIRECT_ADDRESS]: { what: 'an indirect table is not in RAM', split: '2.7.5.3', packed: '2.8.7' },
  [spec.FAULT_REQUEST_HEADER]: { what: 'a request has no room for its header', split: '5.9.7', packed: '5.9.7' },
  [spec.FAULT_REQUEST_STATUS]: { what: 'a request has no room for its status', split: '5.9.7', packed: '5.9.7' },
  [spec.FAULT_HOST]: {
    what: 'the host failed in the middle of a request, and the error that it threw says why',
    split: '2.1.2',
    packed: '2.1.2',
  },
  [spec.FAULT_GUEST_MEMORY]: { what: 'guest memory could not be reached', split: '2.1.2', packed: '2.1.2' },
};

/** The reason why the device set DEVICE_NEEDS_RESET (2.1.2). */
export interface DeviceFault {
  /** One of the FAULT_* numbers of spec/engine.ts. */
  code: number;
  /** Number of the virtqueue with the fault. */
  queue: number;
  /** What happened, and the section of the specification for that queue's ring, in parentheses. */
  message: string;
}

/** Whether a number is a fault of this library, or FAULT_NONE. */
export function isFault(code: number): boolean {
  return code === spec.FAULT_NONE || Object.hasOwn(FAULTS, code);
}

/**
 * Describes a fault in words.
 * @param ring the ring of the queue (2.7, 2.8)
 * @param failure the error that made guest memory unreachable, for FAULT_GUEST_MEMORY
 */
export function describeFault(code: number, queue: number, ring: Ring, failure?: Error): DeviceFault {
  const fault = FAULTS[code];
  const what = code === spec.FAULT_GUEST_MEMORY && failure ? failure.message : fault?.what;
  const message = fault ? `${what} (${fault[ring] ?? fault.split})` : `unknown fault ${code}`;
  return { code, queue, message };
}
