// Requests whose work is done elsewhere, beside the notification: the engine takes the chain, hands a description of it
// to the host, and goes on. A record keeps what is needed to complete it later. A request that does not fit waits in
// its ring.
import { CRYPTO_OK, SERVICE_AEAD } from '../../spec/crypto';
import {
  CLAIM_NOBODY,
  DEFERRED_BUFFERS,
  DEFERRED_BUFFERS_MAX,
  DEFERRED_BYTES,
  DEFERRED_OPERATION,
  NONCE_SLACK_BYTES,
} from '../../spec/engine';
import { F_IN_ORDER } from '../../spec/virtio';
import { REFUSED_TAG } from '../../spec/refusals';
import { Device, hasFeature } from '../device';
import { refuse, reportRefusal } from '../refusal';
import { aeadPrepare } from '../session/aead';
import { contextOf, Session } from '../session/slot';
import { countStatus } from '../statistics';
import { BUFFER_BYTES, meetsBuffers, placesOfChain, reportWritten, usedBytes, writeLastByte } from '../chain/buffers';
import { copyBuffersAway, readableBuffersFor, restoreResultBuffers, writableBuffersFor } from '../chain/kept';
import { Queue, queueAt } from '../virtqueue/queue';
import { runBatch, runsInLanes } from './batch';
import { Operation, OPERATION_BYTES } from './operation';
import { DEFERRED, NOT_DEFERRED, WAITS } from './outcome';

/** Takes a free record for the engine. Returns its index, or CLAIM_FULL or CLAIM_NOBODY, which are below 0. */
// @ts-ignore: decorator
@external('backend', 'claim')
declare function claim(): i32;

/** The record is filled in: the work can begin at `place`. Content is copied before this returns. */
// @ts-ignore: decorator
@external('backend', 'post')
declare function post(index: u32, place: u32): void;

/** The record was completed, and is the host's again. */
// @ts-ignore: decorator
@external('backend', 'release')
declare function release(index: u32): void;

/** A session is closed: whoever keeps a copy of it for requests to come is to wipe that. */
// @ts-ignore: decorator
@external('backend', 'closed')
declare function closed(session: usize): void;

/** Tells whoever runs deferred requests that a session is about to be closed. */
export function announceClosing(session: Session): void {
  closed(changetype<usize>(session));
}

const RUNNING: u32 = 1;
const DONE: u32 = 2;

/** A request that is under way (DEFERRED_* of spec/engine.ts). Its operation and its buffers stand behind. */
@unmanaged
export class Deferred {
  queue: u32;
  chainId: u32;
  chainDescriptors: u32;
  session: u32;
  opcode: u32;
  /** Buffers that are kept, and the bytes of the content and of the result's place in them. */
  readableCount: u32;
  writableCount: u32;
  readableBytes: u32;
  writableBytes: u32;
  /** Whether the request gains by running beside others like it. */
  alike: u32;
  /** Where IN_ORDER was negotiated: the record of the queue's next chain, index + 1. */
  next: u32;
  state: u32;
  /** With DONE: what the used element says (2.7.8.2). */
  usedBytes: u32;
  /** Between these places stands all that its request will write, or, if it may be served in place, read. */
  low: u32;
  high: u32;
  /** Bytes of the chain's whole writable part. */
  room: u32;
}

export function deferredBytes(records: u32): u32 {
  return records * DEFERRED_BYTES;
}

@inline
function recordAt(device: Device, index: u32): Deferred {
  return changetype<Deferred>(device.deferred + index * DEFERRED_BYTES);
}

/** Whether the next chain of a queue, if it is done at once, has to wait for others before it is used (IN_ORDER). */
@inline
export function isOrdered(queue: Queue): bool {
  return queue.orderFirst != 0;
}

/** Makes sure that a record is at hand. Returns its index, or CLAIM_FULL or CLAIM_NOBODY, which are below 0. */
export function reserve(device: Device): i32 {
  if (device.reserved) return device.reserved - 1;
  const index = claim();
  if (index >= 0) device.reserved = index + 1;
  return index;
}

/**
 * Defers the request whose header was read and checked. Its content is next in the chain.
 * @returns DEFERRED, WAITS or NOT_DEFERRED
 */
export function defer(device: Device, session: Session, opcode: u32): u32 {
  const operation = changetype<Operation>(device.operation);
  const readableBytes = min<u32>(
    device.readableLeft,
    operation.ivBytes + operation.sourceBytes + operation.aadBytes + NONCE_SLACK_BYTES,
  );
  const writableBytes = operation.destinationBytes + operation.resultBytes;
  // Linux lists the rest of a scattered content again with each of its pieces: only what carries something is kept.
  const readable = readableBuffersFor(device, readableBytes);
  const writable = writableBuffersFor(device, writableBytes);
  if (readable + writable + 1 > <u32>DEFERRED_BUFFERS_MAX) return NOT_DEFERRED;
  const index = reserve(device);
  if (index < 0) return index == CLAIM_NOBODY ? NOT_DEFERRED : WAITS;
  // Its content may be what a waiting request has yet to write.
  runBatch(device);
  const queue = queueAt(device, device.runningQueue);
  queue.lastTaken++;
  const record = begin(device, queue, RUNNING);
  record.session = <u32>changetype<usize>(session);
  record.opcode = opcode;
  record.readableCount = readable;
  record.readableBytes = readableBytes;
  record.alike = session.id != 0 && runsInLanes(session);
  record.writableBytes = writableBytes;
  memory.copy(changetype<usize>(record) + DEFERRED_OPERATION, device.operation, OPERATION_BYTES);
  const places = placesOfChain(device, !device.deferredInPlace);
  record.low = <u32>places;
  record.high = <u32>(places >> 32);
  device.inFlight++;
  if (session.service == SERVICE_AEAD && session.id != 0) aeadPrepare(session.algo, contextOf(session));
  record.room = device.writableBytes;
  record.writableCount = copyBuffersAway(device, changetype<usize>(record) + DEFERRED_BUFFERS, readable, writable);
  post(index, device.place);
  return DEFERRED;
}

/** So many comparisons of buffers are worth their time; beyond, two chains count as sharing bytes. */
const COMPARISONS_MAX: u32 = 4096;

/**
 * Whether the chain has bytes that a request under way has yet to write: as if each were done in turn, it then has to
 * wait.
 */
@inline
export function meetsDeferred(device: Device): bool {
  return device.inFlight != 0 && meetsAny(device);
}

function meetsAny(device: Device): bool {
  const places = placesOfChain(device, false);
  for (let index: u32 = 0; index < device.deferredRecords; index++) {
    const record = recordAt(device, index);
    if (record.state != RUNNING || record.high <= <u32>places || <u32>(places >> 32) <= record.low) continue;
    if (meetsRecord(device, record)) return true;
  }
  return false;
}

function meetsRecord(device: Device, record: Deferred): bool {
  const count = device.readableCount + device.writableCount;
  const others = record.writableCount + (device.deferredInPlace ? record.readableCount : 0);
  if (count * others > COMPARISONS_MAX) return true;
  const readable = changetype<usize>(record) + DEFERRED_BUFFERS;
  if (meetsBuffers(device, readable + record.readableCount * BUFFER_BYTES, record.writableCount, true)) return true;
  // What is served in place is still to be read there.
  return device.deferredInPlace != 0 && meetsBuffers(device, readable, record.readableCount, false);
}

/** The request of record `index` will not be completed. */
export function dropRecord(device: Device, index: u32): void {
  const record = recordAt(device, index);
  if (record.state != RUNNING) return;
  record.state = 0;
  device.inFlight--;
}

/** None of the requests under way will be completed. */
export function dropRecords(device: Device): void {
  for (let index: u32 = 0; index < device.deferredRecords; index++) recordAt(device, index).state = 0;
  device.inFlight = 0;
  device.reserved = 0;
}

/** Keeps a chain that was run, of `usedBytes`, until those before it are used. A record is at hand. */
export function holdBack(device: Device, queue: Queue): void {
  begin(device, queue, DONE).usedBytes = device.usedBytes;
}

/** Fills the record at hand with the queue's chain. */
function begin(device: Device, queue: Queue, state: u32): Deferred {
  const index = device.reserved - 1;
  device.reserved = 0;
  const record = recordAt(device, index);
  record.queue = queue.index;
  record.chainId = queue.chainId;
  record.chainDescriptors = queue.chainDescriptors;
  record.state = state;
  record.next = 0;
  queue.inFlight++;
  queue.inFlightDescriptors += queue.chainDescriptors;
  if (hasFeature(device, F_IN_ORDER)) {
    if (queue.orderFirst) recordAt(device, queue.orderLast - 1).next = index + 1;
    else queue.orderFirst = index + 1;
    queue.orderLast = index + 1;
  }
  return record;
}

/** A queue is reset: records of chains that were only kept for their turn are free again. */
export function dropHeld(device: Device, queue: Queue): void {
  for (let index = queue.orderFirst; index; index = recordAt(device, index - 1).next) {
    if (recordAt(device, index - 1).state == DONE) release(index - 1);
  }
}

/**
 * Takes the result of a record's request, whose bytes the host has put in their place: writes its status, and counts.
 */
export function finish(device: Device, index: u32, status: u32, resultBytes: u32): Queue {
  const record = recordAt(device, index);
  device.inFlight--;
  device.runningQueue = record.queue;
  restoreResultBuffers(
    device,
    changetype<usize>(record) + DEFERRED_BUFFERS + record.readableCount * BUFFER_BYTES,
    record.writableCount,
  );
  const written = status == CRYPTO_OK ? resultBytes : 0;
  reportWritten(device, 0, written);
  writeLastByte(device, <u8>status);
  record.usedBytes = usedBytes(written, record.room);
  record.state = DONE;
  countStatus(device, record.opcode >> 8, status);
  // Lengths were checked before it was deferred: only its tag can be wrong.
  if (status != CRYPTO_OK) reportRefusal(device, refuse(device, REFUSED_TAG, status), record.opcode);
  return queueAt(device, record.queue);
}

/**
 * Takes the next record whose chain may be used, if there is one: `index` + 1, or the queue's oldest where order
 * counts. Its chain is left in the queue, and what its used element says in usedBytes.
 */
export function nextUsable(device: Device, queue: Queue, index: u32): bool {
  const ordered = queue.orderFirst;
  const taken = ordered ? ordered : index;
  if (!taken) return false;
  const record = recordAt(device, taken - 1);
  if (record.state != DONE) return false;
  if (ordered) queue.orderFirst = record.next;
  queue.chainId = record.chainId;
  queue.chainDescriptors = record.chainDescriptors;
  queue.inFlight--;
  queue.inFlightDescriptors -= record.chainDescriptors;
  device.usedBytes = record.usedBytes;
  record.state = 0;
  release(taken - 1);
  return true;
}
