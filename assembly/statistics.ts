// How much one notification may run, and how much was run. Each request is counted in a row, and the rows are added to
// the totals once for each notification.
import { CRYPTO_OK } from '../spec/crypto';
import {
  NOTIFY_MORE,
  OTHER_QUEUES,
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

/** Size of a device's counters in bytes. */
export function statisticsBytes(dataQueues: u32): u32 {
  return ROWS_BYTES + (dataQueues + OTHER_QUEUES + STATISTICS_SERVICES) * RECORD_BYTES;
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
  return queueRecord(device, device.dataQueues + OTHER_QUEUES + service);
}

@inline
function add(counter: usize, value: u64): void {
  store<u64>(counter, load<u64>(counter) + value);
}

/**
 * Starts a notification of queue `index`.
 * @param requests the most requests that it may run
 * @param bytes once the requests' content reaches this, no further request begins
 * @param descriptors the same bound for the bytes of their descriptors, which take time even if their buffers are empty
 */
export function beginNotification(device: Device, index: u32, requests: u32, bytes: u32, descriptors: i32): void {
  device.runningQueue = index;
  device.budget = both(requests, bytes);
  device.descriptorsLeft = descriptors;
  device.moreLeft = 0;
  wipe(device.statistics, ROWS_BYTES);
}

/** Requests and their content in one number, so that one addition counts both. */
@inline
function both(requests: u32, contentBytes: u32): u64 {
  return ((<u64>contentBytes) << 32) | requests;
}

/** Whether the budget allows another chain. If not, endNotification() returns NOTIFY_MORE. */
@inline
export function mayRun(device: Device): bool {
  const budget = device.budget;
  // The last request may have made the content's half negative.
  if (<u32>budget && (<i64>budget) >> 32 > 0) return true;
  device.moreLeft |= NOTIFY_MORE;
  return false;
}

/** Chains with at most this many descriptors are not counted, because they take little time. */
const FREE_DESCRIPTORS: u32 = 16;

/** Takes a chain's descriptors from the budget. When no descriptors are left, the whole budget ends. */
@inline
export function chargeDescriptors(device: Device, count: u32): void {
  if (count > FREE_DESCRIPTORS) chargeMany(device, count);
}

function chargeMany(device: Device, count: u32): void {
  device.descriptorsLeft -= count * DESC_BYTES;
  if (device.descriptorsLeft <= 0) device.budget = 0;
}

/**
 * Counts a data request: one that was completed, batched, deferred or refused.
 * @param service the service that its opcode names (5.9.7.3)
 * @param contentBytes its content behind the header: keys in stateless mode, IV, associated data, source
 */
@inline
export function countRequest(device: Device, service: u32, status: u32, contentBytes: u32): void {
  count(device, min<u32>(service, STATISTICS_UNKNOWN), status, contentBytes);
}

/** Counts the status of a deferred request. The request itself was counted when it was deferred. */
export function countStatus(device: Device, service: u32, status: u32): void {
  if (status != CRYPTO_OK) countError(device, min<u32>(service, STATISTICS_UNKNOWN), status);
}

/** Adds a bit to the result of notify(). */
@inline
export function leaveMore(device: Device, bit: u32): void {
  device.moreLeft |= bit;
}

/** Counts a control request, or an administration command, that was completed. */
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
 * Adds the notification's counts to the totals. Returns NOTIFY_MORE if the budget ended before the queue was empty, and
 * NOTIFY_WAITS if a request waits; else 0.
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
