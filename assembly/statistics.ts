// What one notification may run, and what was run: counted beside each request, summed up once a notification.
import { CRYPTO_OK } from '../spec/crypto';
import {
  NOTIFY_MORE,
  RECORD_BYTES,
  RECORD_CONTENT,
  RECORD_ERRORS,
  RECORD_REQUESTS,
  RECORD_STATUSES,
  ROW_BYTES,
  ROW_CONTENT,
  ROW_REQUESTS,
  ROWS_BYTES,
  STATISTICS_CONTROL,
  STATISTICS_SERVICES,
  STATISTICS_UNKNOWN,
} from '../spec/engine';
import { DESC_BYTES } from '../spec/virtio';
import { Device } from './device';
import { wipe } from './memory/bytes';

/** Bytes that the counts of a device take. */
export function statisticsBytes(dataQueues: u32): u32 {
  return ROWS_BYTES + (dataQueues + 1 + STATISTICS_SERVICES) * RECORD_BYTES;
}

@inline
function rowOf(device: Device, service: u32): usize {
  return device.statistics + service * ROW_BYTES;
}

@inline
function queueRecord(device: Device, queue: u32): usize {
  return device.statistics + ROWS_BYTES + queue * RECORD_BYTES;
}

@inline
function serviceRecord(device: Device, service: u32): usize {
  return queueRecord(device, device.dataQueues + 1 + service);
}

@inline
function add(counter: usize, value: u64): void {
  store<u64>(counter, load<u64>(counter) + value);
}

/**
 * Starts a notification of queue `index`.
 * @param requests how many it may run
 * @param bytes once their content comes to this, no further one is begun
 * @param descriptors the same for the bytes of their descriptors: they cost time even where they carry nothing
 */
export function beginNotification(device: Device, index: u32, requests: u32, bytes: u32, descriptors: i32): void {
  device.runningQueue = index;
  device.budget = both(requests, bytes);
  device.descriptorsLeft = descriptors;
  device.moreLeft = 0;
  wipe(device.statistics, ROWS_BYTES);
}

/** Requests and their content in one number, so that both are counted at once. */
@inline
function both(requests: u32, contentBytes: u32): u64 {
  return ((<u64>contentBytes) << 32) | requests;
}

/** Whether a chain that is available may run; if not, endNotification() says that more is left. */
@inline
export function mayRun(device: Device): bool {
  const budget = device.budget;
  // The content may have overdrawn its half by a request.
  if (<u32>budget && (<i64>budget) >> 32 > 0) return true;
  device.moreLeft |= NOTIFY_MORE;
  return false;
}

/** Chains of so few descriptors cost no time worth counting. */
const FREE_DESCRIPTORS: u32 = 16;

/** Takes the descriptors of a chain from the budget: once they are spent, all of it is. */
@inline
export function chargeDescriptors(device: Device, count: u32): void {
  if (count > FREE_DESCRIPTORS) chargeMany(device, count);
}

function chargeMany(device: Device, count: u32): void {
  device.descriptorsLeft -= count * DESC_BYTES;
  if (device.descriptorsLeft <= 0) device.budget = 0;
}

/**
 * Counts a data request that was answered.
 * @param service the service that its opcode names (5.9.7.3)
 * @param contentBytes what was read of it behind its header: IV, associated data, source
 */
@inline
export function countRequest(device: Device, service: u32, status: u32, contentBytes: u32): void {
  count(device, min<u32>(service, STATISTICS_UNKNOWN), status, contentBytes);
}

/** Counts how a request ended that was counted when it was deferred. */
export function countStatus(device: Device, service: u32, status: u32): void {
  if (status != CRYPTO_OK) countError(device, min<u32>(service, STATISTICS_UNKNOWN), status);
}

/** What notify() is to say beside what it did. */
@inline
export function leaveMore(device: Device, bit: u32): void {
  device.moreLeft |= bit;
}

/** Counts a control request that was answered. */
@inline
export function countControlRequest(device: Device, status: u32, contentBytes: u32): void {
  count(device, STATISTICS_CONTROL, status, contentBytes);
}

@inline
function count(device: Device, service: u32, status: u32, contentBytes: u32): void {
  const one = both(1, contentBytes);
  device.budget -= one;
  const row = rowOf(device, service);
  store<u64>(row, load<u64>(row) + one);
  if (status != CRYPTO_OK) countError(device, service, status);
}

function countError(device: Device, service: u32, status: u32): void {
  if (status > <u32>RECORD_STATUSES) return;
  const error = RECORD_ERRORS + (status - 1) * 8;
  add(queueRecord(device, device.runningQueue) + error, 1);
  if (service < <u32>STATISTICS_SERVICES) add(serviceRecord(device, service) + error, 1);
}

/**
 * Sums up the notification. Returns NOTIFY_MORE when its budget ended before the queue did, and NOTIFY_WAITS, else 0.
 */
export function endNotification(device: Device): u32 {
  const queue = queueRecord(device, device.runningQueue);
  for (let service: u32 = 0; service <= <u32>STATISTICS_CONTROL; service++) {
    const row = rowOf(device, service);
    const requests = load<u32>(row + ROW_REQUESTS);
    if (!requests) continue;
    const content = load<u32>(row + ROW_CONTENT);
    add(queue + RECORD_REQUESTS, requests);
    add(queue + RECORD_CONTENT, content);
    if (service == STATISTICS_CONTROL) continue;
    add(serviceRecord(device, service) + RECORD_REQUESTS, requests);
    add(serviceRecord(device, service) + RECORD_CONTENT, content);
  }
  return device.moreLeft;
}
