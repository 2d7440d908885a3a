// The other end of a deferred request: a worker runs it from a job, in a memory that it shares with the device. Where
// the guest's memory is that memory, it reads the content in the request's own buffers. It writes to the job alone: the
// device's own thread carries the result to the guest, so that nothing is written there once the device was reset, nor
// beside what the host writes. What a job reads is never written by it, so that it can be run again if a worker is
// lost.
import { CRYPTO_OK, STATUS_BYTES } from '../../spec/crypto';
import {
  JOB_ALIGNMENT,
  JOB_BUFFERS,
  JOB_CONTENT,
  JOB_CONTENT_AT,
  JOB_OPCODE,
  JOB_OPERATION,
  JOB_READABLE_BYTES,
  JOB_READABLE_COUNT,
  JOB_RESULT_AT,
  JOB_RESULT_BYTES,
  JOB_SESSION,
  JOB_STATUS,
  JOB_WRITABLE_BYTES,
  PLACE_ENGINE,
} from '../../spec/engine';
import { Device } from '../device';
import { wipe } from '../memory/bytes';
import { Session, SLOT_BYTES } from '../session/slot';
import { addResultPiece, restoreContentBuffers, setContentPiece } from '../chain/kept';
import { runBatch } from './batch';
import { runParsed } from './data';
import { OPERATION_BYTES } from './operation';
import { BATCHED } from './outcome';

/** Bytes of a job with so much content and room for a result, wherever these begin. */
export function jobBytes(readableBytes: u32, writableBytes: u32): usize {
  return JOB_CONTENT + aligned(readableBytes + JOB_ALIGNMENT) + aligned(writableBytes + STATUS_BYTES + JOB_ALIGNMENT);
}

@inline
function aligned(bytes: u32): usize {
  return (<usize>bytes + 63) & ~63;
}

/** Runs up to JOBS_AT_ONCE jobs, whose addresses stand at `jobs`; those that are alike run side by side. */
export function runJobs(device: Device, jobs: usize, count: u32): void {
  device.place = PLACE_ENGINE;
  for (let index: u32 = 0; index < count; index++) {
    const job = <usize>load<u32>(jobs + index * 4);
    const session = changetype<Session>(device.sessions + index * SLOT_BYTES);
    // A copy, for a MAC's state is part of its session.
    memory.copy(changetype<usize>(session), load<u32>(job + JOB_SESSION), SLOT_BYTES);
    memory.copy(device.operation, job + JOB_OPERATION, OPERATION_BYTES);
    const readableBytes = load<u32>(job + JOB_READABLE_BYTES);
    const writableBytes = load<u32>(job + JOB_WRITABLE_BYTES) + STATUS_BYTES;
    const buffers = load<u32>(job + JOB_BUFFERS);
    if (buffers) restoreContentBuffers(device, buffers, load<u32>(job + JOB_READABLE_COUNT), readableBytes);
    else setContentPiece(device, job + load<u32>(job + JOB_CONTENT_AT), readableBytes);
    addResultPiece(device, job + load<u32>(job + JOB_RESULT_AT), writableBytes);
    device.resultBytes = 0;
    let status = runParsed(device, session, load<u32>(job + JOB_OPCODE) >> 8);
    // Nobody looks at the answer before the batch has run.
    if (status == BATCHED) status = CRYPTO_OK;
    store<u32>(job + JOB_STATUS, status);
    store<u32>(job + JOB_RESULT_BYTES, status == CRYPTO_OK ? device.resultBytes : 0);
  }
  runBatch(device);
  wipe(device.sessions, count * SLOT_BYTES);
}
