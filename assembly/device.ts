// The device's state as the engine keeps it. Everything lives in the region that the host names, at addresses that
// follow from a handful of capacities, so that one binary serves any number of devices in any memory.
import { SERVICE_AEAD, SERVICE_CIPHER, SERVICE_HASH, SERVICE_MAC } from '../spec/crypto';
import { FAULT_NONE } from '../spec/engine';

@unmanaged
export class Device {
  /** Negotiated feature bits 0 to 63. */
  features: u64;
  /** Bits of the algorithm masks and of crypto_services that are offered (5.9.5). */
  cipherAlgorithms: u64;
  macAlgorithms: u64;
  hashAlgorithms: u32;
  aeadAlgorithms: u32;
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
  /** No key of a session is longer, whatever its algorithm takes. */
  maxKeyBytes: u32;
  /** Non-zero: every write to guest memory is reported through the imported written(). */
  reportWrites: u32;

  memoryRegions: u32;
  memoryRegionCount: u32;
  queues: u32;
  sessions: u32;
  sessionCapacity: u32;
  sessionCount: u32;
  /** Slots that ever held a session since the last reset: from here on, their memory was not touched. */
  sessionsUsed: u32;
  /** Head of the list of free slots, index + 1; 0: none is free. */
  sessionFree: u32;
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
  /** Bytes of the result of the request that is being run; 0 unless its status is OK. */
  resultBytes: u32;
  /** Bytes at the start of the chain's writable part that were written, for its used element (2.7.8.2). */
  usedBytes: u32;
  /**
   * Content of the data request that is being run: keys in stateless mode, IV, associated data and source
   * (statistics.ts).
   */
  contentBytes: u32;

  /** The check that refused the request in hand (REFUSED_*), and whether the host wants to know. */
  refused: u32;
  reportRefusals: u32;

  /** What this notification may still run, and whether something was left for the next one (statistics.ts). */
  budget: u64;
  descriptorsLeft: i32;
  moreLeft: u32;
  runningQueue: u32;
  statistics: u32;

  /** Copy of the request's fixed header: guest memory is read once. */
  header: u32;
  /** Copy of the IV; the kernels leave the chaining value in it. */
  iv: u32;
  /** The request in hand, whichever layout it came in. */
  operation: u32;
  /** Records of deferred requests; 0: there are none. */
  deferred: u32;
  deferredRecords: u32;
  /** Whether requests may be served in the guest's memory: what they read then has to stay until they are done. */
  deferredInPlace: u32;
  /** Requests whose results are still to come. */
  inFlight: u32;
  /** The record at hand, index + 1; 0: none is. */
  reserved: u32;
  /**
   * How many requests are available at once (DEPTH_*), as far as the notification before and what is under way tell.
   */
  depth: u32;
  /** Where the request in hand runs (PLACE_*). */
  place: u32;
  /** The session of a request in stateless mode. */
  stateless: u32;
  /** Requests that wait to run side by side (request/batch.ts). */
  batch: u32;
  batchCount: u32;
  /** Between these places stands all that they read and write. */
  batchLow: u32;
  batchHigh: u32;
  /** Gathered source, and result before it is scattered: maxRequestBytes. */
  scratch: u32;
  /** Gathered additional data, and digests before they are scattered: maxRequestBytes. */
  scratch2: u32;
}

/** Offers a service with these algorithms, if there are any, and if the engine has kernels for the service. */
export function offerService(device: Device, service: u32, algorithms: u64): void {
  if (!algorithms) return;
  if (service == SERVICE_CIPHER) device.cipherAlgorithms = algorithms;
  else if (service == SERVICE_HASH) device.hashAlgorithms = <u32>algorithms;
  else if (service == SERVICE_MAC) device.macAlgorithms = algorithms;
  else if (service == SERVICE_AEAD) device.aeadAlgorithms = <u32>algorithms;
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

/** Stops the device: the first fault is kept, the host shows DEVICE_NEEDS_RESET (2.1.2). */
export function breakDevice(device: Device, queue: u32, fault: u32): void {
  if (device.fault != FAULT_NONE) return;
  device.fault = fault;
  device.faultQueue = queue;
}
