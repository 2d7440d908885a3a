// A chain's buffers, kept beyond its turn. A deferred request's are copied away, and are made the device's list again
// when the request is run or completed.
import { Device } from '../device';
import { beginBuffers, Buffer, BUFFER_BYTES, bufferAt, endBuffers } from './buffers';

/** Readable buffers, from where reading stands, that the next `bytes` are in. */
export function readableBuffersFor(device: Device, bytes: u32): u32 {
  if (!bytes) return 0;
  return buffersFor(device, device.readBuffer, <u64>bytes + device.readOffset);
}

/** Writable buffers that the first `bytes` are in. */
export function writableBuffersFor(device: Device, bytes: u32): u32 {
  return buffersFor(device, device.readableCount, bytes);
}

/** The list has so many bytes from buffer `first` on. */
function buffersFor(device: Device, first: u32, bytes: u64): u32 {
  let index = first;
  for (let left = <i64>bytes; left > 0; index++) left -= bufferAt(device, index).bytes;
  return index - first;
}

/**
 * Copies what a request needs of its chain to `to`: the next `readable` buffers from where reading stands, the first
 * `writable` ones, and the last one, in which the status stands, if it is not among these. Returns how many writable
 * ones that makes.
 */
export function copyBuffersAway(device: Device, to: usize, readable: u32, writable: u32): u32 {
  memory.copy(to, <usize>device.buffers + device.readBuffer * BUFFER_BYTES, readable * BUFFER_BYTES);
  if (readable) {
    const begun = changetype<Buffer>(to);
    begun.address += device.readOffset;
    begun.pointer += device.readOffset;
    begun.bytes -= device.readOffset;
  }
  to += readable * BUFFER_BYTES;
  memory.copy(to, <usize>device.buffers + device.readableCount * BUFFER_BYTES, writable * BUFFER_BYTES);
  if (writable == device.writableCount) return writable;
  const last = device.readableCount + device.writableCount - 1;
  memory.copy(to + writable * BUFFER_BYTES, <usize>device.buffers + last * BUFFER_BYTES, BUFFER_BYTES);
  return writable + 1;
}

/** Makes `count` writable buffers, copied away to `from`, the device's list: a result's and the status's. */
export function restoreResultBuffers(device: Device, from: usize, count: u32): void {
  beginBuffers(device);
  memory.copy(device.buffers, from, count * BUFFER_BYTES);
  device.writableCount = count;
}

/** Makes `count` readable buffers, copied away to `from`, the device's list, of which `bytes` are content. */
export function restoreContentBuffers(device: Device, from: usize, count: u32, bytes: u32): void {
  beginBuffers(device);
  memory.copy(device.buffers, from, count * BUFFER_BYTES);
  device.readableCount = count;
  device.readableBytes = bytes;
  endBuffers(device);
}

/** Makes one readable piece of the engine's own memory the device's list. */
export function setContentPiece(device: Device, source: usize, bytes: u32): void {
  beginBuffers(device);
  const readable = bufferAt(device, 0);
  readable.pointer = source;
  readable.bytes = bytes;
  device.readableCount = 1;
  device.readableBytes = bytes;
  endBuffers(device);
}

/** Adds one writable piece of the engine's own memory to a list that has none yet. */
export function addResultPiece(device: Device, result: usize, bytes: u32): void {
  const writable = bufferAt(device, device.readableCount);
  writable.pointer = result;
  writable.bytes = bytes;
  device.writableCount = 1;
  device.writableBytes = bytes;
}
