import * as spec from '../../spec/engine.ts';

const MESSAGES: Record<number, string> = {
  [spec.FAULT_QUEUE_SIZE]:
    'the queue size is not between 1 and the largest offered, or no power of two in a split ring (2.7)',
  [spec.FAULT_QUEUE_ALIGNMENT]: 'a part of the virtqueue is not aligned (2.7.1)',
  [spec.FAULT_QUEUE_ADDRESS]: 'a part of the virtqueue is not in RAM (2.7)',
  [spec.FAULT_AVAIL_INDEX]: 'the available index is further ahead than the queue is long (2.7.6)',
  [spec.FAULT_DESCRIPTOR_INDEX]: 'a descriptor index is beyond its table (2.7.5)',
  [spec.FAULT_DESCRIPTOR_ADDRESS]: 'a buffer is not in RAM (2.7.5)',
  [spec.FAULT_DESCRIPTOR_LOOP]: 'a descriptor chain loops (2.7.5.2)',
  [spec.FAULT_DESCRIPTOR_ORDER]: 'a writable buffer stands before a readable one (2.7.4.2)',
  [spec.FAULT_CHAIN_LENGTH]: 'a descriptor chain has too many buffers (2.7.5.2)',
  [spec.FAULT_CHAIN_BYTES]: 'a descriptor chain is longer than 2^32 bytes (2.7.5.2)',
  [spec.FAULT_INDIRECT_NOT_NEGOTIATED]: 'an indirect descriptor without VIRTIO_F_INDIRECT_DESC (2.7.5.3.1)',
  [spec.FAULT_INDIRECT_NESTED]: 'an indirect descriptor inside an indirect table (2.7.5.3.1)',
  [spec.FAULT_INDIRECT_NEXT]: 'an indirect descriptor that is chained (2.7.5.3.1)',
  [spec.FAULT_INDIRECT_LENGTH]: 'an indirect table that is not a whole number of descriptors (2.7.5.3)',
  [spec.FAULT_INDIRECT_ADDRESS]: 'an indirect table is not in RAM (2.7.5.3)',
  [spec.FAULT_REQUEST_HEADER]: 'a request has no room for its header (5.9.7)',
  [spec.FAULT_REQUEST_STATUS]: 'a request has no room for its status (5.9.7)',
  [spec.FAULT_HOST]: 'the host failed in the middle of a request; the error that it threw says why (2.1.2)',
};

/** What made the device set DEVICE_NEEDS_RESET (2.1.2). */
export interface DeviceFault {
  /** One of the FAULT_* numbers of spec/engine.ts. */
  code: number;
  /** The virtqueue that it happened on. */
  queue: number;
  /** What the driver did, and the section of the specification that forbids it. */
  message: string;
}

/** Whether a number is that of a fault, or of none. */
export function isFault(code: number): boolean {
  return code === spec.FAULT_NONE || Object.hasOwn(MESSAGES, code);
}

export function describeFault(code: number, queue: number): DeviceFault {
  return { code, queue, message: MESSAGES[code] ?? `unknown fault ${code}` };
}
