// The buffers of the chain that is being run: checked stretches of guest RAM, readable ones first, and reading and
// writing across them. The ring walkers and the chain reader fill the list; requests see nothing else of a chain.
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
  IN_PLACE,
  NO_RAM,
  NOWHERE,
  copyFromGuest,
  copyToGuest,
  guestStore,
  highBound,
  lowBound,
  reportWrite,
  translate,
} from '../memory/guest';

/** A buffer of the chain, checked: `bytes` of guest RAM at `place`. */
@unmanaged
export class Buffer {
  address: u64;
  /** Where guest memory is the engine's own: where it begins there. */
  pointer: u32;
  bytes: u32;

  /** Where it begins: guest memory elsewhere is reached by its guest-physical address. */
  @inline
  get place(): GuestPointer {
    return IN_PLACE ? <GuestPointer>this.pointer : <GuestPointer>this.address;
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
 * Returns FAULT_NONE or what is wrong with it.
 */
@inline
export function addBuffer(device: Device, address: u64, bytes: u32, flags: u32): u32 {
  // A buffer of no bytes carries nothing: its address is not looked at.
  if (!bytes) return FAULT_NONE;
  const pointer = translate(device, address, bytes);
  if (pointer == NO_RAM) return FAULT_DESCRIPTOR_ADDRESS;
  const index = device.readableCount + device.writableCount;
  if (index == device.bufferCapacity) return FAULT_CHAIN_LENGTH;
  // 2.7.5.2: no chain longer than 2^32 bytes in total; below that, all sums of lengths fit.
  if (device.readableBytes + device.writableBytes > u32.MAX_VALUE - bytes) return FAULT_CHAIN_BYTES;
  if (flags & DESC_F_WRITE) {
    device.writableBytes += bytes;
    device.writableCount++;
  } else {
    // 2.7.4.2: writable buffers stand after the readable ones.
    if (device.writableCount) return FAULT_DESCRIPTOR_ORDER;
    device.readableBytes += bytes;
    device.readableCount++;
  }
  const buffer = bufferAt(device, index);
  buffer.address = address;
  buffer.pointer = <u32>pointer;
  buffer.bytes = bytes;
  return FAULT_NONE;
}

/** Ends the list and puts its reader at the first byte. */
@inline
export function endBuffers(device: Device): void {
  device.readableLeft = device.readableBytes;
}

/** Copies the next `bytes` of the readable part to `to`. The caller has compared them with readableLeft. */
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

/** Whether the next `bytes` of the readable part are one piece in guest memory. */
@inline
export function nextIsContiguous(device: Device, bytes: u32): bool {
  return IN_PLACE && bytes && bufferAt(device, device.readBuffer).bytes - device.readOffset >= bytes;
}

/**
 * The next `bytes` of the readable part as one piece: in guest memory where they are contiguous, else gathered at
 * `scratch`. The caller has compared them with readableLeft and with the size of scratch.
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

@inline
function advance(device: Device, buffer: Buffer, bytes: u32): void {
  device.readOffset += bytes;
  if (device.readOffset == buffer.bytes) {
    device.readOffset = 0;
    device.readBuffer++;
  }
}

/**
 * Where `bytes`, one at least, of the writable part stand from its byte `offset` on if they are one piece, else
 * NOWHERE.
 */
export function writableContiguous(device: Device, offset: u32, bytes: u32): usize {
  if (!IN_PLACE) return NOWHERE;
  let index = device.readableCount;
  while (offset >= bufferAt(device, index).bytes) offset -= bufferAt(device, index++).bytes;
  const buffer = bufferAt(device, index);
  return buffer.bytes - offset >= bytes ? <usize>buffer.place + offset : NOWHERE;
}

/**
 * Whether a buffer of the chain has a byte of the `bytes` at `place`: a writable one, or with `readable` any. An empty
 * place has none.
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

/** The bounds of all of the chain's buffers, or of its writable ones: the lower one in the low half of one number. */
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

/**
 * Whether the chain has bytes of `count` buffers that were kept at `from`: in a writable buffer, or with `readable` in
 * any.
 */
export function meetsBuffers(device: Device, from: usize, count: u32, readable: bool): bool {
  for (let index: u32 = 0; index < count; index++) {
    const buffer = changetype<Buffer>(from + index * BUFFER_BYTES);
    if (chainMeets(device, buffer.place, buffer.bytes, readable)) return true;
  }
  return false;
}

/** The place of the chain's last writable byte, which is the status, where requests are served in place. */
export function lastWritable(device: Device): usize {
  const buffer = bufferAt(device, device.readableCount + device.writableCount - 1);
  return <usize>buffer.place + buffer.bytes - 1;
}

/** The guest-physical address of byte `offset` of the writable part, which is longer than that. */
export function writableAddress(device: Device, offset: u32): u64 {
  let index = device.readableCount;
  while (offset >= bufferAt(device, index).bytes) offset -= bufferAt(device, index++).bytes;
  return bufferAt(device, index).address + offset;
}

/** Reports `bytes` of the writable part from its byte `offset` on as written. */
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

/**
 * Scatters `bytes` over the writable part from its byte `offset` on. The caller has compared them with writableBytes.
 */
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
 * Writes the last byte of the last writable buffer: where virtio_crypto_inhdr stands, however much longer than the
 * result the driver's destination is (5.9.7.3). The chain has a writable byte.
 */
export function writeLastByte(device: Device, value: u8): void {
  const buffer = bufferAt(device, device.readableCount + device.writableCount - 1);
  guestStore<u8>(buffer.place + buffer.bytes - 1, value);
  reportWrite(device, buffer.address + buffer.bytes - 1, 1);
}

/**
 * What a used element says of a data request (2.7.8.2): bytes at the start of the writable part, all of which were
 * written. The status stands behind the result only where the chain has no room between the two.
 * @param resultBytes bytes of the result, 0 if there is none
 * @param writableBytes bytes of the chain's whole writable part, the last of which is the status
 */
@inline
export function usedBytes(resultBytes: u32, writableBytes: u32): u32 {
  return resultBytes + STATUS_BYTES == writableBytes ? writableBytes : resultBytes;
}
