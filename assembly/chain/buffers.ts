// The buffers of the current chain: checked stretches of guest RAM, readable ones first, with functions that read and
// write across them. The chain reader fills the list. Requests reach their chain only through it.
import {
  FAULT_CHAIN_BYTES,
  FAULT_CHAIN_LENGTH,
  FAULT_DESCRIPTOR_ADDRESS,
  FAULT_DESCRIPTOR_ORDER,
  FAULT_NONE,
} from '../../spec/engine';
import { STATUS_BYTES } from '../../spec/crypto';
import { DESC_F_WRITE } from '../../spec/virtio';
import { Device } from '../device';
import {
  GuestPointer,
  NO_RAM,
  NOWHERE,
  STEADY,
  copyFromGuest,
  copyToGuest,
  guestStore,
  highBound,
  isInPlace,
  lowBound,
  placeOf,
  pointerOf,
  reportWrite,
  translate,
} from '../memory/guest';

/** A buffer of the chain, checked: `bytes` of guest RAM at `place`. */
@unmanaged
export class Buffer {
  address: u64;
  /** Where the buffer begins in the engine's memory, if it is there. */
  pointer: u32;
  bytes: u32;

  /** Where the buffer begins. */
  @inline
  get place(): GuestPointer {
    return placeOf(this.address, this.pointer);
  }
}
export const BUFFER_BYTES: usize = 16;

@inline
export function bufferAt(device: Device, index: u32): Buffer {
  return changetype<Buffer>(device.buffers + index * BUFFER_BYTES);
}

/** Starts an empty list. */
@inline
export function beginBuffers(device: Device): void {
  device.readableCount = 0;
  device.writableCount = 0;
  device.readableBytes = 0;
  device.writableBytes = 0;
  device.readBuffer = 0;
  device.readOffset = 0;
}

/**
 * Adds the buffer of one descriptor, in the chain's order. Its address and length are checked here and nowhere else.
 * Returns FAULT_NONE or the fault of the descriptor.
 */
@inline
export function addBuffer(device: Device, address: u64, bytes: u32, flags: u32): u32 {
  // A buffer of no bytes has no content, so its address does not matter.
  if (!bytes) return FAULT_NONE;
  const pointer = translate(device, address, bytes);
  if (pointer == NO_RAM) return FAULT_DESCRIPTOR_ADDRESS;
  const index = device.readableCount + device.writableCount;
  if (index == device.bufferCapacity) return FAULT_CHAIN_LENGTH;
  // 2.7.5.2: no chain is longer than 2^32 bytes in total. So all sums of lengths fit into 32 bits.
  if (device.readableBytes + device.writableBytes > u32.MAX_VALUE - bytes) return FAULT_CHAIN_BYTES;
  if (flags & DESC_F_WRITE) {
    device.writableBytes += bytes;
    device.writableCount++;
  } else {
    // 2.7.4.2: writable buffers come after the readable ones.
    if (device.writableCount) return FAULT_DESCRIPTOR_ORDER;
    device.readableBytes += bytes;
    device.readableCount++;
  }
  const buffer = bufferAt(device, index);
  buffer.address = address;
  buffer.pointer = pointerOf(pointer);
  buffer.bytes = bytes;
  return FAULT_NONE;
}

/** Ends the list. Reading begins at its first byte. */
@inline
export function endBuffers(device: Device): void {
  device.readableLeft = device.readableBytes;
}

/** Copies the next `bytes` of the readable part to `to`. The caller has compared `bytes` with readableLeft. */
export function readBytes(device: Device, to: usize, bytes: u32): void {
  device.readableLeft -= bytes;
  while (bytes) {
    const buffer = bufferAt(device, device.readBuffer);
    const step = min<u32>(bytes, buffer.bytes - device.readOffset);
    copyFromGuest(to, buffer.place + device.readOffset, step);
    to += step;
    bytes -= step;
    advance(device, buffer, step);
  }
}

/** Whether the next `bytes` of the readable part are one piece in guest memory, on which kernels may work. */
@inline
export function nextIsContiguous(device: Device, bytes: u32): bool {
  if (!bytes) return false;
  const buffer = bufferAt(device, device.readBuffer);
  return buffer.bytes - device.readOffset >= bytes && isInPlace(buffer.place);
}

/**
 * The place of the next `bytes` of the readable part as one piece: in guest memory if they are contiguous there, else
 * gathered at `scratch`. The caller has compared `bytes` with readableLeft and with the size of scratch.
 */
export function readContiguous(device: Device, bytes: u32, scratch: usize): usize {
  if (nextIsContiguous(device, bytes)) {
    const buffer = bufferAt(device, device.readBuffer);
    const pointer = <usize>buffer.place + device.readOffset;
    device.readableLeft -= bytes;
    advance(device, buffer, bytes);
    return pointer;
  }
  readBytes(device, scratch, bytes);
  return scratch;
}

/** As readContiguous(), for bytes that are read more than once: gathered if the guest may write there meanwhile. */
export function readSteadily(device: Device, bytes: u32, scratch: usize): usize {
  if (STEADY) return readContiguous(device, bytes, scratch);
  readBytes(device, scratch, bytes);
  return scratch;
}

@inline
function advance(device: Device, buffer: Buffer, bytes: u32): void {
  device.readOffset += bytes;
  if (device.readOffset == buffer.bytes) {
    device.readOffset = 0;
    device.readBuffer++;
  }
}

/**
 * The place of `bytes` of the writable part, from its byte `offset` on, if they are one piece, else NOWHERE. `bytes` is
 * at least 1.
 */
export function writableContiguous(device: Device, offset: u32, bytes: u32): usize {
  let index = device.readableCount;
  while (offset >= bufferAt(device, index).bytes) offset -= bufferAt(device, index++).bytes;
  const buffer = bufferAt(device, index);
  return buffer.bytes - offset >= bytes && isInPlace(buffer.place) ? <usize>buffer.place + offset : NOWHERE;
}

/** As writableContiguous(), for results that a kernel reads again: NOWHERE if the guest may write there meanwhile. */
@inline
export function steadyResult(device: Device, offset: u32, bytes: u32): usize {
  return STEADY ? writableContiguous(device, offset, bytes) : NOWHERE;
}

/**
 * Whether the chain's writable buffers (with `readable` all its buffers) share a byte with the `bytes` at `place`.
 * False if `bytes` is 0.
 */
export function chainMeets(device: Device, place: GuestPointer, bytes: u32, readable: bool): bool {
  if (!bytes) return false;
  const end = device.readableCount + device.writableCount;
  for (let index = readable ? <u32>0 : device.readableCount; index < end; index++) {
    const buffer = bufferAt(device, index);
    if (place < buffer.place + buffer.bytes && buffer.place < place + bytes) return true;
  }
  return false;
}

/** The bounds of the chain's writable buffers, or of all its buffers: the lower bound in the low half of the result. */
export function placesOfChain(device: Device, writable: bool): u64 {
  let low: u32 = u32.MAX_VALUE;
  let high: u32 = 0;
  const end = device.readableCount + device.writableCount;
  for (let index = writable ? device.readableCount : <u32>0; index < end; index++) {
    const buffer = bufferAt(device, index);
    low = min<u32>(low, lowBound(buffer.place));
    high = max<u32>(high, highBound(buffer.place + buffer.bytes));
  }
  return ((<u64>high) << 32) | low;
}

/** Whether the chain's writable buffers (with `readable` all) share a byte with the `count` buffers kept at `from`. */
export function meetsBuffers(device: Device, from: usize, count: u32, readable: bool): bool {
  for (let index: u32 = 0; index < count; index++) {
    const buffer = changetype<Buffer>(from + index * BUFFER_BYTES);
    if (chainMeets(device, buffer.place, buffer.bytes, readable)) return true;
  }
  return false;
}

/** The place of the chain's last writable byte, the status. */
export function lastWritable(device: Device): GuestPointer {
  const buffer = bufferAt(device, device.readableCount + device.writableCount - 1);
  return buffer.place + buffer.bytes - 1;
}

/** The guest-physical address of byte `offset` of the writable part. The part is longer than `offset`. */
export function writableAddress(device: Device, offset: u32): u64 {
  let index = device.readableCount;
  while (offset >= bufferAt(device, index).bytes) offset -= bufferAt(device, index++).bytes;
  return bufferAt(device, index).address + offset;
}

/** Reports that `bytes` of the writable part were written, from its byte `offset` on. */
export function reportWritten(device: Device, offset: u32, bytes: u32): void {
  if (!device.reportWrites) return;
  let index = device.readableCount;
  while (bytes) {
    const buffer = bufferAt(device, index++);
    if (offset >= buffer.bytes) {
      offset -= buffer.bytes;
      continue;
    }
    const step = min<u32>(bytes, buffer.bytes - offset);
    reportWrite(device, buffer.address + offset, step);
    bytes -= step;
    offset = 0;
  }
}

/** Copies `bytes` to the writable part, from its byte `offset` on. The caller has compared them with writableBytes. */
export function writeBytes(device: Device, from: usize, offset: u32, bytes: u32): void {
  let index = device.readableCount;
  while (bytes) {
    const buffer = bufferAt(device, index++);
    if (offset >= buffer.bytes) {
      offset -= buffer.bytes;
      continue;
    }
    const step = min<u32>(bytes, buffer.bytes - offset);
    copyToGuest(buffer.place + offset, from, step);
    reportWrite(device, buffer.address + offset, step);
    from += step;
    bytes -= step;
    offset = 0;
  }
}

/**
 * Writes the last writable byte of the chain. It is virtio_crypto_inhdr, the status, even if the driver's destination
 * is longer than the result (5.9.7.3). The chain has at least one writable byte.
 */
export function writeLastByte(device: Device, value: u8): void {
  const buffer = bufferAt(device, device.readableCount + device.writableCount - 1);
  guestStore<u8>(buffer.place + buffer.bytes - 1, value);
  reportWrite(device, buffer.address + buffer.bytes - 1, 1);
}

/**
 * The length in a data request's used element (2.7.8.2): bytes at the start of the writable part that were all written.
 * It counts the status only if there is no room between result and status.
 * @param resultBytes bytes of the result, 0 if there is none
 * @param writableBytes bytes of the chain's whole writable part, of which the last is the status
 */
@inline
export function usedBytes(resultBytes: u32, writableBytes: u32): u32 {
  return resultBytes + STATUS_BYTES == writableBytes ? writableBytes : resultBytes;
}
