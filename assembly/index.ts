// The engine's exports, and nothing else. `device` is the address that the host gave to initialise().
import { FAULT_NONE, MEMORY_REGIONS_MAX, OTHER_QUEUES } from '../spec/engine';
import './agreement';
import { breakDevice, Device, offerService } from './device';
import { layOut, regionBytes as bytesFor, wipeRequests } from './region';
import { addRegion, forgetRegions, IN_PLACE } from './memory/guest';
import {
  clearSas,
  createSa as create,
  destroySa as destroy,
  findSa,
  modifySa as modify,
  saTableBytes as bytesOfSas,
  useSaTable,
} from './ipsec/sa';
import { Session, SLOT_BYTES } from './session/slot';
import { deferredBytes as bytesDeferred, dropHeld, dropRecord, dropRecords, finish } from './request/deferred';
import { placeSessions as placeAll } from './request/placement';
import { jobBytes as bytesOfJob, runJobs as run } from './request/job';
import { readySavedSession } from './request/ready';
import { clearSessions, reopenSession, sessionInSlot } from './session/table';
import { notifyQueue, queueHasAvailable } from './virtqueue/notify';
import { enableQueue as enable, forgetQueue, indicesOf, QUEUE_BYTES, queueAt, setIndices } from './virtqueue/queue';
import { completePacked } from './virtqueue/packed';
import { completeSplit } from './virtqueue/split';
import { wipe } from './memory/bytes';

/** Bytes of memory that a device with these capacities needs. */
export function regionBytes(dataQueues: u32, maxQueueSize: u32, sessions: u32, maxRequestBytes: u32): u32 {
  return bytesFor(dataQueues, maxQueueSize, sessions, maxRequestBytes);
}

/** Lays out a device in the region at `device` (64-byte aligned), which has regionBytes() bytes. */
export function initialise(
  device: usize,
  dataQueues: u32,
  maxQueueSize: u32,
  sessions: u32,
  maxRequestBytes: u32,
): void {
  clearSessions(layOut(device, dataQueues, maxQueueSize, sessions, maxRequestBytes));
}

/** Adds a stretch of guest RAM: guest-physical [start, start + size) is at `pointer`. False: too many stretches. */
export function addMemory(device: Device, start: u64, size: u64, pointer: usize): bool {
  return addRegion(device, start, size, pointer, MEMORY_REGIONS_MAX);
}

/** Forgets all stretches of guest RAM. The host must add them again before it runs a queue whose rings are there. */
export function forgetMemory(device: Device): void {
  forgetRegions(device);
}

/**
 * Offers a service with these algorithms: bits of its mask in the configuration space (5.9.5). A mask of 0 offers
 * nothing.
 */
export function offer(device: Device, service: u32, algorithms: u64): void {
  offerService(device, service, algorithms);
}

/** Sets the longest key that a session may have. An algorithm may have a lower bound of its own. */
export function limitKeys(device: Device, bytes: u32): void {
  device.maxKeyBytes = bytes;
}

/**
 * Sets the longest key that an AKCIPHER session may have, at most the maxRequestBytes of initialise(). 0 until then.
 */
export function limitAkcipherKeys(device: Device, bytes: u32): void {
  device.maxAkcipherKeyBytes = bytes;
}

/** Sets whether the engine reports writes to guest memory by the imported written(). */
export function reportWrites(device: Device, on: bool): void {
  device.reportWrites = on;
}

/** Sets whether the engine reports refused requests by the imported refused(). */
export function reportRefusals(device: Device, on: bool): void {
  device.reportRefusals = on;
}

/** Sets the features that driver and device agreed on (3.1.1 step 5). */
export function setFeatures(device: Device, features: u64): void {
  device.features = features;
}

/** Enables queue `index` (dataQueues + 1 at most). Returns a FAULT_*. Any fault but FAULT_NONE breaks the device. */
export function enableQueue(device: Device, index: u32, size: u32, desc: u64, avail: u64, used: u64): u32 {
  const fault = enable(device, queueAt(device, index), index, size, desc, avail, used);
  if (fault != FAULT_NONE) breakDevice(device, index, fault);
  return fault;
}

/** Whether queue `index` (dataQueues + 1 at most) is enabled and has an available chain. */
export function hasAvailable(device: Device, index: u32): bool {
  return queueHasAvailable(queueAt(device, index));
}

/**
 * Runs the available chains of queue `index` (dataQueues + 1 at most) within a budget: at most `requests` requests,
 * and no further one once their content reaches `bytes`, or their descriptors `descriptors` bytes. Returns NOTIFY_*
 * bits. If nothing is available, it returns NOTIFY_IDLE after little work.
 */
export function notify(device: Device, index: u32, requests: u32, bytes: u32, descriptors: i32): u32 {
  return notifyQueue(device, index, requests, bytes, descriptors);
}

/** Bytes of a table of `records` records of deferred requests. */
export function deferredBytes(records: u32): u32 {
  return bytesDeferred(records);
}

/**
 * Lets the engine defer requests, with `records` records at `table` (DEFERRED_*), which is all zero and has
 * deferredBytes() bytes. A table of 0: it defers none. Call it while no deferred request is under way. With `inPlace`
 * workers read the content in the guest's own buffers.
 */
export function useDeferred(device: Device, table: usize, records: u32, inPlace: u32): void {
  device.deferred = <u32>table;
  device.deferredRecords = records;
  device.deferredInPlace = inPlace;
  device.reserved = 0;
}

/**
 * Completes the request of record `index`, which was posted and not dropped since. If `status` is OK, its buffers hold
 * `resultBytes` bytes of result. Returns NOTIFY_* bits for its queue.
 */
export function complete(device: Device, index: u32, status: u32, resultBytes: u32): u32 {
  const queue = finish(device, index, status, resultBytes);
  return queue.packed ? completePacked(device, queue, index) : completeSplit(device, queue, index);
}

/** Forgets the request of record `index`, which was posted: it will not be completed. */
export function drop(device: Device, index: u32): void {
  dropRecord(device, index);
}

/** Bytes of a session with its expanded keys, and of a job (JOB_*) with this much content and room for a result. */
export function sessionBytes(): u32 {
  return SLOT_BYTES;
}
export function jobBytes(readableBytes: u32, writableBytes: u32): u32 {
  return bytesOfJob(readableBytes, writableBytes);
}

/**
 * Runs `count` jobs (at most JOBS_AT_ONCE), whose addresses are at `jobs`. The device has room for `count` sessions.
 * Jobs are in the engine's own memory, so the build for foreign memory runs none.
 */
export function runJobs(device: Device, jobs: usize, count: u32): void {
  if (!IN_PLACE) unreachable();
  run(device, jobs, count);
}

/** Resets the device (2.4): forgets its queues, wipes its sessions, clears its fault. */
export function reset(device: Device): void {
  wipe(device.queues, (device.dataQueues + OTHER_QUEUES) * QUEUE_BYTES);
  wipeRequests(device);
  clearSessions(device);
  clearSas(device);
  device.batchCount = 0;
  dropRecords(device);
  device.features = 0;
  device.fault = FAULT_NONE;
  device.faultQueue = 0;
}

/** Why the device needs a reset (FAULT_*), and the queue that it happened on. */
export function fault(device: Device): u32 {
  return device.fault;
}
export function faultQueue(device: Device): u32 {
  return device.faultQueue;
}

/** Stops the device with a fault that the host found, or that a saved state has. */
export function setFault(device: Device, fault: u32, queue: u32): void {
  breakDevice(device, queue, fault);
}

/** Resets queue `index` (dataQueues + 1 at most) alone (2.6.1): the queue is disabled and forgotten. */
export function resetQueue(device: Device, index: u32): void {
  const queue = queueAt(device, index);
  dropHeld(device, queue);
  forgetQueue(queue);
}

/**
 * A queue's position: the next available entry in the low half, the next used entry in the high half, with their wrap
 * counters.
 */
export function queueIndices(device: Device, index: u32): u32 {
  return indicesOf(queueAt(device, index));
}

/** Sets an enabled queue's position, as queueIndices() returns it. False: its ring has no such place. */
export function setQueueIndices(device: Device, index: u32, indices: u32): bool {
  return setIndices(queueAt(device, index), indices);
}

/** Requests completed on a queue since it was enabled. */
export function queueRequests(device: Device, index: u32): u64 {
  return queueAt(device, index).requests;
}

/** The address of the counters (STATISTICS_*). A reset does not clear them. */
export function statisticsAt(device: Device): usize {
  return device.statistics;
}

/** The address of what the host learns of a notification (PLACEMENT_*). */
export function placementAt(device: Device): usize {
  return changetype<usize>(device) + offsetof<Device>('tryPlace');
}

/** The number of open sessions, and the serial number of the newest session. */
export function sessionCount(device: Device): u32 {
  return device.sessionCount;
}
export function sessionSerial(device: Device): u32 {
  return device.sessionSerial;
}
export function setSessionSerial(device: Device, serial: u32): void {
  device.sessionSerial = serial;
}

/** The address of the open session in slot `index`, laid out as spec/engine.ts says (SESSION_*), or 0. */
export function sessionAt(device: Device, index: u32): usize {
  return changetype<usize>(sessionInSlot(device, index));
}

/**
 * Puts a saved session back under its old id. Returns its address: the host writes its parameters and keys there, then
 * calls expandSession(). 0: this device has no free slot for the id.
 */
export function restoreSession(device: Device, id: u64): usize {
  return changetype<usize>(reopenSession(device, id));
}

/**
 * Expands the keys of a session whose parameters and keys the host wrote. False: this device does not accept the
 * parameters.
 */
export function expandSession(device: Device, session: Session): bool {
  return readySavedSession(device, session);
}

/** Asks the host again where the requests of each open session run. */
export function placeSessions(device: Device): void {
  placeAll(device);
}

/** Bytes of a table of so many security associations of each direction. */
export function saTableBytes(outbound: u32, inbound: u32): u32 {
  return bytesOfSas(outbound, inbound);
}

/**
 * Offers the IPSEC service, with a table at `table`, which is 64-byte aligned, all zero, and has saTableBytes() bytes.
 * The host writes an object of SA_INPUT_BYTES at its start before it calls createSa() or modifySa().
 */
export function useSas(device: Device, table: usize, outbound: u32, inbound: u32): void {
  useSaTable(device, table, outbound, inbound);
}

/** Makes, changes or ends the security association `id` of a direction (SA_OUTBOUND, SA_INBOUND). Returns SA_*. */
export function createSa(device: Device, direction: u32, id: u32): u32 {
  return create(device, direction, id);
}
export function modifySa(device: Device, direction: u32, id: u32): u32 {
  return modify(device, direction, id);
}
export function destroySa(device: Device, direction: u32, id: u32): u32 {
  return destroy(device, direction, id);
}

/** Ends all security associations. */
export function clearAssociations(device: Device): void {
  clearSas(device);
}

/** The address of a security association, laid out as spec/ipsec.ts says (SA_*), or 0 if there is none. */
export function saAt(device: Device, direction: u32, id: u32): usize {
  return changetype<usize>(findSa(device, direction, id));
}
