// The other end of a deferred request: a worker runs it from a job, in a memory that it shares with the device. A job is never
// written but for its result, so that it can be run again if a worker is lost.
import { CRYPTO_OK, STATUS_BYTES } from '../../spec/crypto';
import {
  JOB_CONTENT,
  JOB_OPCODE,
  JOB_OPERATION,
  JOB_READABLE_BYTES,
  JOB_RESULT_BYTES,
  JOB_SESSION,
  JOB_STATUS,
  JOB_WRITABLE_BYTES,
  SESSION_HOST_FROM,
} from '../../spec/engine';
import { Device } from '../device';
import { wipe } from '../memory/bytes';
import { Session, SLOT_BYTES } from '../session/slot';
import { useJobBuffers } from '../virtqueue/buffers';
import { runBatch } from './batch';
import { runParsed } from './data';
import { OPERATION_BYTES } from './operation';

/** Where the result of a job of so much content begins. */
@inline
function resultOffset(readableBytes: u32): usize {
  return JOB_CONTENT + ((<usize>readableBytes + 63) & ~63);
}

/** Bytes of a job with so much content and room for a result. */
export function jobBytes(readableBytes: u32, writableBytes: u32): usize {
  return resultOffset(readableBytes) + ((writableBytes + STATUS_BYTES + 63) & ~63);
}

/** Runs up to JOBS_AT_ONCE jobs, whose addresses stand at `jobs`; those that are alike run side by side. */
export function runJobs(device: Device, jobs: usize, count: u32): void {
  for (let index: u32 = 0; index < count; index++) {
    const job = <usize>load<u32>(jobs + index * 4);
    const session = changetype<Session>(device.sessions + index * SLOT_BYTES);
    // A copy, for a MAC's state is part of its session.
    memory.copy(changetype<usize>(session), load<u32>(job + JOB_SESSION), SLOT_BYTES);
    store<u64>(changetype<usize>(session) + SESSION_HOST_FROM, 0);
    memory.copy(device.operation, job + JOB_OPERATION, OPERATION_BYTES);
    const readableBytes = load<u32>(job + JOB_READABLE_BYTES);
    useJobBuffers(
      device,
      job + JOB_CONTENT,
      readableBytes,
      job + resultOffset(readableBytes),
      load<u32>(job + JOB_WRITABLE_BYTES) + STATUS_BYTES,
    );
    device.resultBytes = 0;
    const status = runParsed(device, session, load<u32>(job + JOB_OPCODE) >> 8);
    store<u32>(job + JOB_STATUS, status);
    store<u32>(job + JOB_RESULT_BYTES, status == CRYPTO_OK ? device.resultBytes : 0);
  }
  runBatch(device);
  wipe(device.sessions, count * SLOT_BYTES);
}
