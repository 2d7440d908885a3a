// The device's state as the engine keeps it. Everything lives in the region that the host names, at addresses that follow
// from a handful of capacities, so that one binary serves any number of devices in any memory.
import { CHAIN_BUFFERS_MIN, FAULT_NONE, MEMORY_REGIONS_MAX } from '../spec/engine';
import { DATA_LEGACY_BYTES } from '../spec/crypto';
import { BUFFER_BYTES } from './virtqueue/buffers';
import { QUEUE_BYTES, Queue } from './virtqueue/queue';
import { REGION_BYTES } from './memory/guest';
import { SLOT_BYTES } from './session/slot';
import { wipe } from './memory/bytes';
import { LANES_BYTES } from './request/lanes';

@unmanaged
export class Device {
  /** Negotiated feature bits 0 to 63. */
  features: u64;
  /** Bits of crypto_services and of cipher_algo_l/h that are offered (5.9.5). */
  cipherAlgorithms: u64;
  services: u32;
  /** Why the device stopped (FAULT_*), and on which queue. */
  fault: u32;
  faultQueue: u32;
  /** Data queues; the control queue's index is the same number (5.9.2). */
  dataQueues: u32;
  /** Largest size of any queue. */
  maxQueueSize: u32;
  /** max_size of the configuration space: the content of one request, in bytes. */
  maxRequestBytes: u32;
  maxCipherKeyBytes: u32;
  /** Non-zero: every write to guest memory is reported through the imported written(). */
  reportWrites: u32;

  memoryRegions: u32;
  memoryRegionCount: u32;
  queues: u32;
  sessions: u32;
  sessionCapacity: u32;
  sessionCount: u32;
  /** Head of the list of free slots, index + 1; 0: none is free. */
  sessionFree: u32;
  /** The session that the running control request made, 0 if none. */
  createdSession: u64;
  /** Rises with every session, so that no id is ever given out twice. */
  sessionSerial: u32;

  /** The chain that is being read: readable buffers, then writable ones (2.7.4.2). */
  buffers: u32;
  bufferCapacity: u32;
  readableCount: u32;
  writableCount: u32;
  readableBytes: u32;
  writableBytes: u32;
  /** Where reading of the readable part stands. */
  readBuffer: u32;
  readOffset: u32;
  readableLeft: u32;
  /** Bytes that the request wrote, for its used element (2.7.8). */
  resultBytes: u32;

  /** Copy of the request's fixed header: guest memory is read once. */
  header: u32;
  /** Copy of the IV; the kernels leave the chaining value in it. */
  iv: u32;
  /** Encryptions that wait to run side by side (request/lanes.ts). */
  lanes: u32;
  laneCount: u32;
  /** Gathered source, and result before it is scattered. */
  scratch: u32;
}

const ALIGN: usize = 64;
const IV_BYTES: usize = 16;

@inline
function aligned(bytes: usize): usize {
  return (bytes + ALIGN - 1) & ~(ALIGN - 1);
}

function bufferCapacity(maxQueueSize: u32): u32 {
  return max<u32>(maxQueueSize, CHAIN_BUFFERS_MIN);
}

/** Bytes that a region must have for a device of these capacities. */
export function regionBytes(dataQueues: u32, maxQueueSize: u32, sessions: u32, maxRequestBytes: u32): usize {
  return (
    aligned(offsetof<Device>()) +
    aligned(MEMORY_REGIONS_MAX * REGION_BYTES) +
    aligned((dataQueues + 1) * QUEUE_BYTES) +
    aligned(sessions * SLOT_BYTES) +
    aligned(bufferCapacity(maxQueueSize) * BUFFER_BYTES) +
    aligned(DATA_LEGACY_BYTES) +
    aligned(IV_BYTES) +
    aligned(LANES_BYTES) +
    aligned(maxRequestBytes)
  );
}

/**
 * Lays a device out at `base` (64-byte aligned, regionBytes() long). Nothing of what the region held before survives.
 */
export function initialise(
  base: usize,
  dataQueues: u32,
  maxQueueSize: u32,
  sessions: u32,
  maxRequestBytes: u32,
): Device {
  wipe(base, regionBytes(dataQueues, maxQueueSize, sessions, maxRequestBytes));
  const device = changetype<Device>(base);
  device.dataQueues = dataQueues;
  device.maxQueueSize = maxQueueSize;
  device.sessionCapacity = sessions;
  device.maxRequestBytes = maxRequestBytes;
  device.bufferCapacity = bufferCapacity(maxQueueSize);

  let next = base + aligned(offsetof<Device>());
  device.memoryRegions = next;
  next += aligned(MEMORY_REGIONS_MAX * REGION_BYTES);
  device.queues = next;
  next += aligned((dataQueues + 1) * QUEUE_BYTES);
  device.sessions = next;
  next += aligned(sessions * SLOT_BYTES);
  device.buffers = next;
  next += aligned(device.bufferCapacity * BUFFER_BYTES);
  device.header = next;
  next += aligned(DATA_LEGACY_BYTES);
  device.iv = next;
  next += aligned(IV_BYTES);
  device.lanes = next;
  next += aligned(LANES_BYTES);
  device.scratch = next;
  device.fault = FAULT_NONE;
  return device;
}

/** Whether the device offers a service (5.9.5 crypto_services). */
export function offersService(device: Device, service: u32): bool {
  return service < 32 && ((device.services >> service) & 1) != 0;
}

/** The queue with this index, which the caller has checked against dataQueues. */
@inline
export function queueAt(device: Device, index: u32): Queue {
  return changetype<Queue>(device.queues + index * QUEUE_BYTES);
}

/** Stops the device: the first fault is kept, the host shows DEVICE_NEEDS_RESET (2.1.2). */
export function breakDevice(device: Device, queue: u32, fault: u32): void {
  if (device.fault != FAULT_NONE) return;
  device.fault = fault;
  device.faultQueue = queue;
}
