import * as spec from '../../spec/engine.ts';
import type { Ring } from './queue_registers.ts';

/** What a driver did wrong, and the section that forbids it in each ring; no `packed`: only a split ring can have the fault. */
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
  // 2.8.17: a list that is longer than the queue; the section takes that for the loop that it is.
  [spec.FAULT_DESCRIPTOR_LOOP]: { what: 'a descriptor chain loops', split: '2.7.5.2', packed: '2.8.17' },
  [spec.FAULT_DESCRIPTOR_ORDER]: {
    what: 'a writable buffer stands before a readable one',
    split: '2.7.4.2',
    packed: '2.8.17',
  },
  // Only an indirect table can be longer than the device allows, which is the queue's size at least.
  [spec.FAULT_CHAIN_LENGTH]: { what: 'a descriptor chain has too many buffers', split: '2.7.5.3.1', packed: '2.8.19' },
  // A packed ring sets no such limit; 2.8.17 leaves the longest list to the device.
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
  // 2.8.7: the flags of a packed ring's indirect table are ignored but for WRITE.
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

/** What made the device set DEVICE_NEEDS_RESET (2.1.2). */
export interface DeviceFault {
  /** One of the FAULT_* numbers of spec/engine.ts. */
  code: number;
  /** The virtqueue that it happened on. */
  queue: number;
  /** What the driver did, and the section of the specification that forbids it in that queue's ring. */
  message: string;
}

/** Whether a number is that of a fault, or of none. */
export function isFault(code: number): boolean {
  return code === spec.FAULT_NONE || Object.hasOwn(FAULTS, code);
}

/**
 * @param ring which ring the queue has (2.7, 2.8)
 * @param failure what made guest memory unreachable
 */
export function describeFault(code: number, queue: number, ring: Ring, failure?: Error): DeviceFault {
  const fault = FAULTS[code];
  const what = code === spec.FAULT_GUEST_MEMORY && failure ? failure.message : fault?.what;
  const message = fault ? `${what} (${fault[ring] ?? fault.split})` : `unknown fault ${code}`;
  return { code, queue, message };
}
