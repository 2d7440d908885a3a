// Buffers of a chain that are kept after the device's list was filled with another chain. deferred.ts copies a deferred
// request's buffers into its record. They become the device's list again when the request runs or completes.
import { Device } from '../device';
import { pointerOf } from '../memory/guest';
import { beginBuffers, Buffer, BUFFER_BYTES, bufferAt, endBuffers } from './buffers';

/** Number of readable buffers that hold the next `bytes`. */
export function readableBuffersFor(device: Device, bytes: u32): u32 {
  if (!bytes) return 0;
  return buffersFor(device, device.readBuffer, <u64>bytes + device.readOffset);
}

/** Number of writable buffers that hold the first `bytes`. */
export function writableBuffersFor(device: Device, bytes: u32): u32 {
  return buffersFor(device, device.readableCount, bytes);
}

/** Number of buffers from `first` on that hold `bytes`. The caller knows that the list has as many bytes. */
function buffersFor(device: Device, first: u32, bytes: u64): u32 {
  let index = first;
  for (let left = <i64>bytes; left > 0; index++) left -= bufferAt(device, index).bytes;
  return index - first;
}

/**
 * Copies the buffers that a request needs to `to`: the next `readable` buffers that are to be read, the first
 * `writable` buffers, and the last buffer, which holds the status, if it is not among them. Returns the number of
 * writable buffers copied.
 */
export function copyBuffersAway(device: Device, to: usize, readable: u32, writable: u32): u32 {
  memory.copy(to, <usize>device.buffers + device.readBuffer * BUFFER_BYTES, readable * BUFFER_BYTES);
  if (readable) {
    const begun = changetype<Buffer>(to);
    begun.pointer = pointerOf(begun.place + device.readOffset);
    begun.address += device.readOffset;
    begun.bytes -= device.readOffset;
  }
  to += readable * BUFFER_BYTES;
  memory.copy(to, <usize>device.buffers + device.readableCount * BUFFER_BYTES, writable * BUFFER_BYTES);
  if (writable == device.writableCount) return writable;
  const last = device.readableCount + device.writableCount - 1;
  memory.copy(to + writable * BUFFER_BYTES, <usize>device.buffers + last * BUFFER_BYTES, BUFFER_BYTES);
  return writable + 1;
}

/** Makes the `count` writable buffers at `from` the device's list: those of the result and of the status. */
export function restoreResultBuffers(device: Device, from: usize, count: u32): void {
  beginBuffers(device);
  memory.copy(device.buffers, from, count * BUFFER_BYTES);
  device.writableCount = count;
}

/** Makes the `count` readable buffers at `from` the device's list. `bytes` of them are content. */
export function restoreContentBuffers(device: Device, from: usize, count: u32, bytes: u32): void {
  beginBuffers(device);
  memory.copy(device.buffers, from, count * BUFFER_BYTES);
  device.readableCount = count;
  device.readableBytes = bytes;
  endBuffers(device);
}

/** Makes one readable piece of the engine's own memory the device's whole list. */
export function setContentPiece(device: Device, source: usize, bytes: u32): void {
  beginBuffers(device);
  const readable = bufferAt(device, 0);
  readable.pointer = source;
  readable.bytes = bytes;
  device.readableCount = 1;
  device.readableBytes = bytes;
  endBuffers(device);
}

/** Adds one writable piece of the engine's own memory to a list without writable buffers. */
export function addResultPiece(device: Device, result: usize, bytes: u32): void {
  const writable = bufferAt(device, device.readableCount);
  writable.pointer = result;
  writable.bytes = bytes;
  device.writableCount = 1;
  device.writableBytes = bytes;
}
