// The worker's side of a deferred request: it runs a job in a memory that it shares with the device. If this is the
// guest's memory, the worker reads the content in the request's own buffers. It writes only to the job. The device's
// thread copies the result to the guest, so no worker writes to the guest after a reset or while the host writes. A job
// never overwrites its own content, so it can run again if its worker is lost.
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

/** Bytes of a job with this much content and room for a result, whatever their alignment. */
export function jobBytes(readableBytes: u32, writableBytes: u32): usize {
  return JOB_CONTENT + aligned(readableBytes + JOB_ALIGNMENT) + aligned(writableBytes + STATUS_BYTES + JOB_ALIGNMENT);
}

@inline
function aligned(bytes: u32): usize {
  return (<usize>bytes + 63) & ~63;
}

/** Runs up to JOBS_AT_ONCE jobs, whose addresses are at `jobs`. Similar jobs run side by side. */
export function runJobs(device: Device, jobs: usize, count: u32): void {
  device.place = PLACE_ENGINE;
  for (let index: u32 = 0; index < count; index++) {
    const job = <usize>load<u32>(jobs + index * 4);
    const session = changetype<Session>(device.sessions + index * SLOT_BYTES);
    // A copy of the session, because a MAC keeps its state in it.
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
    // The status may be stored now: no thread reads it before the batch below has run.
    if (status == BATCHED) status = CRYPTO_OK;
    store<u32>(job + JOB_STATUS, status);
    store<u32>(job + JOB_RESULT_BYTES, status == CRYPTO_OK ? device.resultBytes : 0);
  }
  runBatch(device);
  wipe(device.sessions, count * SLOT_BYTES);
}
