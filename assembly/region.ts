// Where each part of a device is in the region that the host gives. One list both measures the region and lays it out.
import { DATA_SYM_STATELESS_BYTES } from '../spec/crypto';
import { CHAIN_BUFFERS_MIN, FAULT_NONE, MEMORY_REGIONS_MAX, OTHER_QUEUES, TRY_NONE } from '../spec/engine';
import { BUFFER_BYTES } from './chain/buffers';
import { Device } from './device';
import { wipe } from './memory/bytes';
import { REGION_BYTES } from './memory/guest';
import { BATCH_BYTES } from './request/batch';
import { OPERATION_BYTES } from './request/operation';
import { SLOT_BYTES } from './session/slot';
import { statisticsBytes } from './statistics';
import { QUEUE_BYTES } from './virtqueue/queue';

const ALIGN: usize = 64;
const IV_BYTES: usize = 16;

@inline
function aligned(bytes: usize): usize {
  return (bytes + ALIGN - 1) & ~(ALIGN - 1);
}

/** Writes `start`, the place of a part, into `field` of the device, if `device` is not 0. Returns the part's end. */
@inline
function part(device: usize, field: usize, start: usize, bytes: usize): usize {
  if (device) store<u32>(device + field, <u32>start);
  return start + aligned(bytes);
}

@inline
function bufferCapacity(maxQueueSize: u32): u32 {
  return max<u32>(maxQueueSize, CHAIN_BUFFERS_MIN);
}

/**
 * The list of parts, from `base` on. Keep header to scratch2 together: wipeRequests() wipes them as one piece.
 * @param device where the places are written; 0: only measure
 * @returns the end of the last part
 */
function layParts(
  device: usize,
  base: usize,
  dataQueues: u32,
  maxQueueSize: u32,
  sessions: u32,
  maxRequestBytes: u32,
): usize {
  let next = base + aligned(offsetof<Device>());
  next = part(device, offsetof<Device>('memoryRegions'), next, MEMORY_REGIONS_MAX * REGION_BYTES);
  next = part(device, offsetof<Device>('queues'), next, (dataQueues + OTHER_QUEUES) * QUEUE_BYTES);
  next = part(device, offsetof<Device>('statistics'), next, statisticsBytes(dataQueues));
  next = part(device, offsetof<Device>('sessions'), next, sessions * SLOT_BYTES);
  next = part(device, offsetof<Device>('buffers'), next, bufferCapacity(maxQueueSize) * BUFFER_BYTES);
  next = part(device, offsetof<Device>('header'), next, DATA_SYM_STATELESS_BYTES);
  next = part(device, offsetof<Device>('iv'), next, IV_BYTES);
  next = part(device, offsetof<Device>('operation'), next, OPERATION_BYTES);
  next = part(device, offsetof<Device>('stateless'), next, SLOT_BYTES);
  next = part(device, offsetof<Device>('batch'), next, BATCH_BYTES);
  next = part(device, offsetof<Device>('scratch'), next, maxRequestBytes);
  return part(device, offsetof<Device>('scratch2'), next, maxRequestBytes);
}

/** Bytes that a region must have for a device of these capacities. */
export function regionBytes(dataQueues: u32, maxQueueSize: u32, sessions: u32, maxRequestBytes: u32): usize {
  return layParts(0, 0, dataQueues, maxQueueSize, sessions, maxRequestBytes);
}

/**
 * Lays a device out at `base` (64-byte aligned, regionBytes() long), and wipes all parts except the session slots. A
 * slot is wiped before its first use, so the memory of unused slots stays untouched.
 */
export function layOut(base: usize, dataQueues: u32, maxQueueSize: u32, sessions: u32, maxRequestBytes: u32): Device {
  wipe(base, aligned(offsetof<Device>()));
  const end = layParts(base, base, dataQueues, maxQueueSize, sessions, maxRequestBytes);
  const device = changetype<Device>(base);
  wipe(device.memoryRegions, device.sessions - device.memoryRegions);
  wipe(device.buffers, end - device.buffers);
  device.dataQueues = dataQueues;
  device.maxQueueSize = maxQueueSize;
  device.sessionCapacity = sessions;
  device.maxRequestBytes = maxRequestBytes;
  device.bufferCapacity = bufferCapacity(maxQueueSize);
  device.fault = FAULT_NONE;
  device.tryPlace = TRY_NONE;
  return device;
}

/** Wipes all bytes of requests in the region: headers, IVs, keys of stateless mode, contents. */
export function wipeRequests(device: Device): void {
  wipe(device.header, device.scratch2 + device.maxRequestBytes - device.header);
}
