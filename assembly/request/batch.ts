// Work across requests. CBC encryption and hashing are serial within a request, so requests of one notification that
// are alike run side by side, four at a time. A request that waits here has passed every check and has its answer
// written; only its bytes are still to come, before the notification ends and the driver can look at them.
import {
  AES_BLOCK_BYTES,
  CHAIN_HASH_THEN_CIPHER,
  CIPHER_AES_CBC,
  DIRECTION_ENCRYPT,
  HASH_MODE_AUTH,
  HASH_MODE_PLAIN,
  MAC_CMAC_AES,
  SERVICE_CIPHER,
  SERVICE_HASH,
  SYM_OP_CIPHER,
} from '../../spec/crypto';
import { PLACE_HOST } from '../../spec/engine';
import { AES_LANE_BYTES, aesCbcEncrypt4, aesChainKeysAlike } from '../cipher/aes_vperm';
import { Device } from '../device';
import { hash4, LANE4_BYTES, LANES4_BYTES, lanes4Known } from '../hash/hash4';
import { AES_CMAC4_SCRATCH_BYTES, aesCmac4 } from '../mac/aes_cmac';
import { hmac4 } from '../mac/hmac4';
import { cipherRun } from '../session/cipher';
import { authContextOf, contextOf, Session } from '../session/slot';
import { chainMeets, lastWritable } from '../chain/buffers';
import { digestOf } from './digest';

const LANES: u32 = 4;

/** A request that waits: all that it reads and writes, and within it the windows of its cipher and of its hash. */
@unmanaged
class Job {
  session: u32;
  read: u32;
  readBytes: u32;
  write: u32;
  writeBytes: u32;
  cipherSource: u32;
  cipherDestination: u32;
  cipherBytes: u32;
  hashSource: u32;
  hashBytes: u32;
  digest: u32;
  digestBytes: u32;
}
const JOB_BYTES: usize = 48;

/** The jobs, their IVs, and the records that the kernels of four lanes take. */
const IVS: usize = 4 * JOB_BYTES;
const CIPHER_LANES: usize = IVS + 4 * AES_BLOCK_BYTES;
/**
 * A lane of a hash or MAC: { context, source, bytes, destination, resultBytes }, each a u32, whichever kernel takes it.
 */
const HASH_LANES: usize = CIPHER_LANES + 4 * AES_LANE_BYTES;
const HASH_SCRATCH: usize = (HASH_LANES + 4 * LANE4_BYTES + 15) & ~15;
export const BATCH_BYTES: usize = HASH_SCRATCH + LANES4_BYTES + AES_CMAC4_SCRATCH_BYTES;

@inline
function jobAt(device: Device, index: u32): Job {
  return changetype<Job>(device.batch + index * JOB_BYTES);
}

@inline
function ivAt(device: Device, index: u32): usize {
  return device.batch + IVS + index * AES_BLOCK_BYTES;
}

@inline
function sessionOf(job: Job): Session {
  return changetype<Session>(job.session);
}

@inline
function encryptsCbc(session: Session): bool {
  return session.algo == CIPHER_AES_CBC && session.direction == DIRECTION_ENCRYPT && session.service == SERVICE_CIPHER;
}

/** Whether a session's hash or MAC has a kernel of four lanes. */
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
 * Whether a request may wait for others like it: they gain by it, and what is written while it waits (its status) or in
 * another order than alone (its digest) is none of its own bytes. Those of a stateless session never wait: its slot is
 * used anew.
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
  const status = lastWritable(device);
  return !(
    overlap(status, 1, read, readBytes) ||
    overlap(status, 1, write, writeBytes) ||
    overlap(status, 1, digest, digestBytes) ||
    (digestBytes && (overlap(digest, digestBytes, read, readBytes) || overlap(digest, digestBytes, write, writeBytes)))
  );
}

/** Whether requests of a session have kernels that run several of them side by side. */
export function runsInLanes(session: Session): bool {
  return encryptsCbc(session) || hashesInLanes(session);
}

/**
 * Runs what waits if the chain in hand has bytes that one of both writes: for it may read them anywhere, in its header
 * as well as in its source. Called before the first byte of a chain is read.
 */
export function runBatchBeforeChain(device: Device): void {
  for (let index: u32 = 0; index < device.batchCount; index++) {
    const job = jobAt(device, index);
    if (
      chainMeets(device, job.write, job.writeBytes, true) ||
      chainMeets(device, job.digest, job.digestBytes, true) ||
      chainMeets(device, job.read, job.readBytes, false)
    ) {
      runBatch(device);
      return;
    }
  }
}

/**
 * Takes a request that mayWait(); its IV is read from the device's. All places are contiguous; the result's is that of
 * the source or apart from it. Source, result and digest must stay as they are until runBatch().
 */
export function addToBatch(
  device: Device,
  session: Session,
  read: usize,
  readBytes: u32,
  write: usize,
  writeBytes: u32,
  cipherSource: usize,
  cipherDestination: usize,
  cipherBytes: u32,
  hashSource: usize,
  hashBytes: u32,
  digest: usize,
  digestBytes: u32,
): void {
  if (device.batchCount && !alike(sessionOf(jobAt(device, 0)), session)) runBatch(device);
  const index = device.batchCount++;
  const job = jobAt(device, index);
  job.session = <u32>changetype<usize>(session);
  job.read = read;
  job.readBytes = readBytes;
  job.write = write;
  job.writeBytes = writeBytes;
  job.cipherSource = cipherSource;
  job.cipherDestination = cipherDestination;
  job.cipherBytes = cipherBytes;
  job.hashSource = hashSource;
  job.hashBytes = hashBytes;
  job.digest = digest;
  job.digestBytes = digestBytes;
  v128.store(ivAt(device, index), v128.load(device.iv));
  if (device.batchCount == LANES) runBatch(device);
}

@inline
function overlap(a: usize, aBytes: u32, b: usize, bBytes: u32): bool {
  return a < b + bBytes && b < a + aBytes;
}

/**
 * Whether requests of two sessions can run side by side: the sessions name the same kernels, and what these kernels
 * assume of all lanes holds. The lanes of hash4() and hmac4() may differ in everything else: each has its context, its
 * length and its result's.
 */
function alike(a: Session, b: Session): bool {
  return (
    changetype<usize>(a) == changetype<usize>(b) ||
    (a.service == b.service &&
      a.opType == b.opType &&
      a.algo == b.algo &&
      a.direction == b.direction &&
      aesChainKeysAlike(a.keyBytes, b.keyBytes) &&
      a.chainOrder == b.chainOrder &&
      a.hashMode == b.hashMode &&
      a.authAlgo == b.authAlgo &&
      // The number of CMAC with AES stands for a MAC alone: no hash has it.
      (a.authAlgo != MAC_CMAC_AES || aesChainKeysAlike(a.authKeyBytes, b.authKeyBytes)))
  );
}

/**
 * Runs what waits. Called before anything that may read or write the same bytes, and at the end of each notification.
 */
export function runBatch(device: Device): void {
  const count = device.batchCount;
  if (!count) return;
  device.batchCount = 0;
  const session = sessionOf(jobAt(device, 0));
  if (session.service != SERVICE_CIPHER) {
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
}

function runCiphers(device: Device, session: Session, count: u32): void {
  let done: u32 = 0;
  if (count >= LANES - 1 && encryptsCbc(session)) done = runCipherLanes(device, count);
  for (let index: u32 = 0; index < count; index++) {
    const job = jobAt(device, index);
    if (job.cipherBytes == done) continue;
    const own = sessionOf(job);
    const source = job.cipherSource + done;
    const destination = job.cipherDestination + done;
    cipherRun(
      own.algo,
      own.direction,
      contextOf(own),
      ivAt(device, index),
      source,
      destination,
      job.cipherBytes - done,
    );
  }
}

/** Encrypts as far as the shortest request goes, and returns how many bytes of each that is. */
function runCipherLanes(device: Device, count: u32): u32 {
  const lanes = device.batch + CIPHER_LANES;
  let done: u32 = u32.MAX_VALUE;
  for (let index: u32 = 0; index < LANES; index++) {
    // Three streams and an idle one still beat three in turn. The idle one runs over scratch, which holds no more.
    const idle = index >= count;
    const job = jobAt(device, idle ? 0 : index);
    if (!idle) done = min<u32>(done, job.cipherBytes);
    const lane = lanes + index * AES_LANE_BYTES;
    store<u32>(lane, <u32>contextOf(sessionOf(job)));
    store<u32>(lane, <u32>ivAt(device, index), 4);
    store<u32>(lane, idle ? device.scratch : job.cipherSource, 8);
    store<u32>(lane, idle ? device.scratch : job.cipherDestination, 12);
  }
  aesCbcEncrypt4(lanes, done / AES_BLOCK_BYTES);
  return done;
}

function runHashes(device: Device, count: u32): void {
  const session = sessionOf(jobAt(device, 0));
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
    const job = jobAt(device, index);
    digestOf(sessionOf(job), job.hashSource, job.hashBytes, job.digest, job.digestBytes);
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

/** Writes the records of the lanes, and returns where they stand. */
function hashLanes(device: Device, count: u32): usize {
  const lanes = device.batch + HASH_LANES;
  for (let index: u32 = 0; index < count; index++) {
    const job = jobAt(device, index);
    const lane = lanes + index * LANE4_BYTES;
    store<u32>(lane, <u32>authContextOf(sessionOf(job)));
    store<u32>(lane, job.hashSource, 4);
    store<u32>(lane, job.hashBytes, 8);
    store<u32>(lane, job.digest, 12);
    store<u32>(lane, job.digestBytes, 16);
  }
  return lanes;
}
