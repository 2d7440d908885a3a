// The device's state in the engine. All of it is in the region that the host gives, at addresses that follow from a few
// capacities. So one binary serves any number of devices in any memory.
import { SERVICE_AEAD, SERVICE_AKCIPHER, SERVICE_CIPHER, SERVICE_HASH, SERVICE_MAC } from '../spec/crypto';
import { FAULT_NONE } from '../spec/engine';

@unmanaged
export class Device {
  /** Negotiated feature bits 0 to 63. */
  features: u64;
  /** The algorithm masks and crypto_services that the device offers (5.9.5). */
  cipherAlgorithms: u64;
  macAlgorithms: u64;
  hashAlgorithms: u32;
  aeadAlgorithms: u32;
  akcipherAlgorithms: u32;
  services: u32;
  /** Why the device stopped (FAULT_*), and the queue on which it stopped. */
  fault: u32;
  faultQueue: u32;
  /** Number of data queues, which is also the control queue's index (5.9.2). */
  dataQueues: u32;
  /** Largest size of any queue. */
  maxQueueSize: u32;
  /** max_size of the configuration space: the largest content of one request, in bytes. */
  maxRequestBytes: u32;
  /** The longest key that a session may have, even if its algorithm takes longer keys. */
  maxKeyBytes: u32;
  /** The longest key of an AKCIPHER session. It fits into scratch. */
  maxAkcipherKeyBytes: u32;
  /** Non-zero: the engine reports every write to guest memory by the imported written(). */
  reportWrites: u32;

  memoryRegions: u32;
  memoryRegionCount: u32;
  queues: u32;
  sessions: u32;
  sessionCapacity: u32;
  sessionCount: u32;
  /** Number of slots in use since the last reset, open or closed. The slots from this index on are wiped when used. */
  sessionsUsed: u32;
  /** The first slot in the list of free slots, index + 1; 0: the list is empty. */
  sessionFree: u32;
  /** Rises with every session, so that an id is not given out again before 2^32 others. */
  sessionSerial: u32;

  /** The buffers of the current chain: readable ones, then writable ones (2.7.4.2). */
  buffers: u32;
  bufferCapacity: u32;
  readableCount: u32;
  writableCount: u32;
  readableBytes: u32;
  writableBytes: u32;
  /** The next byte to read: its buffer and its offset there; and the number of bytes that are left. */
  readBuffer: u32;
  readOffset: u32;
  readableLeft: u32;
  /** Length of the current request's result in bytes. It counts only if the status is OK. */
  resultBytes: u32;
  /** The length in the chain's used element: written bytes at the start of its writable part (2.7.8.2). */
  usedBytes: u32;
  /** Content of the current data request: keys in stateless mode, IV, associated data and source (statistics.ts). */
  contentBytes: u32;

  /** The check (REFUSED_*) that refused the current request, and whether the host wants reports of refusals. */
  refused: u32;
  reportRefusals: u32;

  /** How much this notification may still run, and NOTIFY_* bits of requests that it leaves (statistics.ts). */
  budget: u64;
  descriptorsLeft: i32;
  moreLeft: u32;
  runningQueue: u32;
  statistics: u32;

  /** Copy of the request's fixed header, because guest memory is read only once. */
  header: u32;
  /** Copy of the IV. The kernels leave the chaining value in it. */
  iv: u32;
  /** The current data request (Operation), whatever its layout. */
  operation: u32;
  /** The table of records of deferred requests; 0: requests cannot be deferred. */
  deferred: u32;
  deferredRecords: u32;
  /** Whether workers read content in the guest's memory. It must then stay unchanged until the request is done. */
  deferredInPlace: u32;
  /** Deferred requests whose results are still to come. */
  inFlight: u32;
  /** The reserved record, index + 1; 0: no record is reserved. */
  reserved: u32;
  /** How many requests are at work at once (DEPTH_*), as virtqueue/notify.ts estimates it. */
  depth: u32;
  /** Where the current request runs (PLACE_*). */
  place: u32;
  /** What the host learns of a notification (PLACEMENT_*): the place that it wants to try, and the kind that ran. */
  tryPlace: u32;
  ran: u32;
  /** The session of a request in stateless mode. */
  stateless: u32;
  /** The tables of security associations (ipsec/sa.ts); 0: the device does not offer IPSEC. Slots, and slots in use. */
  associations: u32;
  outboundCapacity: u32;
  inboundCapacity: u32;
  outboundUsed: u32;
  inboundUsed: u32;
  /** Requests that wait to run side by side (request/batch.ts). */
  batch: u32;
  batchCount: u32;
  /** The bounds of all bytes that they read and write. */
  batchLow: u32;
  batchHigh: u32;
  /** The gathered source, and the result before it is scattered: maxRequestBytes. */
  scratch: u32;
  /** The gathered additional data, and digests before they are scattered: maxRequestBytes. */
  scratch2: u32;
}

/** Offers a service with these algorithms, unless the mask is 0 or the engine has no kernels for the service. */
export function offerService(device: Device, service: u32, algorithms: u64): void {
  if (!algorithms) return;
  if (service == SERVICE_CIPHER) device.cipherAlgorithms = algorithms;
  else if (service == SERVICE_HASH) device.hashAlgorithms = <u32>algorithms;
  else if (service == SERVICE_MAC) device.macAlgorithms = algorithms;
  else if (service == SERVICE_AEAD) device.aeadAlgorithms = <u32>algorithms;
  else if (service == SERVICE_AKCIPHER) device.akcipherAlgorithms = <u32>algorithms;
  else return;
  device.services |= 1 << service;
}

/** Whether the device offers a service (5.9.5 crypto_services). */
export function offersService(device: Device, service: u32): bool {
  return service < 32 && ((device.services >> service) & 1) != 0;
}

/** Whether driver and device agreed on a feature (2.2). */
@inline
export function hasFeature(device: Device, bit: u32): bool {
  return ((device.features >> bit) & 1) != 0;
}

/** Stops the device and keeps its first fault. The host then shows DEVICE_NEEDS_RESET (2.1.2). */
export function breakDevice(device: Device, queue: u32, fault: u32): void {
  if (device.fault != FAULT_NONE) return;
  device.fault = fault;
  device.faultQueue = queue;
}
