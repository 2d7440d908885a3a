// The descriptor chain reader: every address and length that a driver gives is checked here, once, before any of it is used.
import {
  FAULT_CHAIN_BYTES,
  FAULT_CHAIN_LENGTH,
  FAULT_DESCRIPTOR_ADDRESS,
  FAULT_DESCRIPTOR_INDEX,
  FAULT_DESCRIPTOR_LOOP,
  FAULT_DESCRIPTOR_ORDER,
  FAULT_INDIRECT_ADDRESS,
  FAULT_INDIRECT_LENGTH,
  FAULT_INDIRECT_NESTED,
  FAULT_INDIRECT_NEXT,
  FAULT_INDIRECT_NOT_NEGOTIATED,
  FAULT_NONE,
} from '../../spec/engine';
import { DESC_ADDR, DESC_BYTES, DESC_FLAGS, DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESC_LEN, DESC_NEXT } from '../../spec/virtio';
import { Device } from '../device';
import { GuestPointer, IN_PLACE, NOWHERE, copyFromGuest, copyToGuest, guestLoad, guestStore, reportWrite, translate } from '../memory/guest';
import { Queue } from './queue';

/** A buffer of the chain, checked: `bytes` of guest RAM at `pointer`. */
@unmanaged
class Buffer {
  address: u64;
  pointer: GuestPointer;
  bytes: u32;
}
export const BUFFER_BYTES: usize = 16;

/** `next` has 16 bits: no walk through a longer table sees more of it, so none is allowed more steps. */
const NAMEABLE_DESCRIPTORS: u32 = 0x10000;

@inline
function bufferAt(device: Device, index: u32): Buffer {
  return changetype<Buffer>(device.buffers + index * BUFFER_BYTES);
}

/**
 * Reads the chain that starts at descriptor `head` into the device's buffer list and puts its reader at the first byte.
 * Each descriptor is loaded once; the walk is bounded by the table's size, so that loops end.
 * Returns FAULT_NONE or what is wrong with the chain.
 */
export function readChain(device: Device, queue: Queue, head: u32): u32 {
  let table = queue.desc;
  let tableSize = queue.size;
  let index = head;
  let visited: u32 = 0;
  let readable: u32 = 0;
  let writable: u32 = 0;
  let readableBytes: u64 = 0;
  let writableBytes: u64 = 0;
  let inIndirect = false;

  while (true) {
    if (index >= tableSize) return FAULT_DESCRIPTOR_INDEX;
    if (visited++ == tableSize) return FAULT_DESCRIPTOR_LOOP;
    const descriptor = table + index * DESC_BYTES;
    const address = guestLoad<u64>(descriptor + DESC_ADDR);
    const bytes = guestLoad<u32>(descriptor + DESC_LEN);
    const flags = <u32>guestLoad<u16>(descriptor + DESC_FLAGS);
    const next = <u32>guestLoad<u16>(descriptor + DESC_NEXT);

    if (flags & DESC_F_INDIRECT) {
      // 2.7.5.3.1: no indirect flag without the feature, none inside an indirect table, none beside NEXT. The write-only
      // flag of this descriptor is ignored (2.7.5.3.2).
      if (!queue.indirect) return FAULT_INDIRECT_NOT_NEGOTIATED;
      if (inIndirect) return FAULT_INDIRECT_NESTED;
      if (flags & DESC_F_NEXT) return FAULT_INDIRECT_NEXT;
      if (bytes == 0 || bytes % DESC_BYTES != 0) return FAULT_INDIRECT_LENGTH;
      table = translate(device, address, bytes);
      if (table == NOWHERE) return FAULT_INDIRECT_ADDRESS;
      tableSize = min<u32>(bytes / DESC_BYTES, NAMEABLE_DESCRIPTORS);
      index = 0;
      visited = 0;
      inIndirect = true;
      continue;
    }

    // A buffer of no bytes carries nothing: its address is not looked at.
    if (bytes) {
      const pointer = translate(device, address, bytes);
      if (pointer == NOWHERE) return FAULT_DESCRIPTOR_ADDRESS;
      if (readable + writable == device.bufferCapacity) return FAULT_CHAIN_LENGTH;
      if (flags & DESC_F_WRITE) {
        writableBytes += bytes;
        writable++;
      } else {
        // 2.7.4.2: writable buffers stand after the readable ones.
        if (writable) return FAULT_DESCRIPTOR_ORDER;
        readableBytes += bytes;
        readable++;
      }
      const buffer = bufferAt(device, readable + writable - 1);
      buffer.address = address;
      buffer.pointer = pointer;
      buffer.bytes = bytes;
    }
    if (!(flags & DESC_F_NEXT)) break;
    index = next;
  }
  // 2.7.5.2: no chain longer than 2^32 bytes in total; below that, all sums of lengths fit.
  if (readableBytes + writableBytes > <u64>u32.MAX_VALUE) return FAULT_CHAIN_BYTES;

  device.readableCount = readable;
  device.writableCount = writable;
  device.readableBytes = <u32>readableBytes;
  device.writableBytes = <u32>writableBytes;
  device.readBuffer = 0;
  device.readOffset = 0;
  device.readableLeft = <u32>readableBytes;
  return FAULT_NONE;
}

/** Copies the next `bytes` of the readable part to `to`. The caller has compared them with readableLeft. */
export function readBytes(device: Device, to: usize, bytes: u32): void {
  device.readableLeft -= bytes;
  while (bytes) {
    const buffer = bufferAt(device, device.readBuffer);
    const step = min<u32>(bytes, buffer.bytes - device.readOffset);
    copyFromGuest(to, buffer.pointer + device.readOffset, step);
    to += step;
    bytes -= step;
    advance(device, buffer, step);
  }
}

/** Whether the next `bytes` of the readable part, one at least, are one piece in guest memory. */
@inline
export function nextIsContiguous(device: Device, bytes: u32): bool {
  return IN_PLACE && bufferAt(device, device.readBuffer).bytes - device.readOffset >= bytes;
}

/**
 * The next `bytes` of the readable part, one at least, as one piece: in guest memory where they are contiguous, else gathered at `scratch`.
 * The caller has compared them with readableLeft and with the size of scratch.
 */
export function readContiguous(device: Device, bytes: u32, scratch: usize): usize {
  if (nextIsContiguous(device, bytes)) {
    const buffer = bufferAt(device, device.readBuffer);
    const pointer = buffer.pointer + device.readOffset;
    device.readableLeft -= bytes;
    advance(device, buffer, bytes);
    return pointer;
  }
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

/** Where the first `bytes` of the writable part stand if they are one piece, else NOWHERE. */
@inline
export function writableContiguous(device: Device, bytes: u32): usize {
  if (!IN_PLACE) return NOWHERE;
  const buffer = bufferAt(device, device.readableCount);
  return buffer.bytes >= bytes ? buffer.pointer : NOWHERE;
}

/** Reports `bytes` at the start of the writable part as written; they are one piece (writableContiguous). */
@inline
export function reportContiguous(device: Device, bytes: u32): void {
  reportWrite(device, bufferAt(device, device.readableCount).address, bytes);
}

/** Scatters `bytes` over the writable part from its start. The caller has compared them with writableBytes. */
export function writeBytes(device: Device, from: usize, bytes: u32): void {
  let index = device.readableCount;
  while (bytes) {
    const buffer = bufferAt(device, index++);
    const step = min<u32>(bytes, buffer.bytes);
    copyToGuest(buffer.pointer, from, step);
    reportWrite(device, buffer.address, step);
    from += step;
    bytes -= step;
  }
}

/**
 * Writes the last byte of the last writable buffer: where virtio_crypto_inhdr stands, however much longer than the result
 * the driver's destination is (5.9.8.3). The chain has a writable byte.
 */
export function writeLastByte(device: Device, value: u8): void {
  const buffer = bufferAt(device, device.readableCount + device.writableCount - 1);
  guestStore<u8>(buffer.pointer + buffer.bytes - 1, value);
  reportWrite(device, buffer.address + buffer.bytes - 1, 1);
}
