// Requests that run outside the notification. The engine takes the chain, hands a record of it to the host, and goes
// on. The record keeps everything that is needed to complete the request later. A request waits in its ring if there is
// no free record, or if a deferred request shares bytes with it.
import { CRYPTO_KEY_REJECTED, CRYPTO_OK, SERVICE_AEAD, SERVICE_AKCIPHER, STATUS_BYTES } from '../../spec/crypto';
import {
  CLAIM_NOBODY,
  DEFERRED_BUFFERS,
  DEFERRED_BUFFERS_MAX,
  DEFERRED_BYTES,
  DEFERRED_OPERATION,
  NONCE_SLACK_BYTES,
} from '../../spec/engine';
import { F_IN_ORDER } from '../../spec/virtio';
import { REFUSED_AKCIPHER, REFUSED_SIGNATURE, REFUSED_TAG } from '../../spec/refusals';
import { Device, hasFeature } from '../device';
import { refuse, reportRefusal } from '../refusal';
import { aeadPrepare } from '../session/aead';
import { contextOf, Session } from '../session/slot';
import { countStatus } from '../statistics';
import { BUFFER_BYTES, meetsBuffers, placesOfChain, reportWritten, usedBytes, writeLastByte } from '../chain/buffers';
import { copyBuffersAway, readableBuffersFor, restoreResultBuffers, writableBuffersFor } from '../chain/kept';
import { Queue, queueAt } from '../virtqueue/queue';
import { runBatch, runsInLanes } from './batch';
import { markWritten } from './used_length';
import { Operation, OPERATION_BYTES } from './operation';
import { DEFERRED, NOT_DEFERRED, WAITS } from './outcome';
import { kindOf, noteKind } from './placement';

/** Takes a free record for the engine. Returns its index, or CLAIM_FULL or CLAIM_NOBODY, which are below 0. */
// @ts-ignore: decorator
@external('backend', 'claim')
declare function claim(): i32;

/**
 * Tells the host that the record is complete, so that the request can run at `place`. The host copies the content
 * before it returns, unless requests are served in place.
 */
// @ts-ignore: decorator
@external('backend', 'post')
declare function post(index: u32, place: u32): void;

/** Gives the record back to the host. */
// @ts-ignore: decorator
@external('backend', 'release')
declare function release(index: u32): void;

/** Tells the host that a session closes, so that the host wipes its copies of the session. */
// @ts-ignore: decorator
@external('backend', 'closed')
declare function closed(session: usize): void;

/** Tells the host that a session is about to be closed. */
export function announceClosing(session: Session): void {
  closed(changetype<usize>(session));
}

const RUNNING: u32 = 1;
const DONE: u32 = 2;

/** A request that is under way (DEFERRED_* of spec/engine.ts). Its operation and its buffers follow these fields. */
@unmanaged
export class Deferred {
  queue: u32;
  chainId: u32;
  chainDescriptors: u32;
  session: u32;
  opcode: u32;
  /** Numbers of the buffers that are kept; bytes of content, and of room for the result. */
  readableCount: u32;
  writableCount: u32;
  readableBytes: u32;
  writableBytes: u32;
  /** Whether the request has a four-lane kernel, and so runs faster beside similar requests. */
  alike: u32;
  /** With IN_ORDER: the record of the queue's next chain, index + 1. */
  next: u32;
  state: u32;
  /** With DONE: the length in the used element (2.7.8.2). */
  usedBytes: u32;
  /** Bounds of all bytes that the request will write and, if requests are served in place, of those that it reads. */
  low: u32;
  high: u32;
  /** Bytes of the chain's whole writable part. */
  room: u32;
  kind: u32;
}

export function deferredBytes(records: u32): u32 {
  return records * DEFERRED_BYTES;
}

@inline
function recordAt(device: Device, index: u32): Deferred {
  return changetype<Deferred>(device.deferred + index * DEFERRED_BYTES);
}

/** Whether earlier chains of the queue are under way, which have to be used before the next chain (IN_ORDER). */
@inline
export function isOrdered(queue: Queue): bool {
  return queue.orderFirst != 0;
}

/** Reserves a record, unless one is reserved. Returns its index, or CLAIM_FULL or CLAIM_NOBODY, which are below 0. */
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
  // Linux lists the rest of a scattered content again with each piece. Only the buffers that are needed are kept.
  const readable = readableBuffersFor(device, readableBytes);
  // used_length.ts may write a byte behind the result, too.
  const behind: u32 = session.service == SERVICE_AKCIPHER ? STATUS_BYTES : 0;
  const writable = writableBuffersFor(device, writableBytes + behind);
  if (readable + writable + 1 > <u32>DEFERRED_BUFFERS_MAX) return NOT_DEFERRED;
  const index = reserve(device);
  if (index < 0) return index == CLAIM_NOBODY ? NOT_DEFERRED : WAITS;
  // Its content may be the result of a batched request, which is not written yet.
  runBatch(device);
  const queue = queueAt(device, device.runningQueue);
  queue.lastTaken++;
  const record = begin(device, queue, RUNNING);
  record.session = <u32>changetype<usize>(session);
  record.opcode = opcode;
  record.kind = kindOf(device, session, changetype<Operation>(device.operation).sourceBytes);
  noteKind(device, record.kind);
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

/** Most comparisons of buffers for one record. More take too long, so the chains then count as sharing bytes. */
const COMPARISONS_MAX: u32 = 4096;

/**
 * Whether the chain has to wait for a request under way. It has to if the two share a byte that the request has yet to
 * write, or that it reads in place and the chain writes. So all results are as if requests ran one after the other.
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
  // A request that is served in place still reads its content there.
  return device.deferredInPlace != 0 && meetsBuffers(device, readable, record.readableCount, false);
}

/** Forgets the request of record `index`: it will not be completed. */
export function dropRecord(device: Device, index: u32): void {
  const record = recordAt(device, index);
  if (record.state != RUNNING) return;
  record.state = 0;
  device.inFlight--;
}

/** Forgets all requests under way: none will be completed. */
export function dropRecords(device: Device): void {
  for (let index: u32 = 0; index < device.deferredRecords; index++) recordAt(device, index).state = 0;
  device.inFlight = 0;
  device.reserved = 0;
}

/** Keeps a chain whose request has run until the chains before it are used. Call reserve() first. */
export function holdBack(device: Device, queue: Queue): void {
  begin(device, queue, DONE).usedBytes = device.usedBytes;
}

/** Fills the reserved record with the queue's chain. */
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

/** Frees the records of chains that only wait for their turn. Called when a queue is reset. */
export function dropHeld(device: Device, queue: Queue): void {
  for (let index = queue.orderFirst; index; index = recordAt(device, index - 1).next) {
    if (recordAt(device, index - 1).state == DONE) release(index - 1);
  }
}

/** Finishes a record's request after the host has written its result: writes its status and counts it. */
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
  const service = record.opcode >> 8;
  record.usedBytes =
    service == SERVICE_AKCIPHER ? markWritten(device, written, record.room) : usedBytes(written, record.room);
  writeLastByte(device, <u8>status);
  record.state = DONE;
  countStatus(device, service, status);
  if (status != CRYPTO_OK) reportRefusal(device, refuse(device, refusalOf(service, status), status), record.opcode);
  return queueAt(device, record.queue);
}

/** The check that a deferred request failed. Lengths were checked before: elsewhere than in AKCIPHER it is the tag. */
function refusalOf(service: u32, status: u32): u32 {
  if (service != SERVICE_AKCIPHER) return REFUSED_TAG;
  return status == CRYPTO_KEY_REJECTED ? REFUSED_SIGNATURE : REFUSED_AKCIPHER;
}

/**
 * Takes the next record whose chain may be used: the queue's oldest with IN_ORDER, else record `index` - 1. False: no
 * chain may be used. Leaves the chain's id and descriptors in the queue, and its used element's length in usedBytes.
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
