// Work across requests. CBC encryption and hashing are serial within a request, so the batch runs up to four similar
// requests of one notification side by side. A request that waits here has passed every check. The batch runs before
// the notification ends. It writes each request's bytes first, then its status, then its used element.
import {
  AES_BLOCK_BYTES,
  CHAIN_HASH_THEN_CIPHER,
  CIPHER_AES_CBC,
  CRYPTO_OK,
  DIRECTION_ENCRYPT,
  HASH_MODE_AUTH,
  HASH_MODE_PLAIN,
  MAC_CMAC_AES,
  SERVICE_CIPHER,
  SERVICE_HASH,
  STATUS_BYTES,
  SYM_OP_CIPHER,
} from '../../spec/crypto';
import { PLACE_HOST } from '../../spec/engine';
import { AES_LANE_BYTES, aesCbcEncrypt4, aesCbcEncrypt4Alike, aesLaneAt } from '../cipher/aes_vperm';
import { Device } from '../device';
import { hash4, hash4Alike, LANE4_BYTES, lane4At, LANES4_BYTES, lanes4Known } from '../hash/hash4';
import { AES_CMAC4_SCRATCH_BYTES, aesCmac4, aesCmac4Alike } from '../mac/aes_cmac';
import { hmac4 } from '../mac/hmac4';
import { guestStore, isInPlace, reportWrite } from '../memory/guest';
import { cipherRun } from '../session/cipher';
import { authContextOf, CHAIN_ARRIVAL, contextOf, Session } from '../session/slot';
import { chainMeets, lastWritable, placesOfChain, writableAddress } from '../chain/buffers';
import { Queue, queueAt } from '../virtqueue/queue';
import { markUsed, writePackedUsed, writeSplitUsed } from '../virtqueue/used';
import { saOfSession } from '../ipsec/sa';
import { digestOf } from './digest';
import { bytesOf, finishWaiting, statusOf } from './ipsec_arrival';

const LANES: u32 = 4;

/** A request that waits: the bytes that it reads and writes, and the status and used element that follow them. */
@unmanaged
export class Waiting {
  session: u32;
  /** Everything that it reads and writes, except its digest. */
  read: u32;
  readBytes: u32;
  write: u32;
  writeBytes: u32;
  /** The cipher's window in the source and in the destination. */
  cipherSource: u32;
  cipherDestination: u32;
  cipherBytes: u32;
  /** The window that is hashed, and where its digest goes. */
  hashSource: u32;
  hashBytes: u32;
  digest: u32;
  digestBytes: u32;
  /** Where its status goes. */
  status: u32;
  /** The place of its used element in the ring, or NO_PLACE; and the element's id and length. */
  usedPlace: u32;
  usedId: u32;
  usedBytes: u32;
  /** Flags of a packed ring's used descriptor. 0: the ring writes the flags later. */
  usedFlags: u32;
  /** The status that it gets: OK, or another one that means success. */
  answer: u32;
  /** Guest-physical addresses, set only if the host wants write reports. */
  writeAddress: u64;
  digestAddress: u64;
  statusAddress: u64;
}
const WAITING_BYTES: usize = 96;
/** The batch writes no used element, because the ring writes it later, or because there is no ring. */
const NO_PLACE: u32 = u32.MAX_VALUE;

/** The requests, their IVs, and the records that the four-lane kernels take. */
const IVS: usize = 4 * WAITING_BYTES;
const CIPHER_LANES: usize = IVS + 4 * AES_BLOCK_BYTES;
const HASH_LANES: usize = CIPHER_LANES + 4 * AES_LANE_BYTES;
const HASH_SCRATCH: usize = (HASH_LANES + 4 * LANE4_BYTES + 15) & ~15;
const ARRIVAL_DIGESTS: usize = HASH_SCRATCH + LANES4_BYTES + AES_CMAC4_SCRATCH_BYTES;
const ARRIVAL_DIGEST_BYTES: usize = 16;
export const BATCH_BYTES: usize = ARRIVAL_DIGESTS + 4 * ARRIVAL_DIGEST_BYTES;

@inline
function waitingAt(device: Device, index: u32): Waiting {
  return changetype<Waiting>(device.batch + index * WAITING_BYTES);
}

@inline
function ivAt(device: Device, index: u32): usize {
  return device.batch + IVS + index * AES_BLOCK_BYTES;
}

/** Where the ICV of the inbound packet goes that nextWaiting() added last. */
export function arrivalDigest(device: Device): usize {
  return device.batch + ARRIVAL_DIGESTS + (device.batchCount - 1) * ARRIVAL_DIGEST_BYTES;
}

@inline
function sessionOf(waiting: Waiting): Session {
  return changetype<Session>(waiting.session);
}

@inline
function encryptsCbc(session: Session): bool {
  return session.algo == CIPHER_AES_CBC && session.direction == DIRECTION_ENCRYPT && session.service == SERVICE_CIPHER;
}

/** Whether a session's hash or MAC has a four-lane kernel. */
function hashesInLanes(session: Session): bool {
  if (session.service == SERVICE_HASH) return lanes4Known(session.authAlgo);
  if (session.service == SERVICE_CIPHER) {
    if (session.opType == SYM_OP_CIPHER) return false;
    if (session.hashMode != HASH_MODE_AUTH) return session.hashMode == HASH_MODE_PLAIN && lanes4Known(session.authAlgo);
  }
  // The HMAC of a hash has the hash's number.
  return lanes4Known(session.authAlgo) || session.authAlgo == MAC_CMAC_AES;
}

/**
 * True if the request may be batched: the engine runs it, its session has a four-lane kernel, and its digest (written
 * last) does not overlap its own source or result. Stateless requests never wait, because they share one session slot.
 */
export function mayWait(
  device: Device,
  session: Session,
  read: usize,
  readBytes: u32,
  write: usize,
  writeBytes: u32,
  digest: usize,
  digestBytes: u32,
): bool {
  if (session.id == 0 || device.place == PLACE_HOST || !runsInLanes(session)) return false;
  if (!isInPlace(lastWritable(device))) return false;
  return !(
    digestBytes &&
    (overlap(digest, digestBytes, read, readBytes) || overlap(digest, digestBytes, write, writeBytes))
  );
}

/** Whether a session has a four-lane kernel. */
export function runsInLanes(session: Session): bool {
  return encryptsCbc(session) || hashesInLanes(session);
}

/**
 * Runs the batch if the current chain shares a byte with a waiting request, and one of the two writes this byte. Call
 * it before any byte of the chain is read: even the header may lie in a batched result.
 */
export function runBatchBeforeChain(device: Device): void {
  if (!device.batchCount) return;
  const places = placesOfChain(device, false);
  if (<u32>places < device.batchHigh && device.batchLow < <u32>(places >> 32) && meetsWaiting(device)) runBatch(device);
}

function meetsWaiting(device: Device): bool {
  for (let index: u32 = 0; index < device.batchCount; index++) {
    const waiting = waitingAt(device, index);
    if (
      chainMeets(device, waiting.write, waiting.writeBytes, true) ||
      chainMeets(device, waiting.digest, waiting.digestBytes, true) ||
      chainMeets(device, waiting.status, STATUS_BYTES, true) ||
      chainMeets(device, waiting.read, waiting.readBytes, false)
    )
      return true;
  }
  return false;
}

/**
 * Adds the current request to the batch and copies the device's IV. Call mayWait() first. The caller fills in what the
 * request reads and writes: contiguous pieces, the result at the source's place or apart from it. Nothing else may
 * change source, result or digest until runBatch().
 */
export function nextWaiting(device: Device, session: Session): Waiting {
  if (device.batchCount == LANES || (device.batchCount && !alike(sessionOf(waitingAt(device, 0)), session)))
    runBatch(device);
  const index = device.batchCount++;
  const waiting = waitingAt(device, index);
  waiting.session = <u32>changetype<usize>(session);
  waiting.writeBytes = 0;
  waiting.digestBytes = 0;
  waiting.status = <u32>lastWritable(device);
  waiting.answer = CRYPTO_OK;
  waiting.usedPlace = NO_PLACE;
  v128.store(ivAt(device, index), v128.load(device.iv));
  const places = placesOfChain(device, false);
  device.batchLow = index ? min<u32>(device.batchLow, <u32>places) : <u32>places;
  device.batchHigh = index ? max<u32>(device.batchHigh, <u32>(places >> 32)) : <u32>(places >> 32);
  return waiting;
}

/** Keeps the addresses of the request that nextWaiting() added last. Its writes are reported when the batch runs. */
export function keepAddresses(device: Device): void {
  const waiting = waitingAt(device, device.batchCount - 1);
  waiting.writeAddress = writableAddress(device, 0);
  waiting.digestAddress = writableAddress(device, waiting.writeBytes);
  waiting.statusAddress = writableAddress(device, device.writableBytes - STATUS_BYTES);
}

/**
 * Sets where the used element of the request that nextWaiting() added last is to be written: at `place` of the queue's
 * ring, with these flags if the ring is packed. Runs the batch if it is full.
 */
@inline
export function useAfterBatch(device: Device, queue: Queue, place: u32, flags: u32): void {
  const waiting = waitingAt(device, device.batchCount - 1);
  waiting.usedPlace = place;
  waiting.usedId = queue.chainId;
  waiting.usedBytes = device.usedBytes;
  waiting.usedFlags = flags;
  if (device.batchCount == LANES) runBatch(device);
}

@inline
function overlap(a: usize, aBytes: u32, b: usize, bBytes: u32): bool {
  return a < b + bBytes && b < a + aBytes;
}

/** Whether requests of two sessions can run side by side: they use the same kernels, with matching key sizes. */
function alike(a: Session, b: Session): bool {
  return (
    changetype<usize>(a) == changetype<usize>(b) ||
    (a.service == b.service &&
      a.opType == b.opType &&
      a.algo == b.algo &&
      a.direction == b.direction &&
      aesCbcEncrypt4Alike(a.keyBytes, b.keyBytes) &&
      a.chainOrder == b.chainOrder &&
      a.hashMode == b.hashMode &&
      // An HMAC has the number of its hash, and runs in the hash's lanes.
      hash4Alike(a.authAlgo, b.authAlgo) &&
      // No hash has the number of CMAC with AES.
      (a.authAlgo != MAC_CMAC_AES || aesCmac4Alike(a.authKeyBytes, b.authKeyBytes)))
  );
}

/**
 * Runs the waiting requests, then writes the status and the used element of each. Call it before anything that may
 * read or write the same bytes, and at the end of each notification.
 */
export function runBatch(device: Device): void {
  const count = device.batchCount;
  if (!count) return;
  device.batchCount = 0;
  const session = sessionOf(waitingAt(device, 0));
  if (session.chainOrder == CHAIN_ARRIVAL) {
    runArrivals(device, count);
  } else if (session.service != SERVICE_CIPHER) {
    runHashes(device, count);
  } else if (session.opType == SYM_OP_CIPHER) {
    runCiphers(device, session, count);
  } else if (session.chainOrder == CHAIN_HASH_THEN_CIPHER) {
    runHashes(device, count);
    runCiphers(device, session, count);
  } else {
    runCiphers(device, session, count);
    runHashes(device, count);
  }
  const queue = queueAt(device, device.runningQueue);
  for (let index: u32 = 0; index < count; index++) answer(device, queue, waitingAt(device, index));
}

/** Makes the ICVs of inbound packets, and ends the packets in their order. */
function runArrivals(device: Device, count: u32): void {
  runHashes(device, count);
  for (let index: u32 = 0; index < count; index++) {
    const waiting = waitingAt(device, index);
    const sa = saOfSession(sessionOf(waiting));
    const room = waiting.writeBytes;
    const answer = finishWaiting(device, sa, waiting.read, waiting.readBytes, waiting.digest, waiting.write, room);
    waiting.answer = statusOf(answer);
    waiting.usedBytes = bytesOf(answer) + 1;
    waiting.writeBytes = min<u32>(bytesOf(answer) + 1, room);
    waiting.digestBytes = 0;
  }
}

/** Writes a request's status, then its used element. Its bytes have been written before. */
@inline
function answer(device: Device, queue: Queue, waiting: Waiting): void {
  guestStore<u8>(waiting.status, <u8>waiting.answer);
  if (device.reportWrites) {
    reportWrite(device, waiting.writeAddress, waiting.writeBytes);
    reportWrite(device, waiting.digestAddress, waiting.digestBytes);
    reportWrite(device, waiting.statusAddress, STATUS_BYTES);
  }
  const place = waiting.usedPlace;
  if (place == NO_PLACE) return;
  if (!queue.packed) {
    writeSplitUsed(queue, place, waiting.usedId, waiting.usedBytes);
    return;
  }
  writePackedUsed(queue, place, waiting.usedId, waiting.usedBytes);
  if (waiting.usedFlags) markUsed(device, queue, place, waiting.usedFlags);
}

function runCiphers(device: Device, session: Session, count: u32): void {
  let done: u32 = 0;
  if (count >= LANES - 1 && encryptsCbc(session)) done = runCipherLanes(device, count);
  for (let index: u32 = 0; index < count; index++) {
    const waiting = waitingAt(device, index);
    if (waiting.cipherBytes == done) continue;
    const own = sessionOf(waiting);
    const source = waiting.cipherSource + done;
    const destination = waiting.cipherDestination + done;
    cipherRun(
      own.algo,
      own.direction,
      contextOf(own),
      ivAt(device, index),
      source,
      destination,
      waiting.cipherBytes - done,
    );
  }
}

/** Encrypts all requests up to the length of the shortest one. Returns this length in bytes. */
function runCipherLanes(device: Device, count: u32): u32 {
  const lanes = device.batch + CIPHER_LANES;
  let done: u32 = u32.MAX_VALUE;
  for (let index: u32 = 0; index < LANES; index++) {
    // Four lanes with an idle one are still faster than three requests in turn. The idle lane works on scratch.
    const idle = index >= count;
    const waiting = waitingAt(device, idle ? 0 : index);
    if (!idle) done = min<u32>(done, waiting.cipherBytes);
    const lane = aesLaneAt(lanes, index);
    lane.context = <u32>contextOf(sessionOf(waiting));
    lane.iv = <u32>ivAt(device, index);
    lane.source = idle ? device.scratch : waiting.cipherSource;
    lane.destination = idle ? device.scratch : waiting.cipherDestination;
  }
  aesCbcEncrypt4(lanes, done / AES_BLOCK_BYTES);
  return done;
}

function runHashes(device: Device, count: u32): void {
  const session = sessionOf(waitingAt(device, 0));
  if (count >= LANES - 1 && hashesInLanes(session)) {
    if (session.authAlgo != MAC_CMAC_AES) {
      runHashLanes(device, session, count);
      return;
    }
    if (count == LANES) {
      aesCmac4(hashLanes(device, count), device.batch + HASH_SCRATCH + LANES4_BYTES);
      return;
    }
  }
  for (let index: u32 = 0; index < count; index++) {
    const waiting = waitingAt(device, index);
    digestOf(sessionOf(waiting), waiting.hashSource, waiting.hashBytes, waiting.digest, waiting.digestBytes);
  }
}

function runHashLanes(device: Device, session: Session, count: u32): void {
  const lanes = hashLanes(device, count);
  const scratch = device.batch + HASH_SCRATCH;
  const plain =
    session.service == SERVICE_HASH || (session.service == SERVICE_CIPHER && session.hashMode == HASH_MODE_PLAIN);
  if (plain) hash4(session.authAlgo, lanes, count, scratch);
  else hmac4(session.authAlgo, lanes, count, scratch);
}

/** Writes the records of the lanes. Returns their address. */
function hashLanes(device: Device, count: u32): usize {
  const lanes = device.batch + HASH_LANES;
  for (let index: u32 = 0; index < count; index++) {
    const waiting = waitingAt(device, index);
    const lane = lane4At(lanes, index);
    lane.context = <u32>authContextOf(sessionOf(waiting));
    lane.source = waiting.hashSource;
    lane.bytes = waiting.hashBytes;
    lane.destination = waiting.digest;
    lane.resultBytes = waiting.digestBytes;
  }
  return lanes;
}
