// The engine's exports, and nothing else. `device` is the address that initialise() was given.
import { FAULT_NONE, MEMORY_REGIONS_MAX } from '../spec/engine';
import './agreement';
import { breakDevice, Device, offerService } from './device';
import { layOut, regionBytes as bytesFor, wipeRequests } from './region';
import { addRegion, forgetRegions, IN_PLACE } from './memory/guest';
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

/** Bytes of memory that a device of these capacities needs. */
export function regionBytes(dataQueues: u32, maxQueueSize: u32, sessions: u32, maxRequestBytes: u32): u32 {
  return bytesFor(dataQueues, maxQueueSize, sessions, maxRequestBytes);
}

/** Lays out a device in the region at `device` (64-byte aligned) that regionBytes() measured. */
export function initialise(
  device: usize,
  dataQueues: u32,
  maxQueueSize: u32,
  sessions: u32,
  maxRequestBytes: u32,
): void {
  clearSessions(layOut(device, dataQueues, maxQueueSize, sessions, maxRequestBytes));
}

/** Names a stretch of guest RAM: guest-physical [start, start + size) stands at `pointer`. False: too many of them. */
export function addMemory(device: Device, start: u64, size: u64, pointer: usize): bool {
  return addRegion(device, start, size, pointer, MEMORY_REGIONS_MAX);
}

/** Forgets all stretches of guest RAM. Queues whose rings stand there are not to be run until they are named again. */
export function forgetMemory(device: Device): void {
  forgetRegions(device);
}

/**
 * Offers a service with these algorithms: bits of its mask in the configuration space (5.9.5). Without any, it is not
 * offered.
 */
export function offer(device: Device, service: u32, algorithms: u64): void {
  offerService(device, service, algorithms);
}

/** The longest key that a session may have, where its algorithm does not set a lower bound itself. */
export function limitKeys(device: Device, bytes: u32): void {
  device.maxKeyBytes = bytes;
}

/** Whether writes to guest memory are to be reported through the imported written(). */
export function reportWrites(device: Device, on: bool): void {
  device.reportWrites = on;
}

/** Whether refused requests are to be reported through the imported refused(). */
export function reportRefusals(device: Device, on: bool): void {
  device.reportRefusals = on;
}

/** The features that driver and device agreed on (3.1.1 step 5). */
export function setFeatures(device: Device, features: u64): void {
  device.features = features;
}

/** Enables queue `index` (at most dataQueues). Returns a FAULT_*; any but FAULT_NONE breaks the device. */
export function enableQueue(device: Device, index: u32, size: u32, desc: u64, avail: u64, used: u64): u32 {
  const fault = enable(device, queueAt(device, index), index, size, desc, avail, used);
  if (fault != FAULT_NONE) breakDevice(device, index, fault);
  return fault;
}

/** Whether anything is available on queue `index` (at most dataQueues). */
export function hasAvailable(device: Device, index: u32): bool {
  return queueHasAvailable(queueAt(device, index));
}

/**
 * Runs what is available on queue `index` (at most dataQueues), within a budget: no more than `requests`, and none once
 * their content comes to `bytes`, or the bytes of their descriptors to `descriptors`. Returns NOTIFY_* bits. Where
 * nothing is available, that is NOTIFY_IDLE, and costs little.
 */
export function notify(device: Device, index: u32, requests: u32, bytes: u32, descriptors: i32): u32 {
  return notifyQueue(device, index, requests, bytes, descriptors);
}

/** Bytes of a table of so many records of deferred requests. */
export function deferredBytes(records: u32): u32 {
  return bytesDeferred(records);
}

/**
 * From now on requests may be deferred: so many records stand at `table` (DEFERRED_*), all zero, which deferredBytes()
 * measured. A table of 0: they may not. None is under way. With `inPlace` those that are apart are served where they
 * stand.
 */
export function useDeferred(device: Device, table: usize, records: u32, inPlace: u32): void {
  device.deferred = <u32>table;
  device.deferredRecords = records;
  device.deferredInPlace = inPlace;
  device.reserved = 0;
}

/**
 * Completes the request of record `index`, which was posted and not dropped since: `resultBytes` stand in its buffers
 * if `status` is OK. Returns NOTIFY_* bits for its queue.
 */
export function complete(device: Device, index: u32, status: u32, resultBytes: u32): u32 {
  const queue = finish(device, index, status, resultBytes);
  return queue.packed ? completePacked(device, queue, index) : completeSplit(device, queue, index);
}

/** The request of record `index`, which was posted, will not be completed. */
export function drop(device: Device, index: u32): void {
  dropRecord(device, index);
}

/** Bytes of a session with its expanded keys, and of a job (JOB_*) with so much content and room for a result. */
export function sessionBytes(): u32 {
  return SLOT_BYTES;
}
export function jobBytes(readableBytes: u32, writableBytes: u32): u32 {
  return bytesOfJob(readableBytes, writableBytes);
}

/**
 * Runs `count` jobs, JOBS_AT_ONCE at most, whose addresses stand at `jobs`. The device has room for as many sessions.
 * Jobs stand in the engine's own memory, so that a build for foreign memory runs none.
 */
export function runJobs(device: Device, jobs: usize, count: u32): void {
  if (!IN_PLACE) unreachable();
  run(device, jobs, count);
}

/** Device reset (2.4): queues are forgotten, sessions wiped, faults gone. */
export function reset(device: Device): void {
  wipe(device.queues, (device.dataQueues + 1) * QUEUE_BYTES);
  wipeRequests(device);
  clearSessions(device);
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

/** Stops the device, as the host found or saved it. */
export function setFault(device: Device, fault: u32, queue: u32): void {
  breakDevice(device, queue, fault);
}

/** Resets queue `index` (at most dataQueues) alone (2.6.1): it is disabled, and nothing of it is known any more. */
export function resetQueue(device: Device, index: u32): void {
  const queue = queueAt(device, index);
  dropHeld(device, queue);
  forgetQueue(queue);
}

/**
 * Where a queue stands: next available entry in the low half, next used one in the high half, with their wrap counters.
 */
export function queueIndices(device: Device, index: u32): u32 {
  return indicesOf(queueAt(device, index));
}

/** Puts an enabled queue where queueIndices() said; false when its ring has no such place. */
export function setQueueIndices(device: Device, index: u32, indices: u32): bool {
  return setIndices(queueAt(device, index), indices);
}

/** Requests completed on a queue since it was enabled. */
export function queueRequests(device: Device, index: u32): u64 {
  return queueAt(device, index).requests;
}

/** Where the counts stand (STATISTICS_*). They outlast a reset. */
export function statisticsAt(device: Device): usize {
  return device.statistics;
}

/** Open sessions, and the serial number that the newest one got. */
export function sessionCount(device: Device): u32 {
  return device.sessionCount;
}
export function sessionSerial(device: Device): u32 {
  return device.sessionSerial;
}
export function setSessionSerial(device: Device, serial: u32): void {
  device.sessionSerial = serial;
}

/** The open session in slot `index`, laid out as spec/engine.ts says (SESSION_*), or 0. */
export function sessionAt(device: Device, index: u32): usize {
  return changetype<usize>(sessionInSlot(device, index));
}

/**
 * Puts a saved session back under its old id and returns where its parameters and keys are to be written, before
 * expandSession(); 0 when the id does not fit this device.
 */
export function restoreSession(device: Device, id: u64): usize {
  return changetype<usize>(reopenSession(device, id));
}

/**
 * Expands the keys of a session whose parameters and keys the host wrote; false when this device cannot have such a
 * session.
 */
export function expandSession(device: Device, session: Session): bool {
  return readySavedSession(device, session);
}

/** Asks the host anew where the requests of every open session run. */
export function placeSessions(device: Device): void {
  placeAll(device);
}
