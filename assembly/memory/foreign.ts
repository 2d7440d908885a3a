// The port to foreign guest memory: RAM outside the engine's memory, for example another process's RAM that the host
// has mapped. The build for such guests compiles this file in place of guest.ts. Accesses go through the host, and
// contents are copied once each way. A host that can map RAM into the engine's memory says where a region is there, and
// the engine reaches that region by itself. Such memory changes while the engine works, so the engine loads each value
// once, and it copies what it authenticates.
import { Device } from '../device';

/**
 * A checked place in guest memory. translate() returns it, and the functions below take it. It is an offset in the
 * engine's memory; or a guest-physical address marked ELSEWHERE, in 64 bits, because guests have RAM beyond 4 GiB, and
 * because an address whose region is gone cannot reach another region's bytes.
 */
export type GuestPointer = u64;

/** The mark of addresses that only the host reaches. */
const ELSEWHERE: u64 = 1 << 63;

/** translate() returns this if there is no RAM. No region ends so high, because the host's addresses have 53 bits. */
@inline
export const NO_RAM: GuestPointer = u64.MAX_VALUE;

/** No place in the engine's memory: the bytes are not one piece there, so kernels cannot work on them in place. */
@inline
export const NOWHERE: usize = usize.MAX_VALUE;

/** Whether all guest memory is in the engine's memory. */
@inline
export const IN_PLACE = false;

/** Whether guest memory stays as it is while a request runs. The guest's processors write to it at any time. */
@inline
export const STEADY = false;

/** Whether kernels may work in place there. */
@inline
export function isInPlace(place: GuestPointer): bool {
  return <i64>place >= 0;
}

/** What a buffer keeps of a place beside its guest-physical address, in 32 bits; and the place again. */
@inline
export function pointerOf(place: GuestPointer): u32 {
  return isInPlace(place) ? <u32>place : 0;
}

@inline
export function placeOf(address: u64, pointer: u32): GuestPointer {
  return pointer ? <u64>pointer : address | ELSEWHERE;
}

/** One stretch of guest RAM: guest-physical [start, start + size) is at `pointer`, or elsewhere if that is 0. */
@unmanaged
class Region {
  start: u64;
  size: u64;
  pointer: usize;
}
export const REGION_BYTES: usize = 24;

// Addresses pass to the host as f64, because they have 53 bits and JavaScript makes no object of an f64.

/** Tells the host that guest-physical [start, end) was written. */
// @ts-ignore: decorator
@external('guest', 'written')
declare function written(start: f64, end: f64): void;

/** Loads 16 bits from an even address, in one access. */
// @ts-ignore: decorator
@external('guest', 'load16')
declare function load16(address: f64): u32;

/** Stores the lowest `bytes` (1, 2 or 4) bytes of `value`. The guest sees 2-byte stores after all earlier stores. */
// @ts-ignore: decorator
@external('guest', 'store')
declare function storeBytes(address: f64, bytes: u32, value: u32): void;

/** Copies from guest memory to the engine's. */
// @ts-ignore: decorator
@external('guest', 'read')
declare function read(to: usize, address: f64, bytes: u32): void;

/** Copies from the engine's memory to guest memory. */
// @ts-ignore: decorator
@external('guest', 'write')
declare function write(address: f64, from: usize, bytes: u32): void;

/** Adds a stretch of RAM. False: the table is full. */
export function addRegion(device: Device, start: u64, size: u64, pointer: usize, capacity: u32): bool {
  if (device.memoryRegionCount == capacity) return false;
  const region = changetype<Region>(device.memoryRegions + device.memoryRegionCount * REGION_BYTES);
  region.start = start;
  region.size = size;
  region.pointer = pointer;
  device.memoryRegionCount++;
  return true;
}

/** Forgets all stretches of RAM. */
export function forgetRegions(device: Device): void {
  device.memoryRegionCount = 0;
}

/**
 * The place of guest-physical [address, address + length), or NO_RAM if a byte of it is not RAM. The subtraction may
 * wrap: an address below a region's start becomes an offset beyond its end, so the comparison refuses it.
 */
export function translate(device: Device, address: u64, length: u64): GuestPointer {
  let entry: usize = device.memoryRegions;
  const end = entry + device.memoryRegionCount * REGION_BYTES;
  for (; entry < end; entry += REGION_BYTES) {
    const region = changetype<Region>(entry);
    const offset = address - region.start;
    if (offset < region.size && length <= region.size - offset) {
      return region.pointer ? <u64>region.pointer + offset : address | ELSEWHERE;
    }
  }
  return NO_RAM;
}

/** Bounds of memory elsewhere are numbers of 2 MiB pages. The page numbers of 53-bit addresses fit into 32 bits. */
const BOUND_SHIFT: u64 = 21;

/**
 * The bounds of a stretch of guest memory from `start` to `end` as 32-bit numbers. Two stretches whose bounds do not
 * overlap have no byte in common. Bounds of the two kinds of places may overlap by chance.
 */
@inline
export function lowBound(start: GuestPointer): u32 {
  return isInPlace(start) ? <u32>start : <u32>((start & ~ELSEWHERE) >> BOUND_SHIFT);
}

@inline
export function highBound(end: GuestPointer): u32 {
  return isInPlace(end) ? <u32>end : <u32>(((end & ~ELSEWHERE) + (1 << BOUND_SHIFT) - 1) >> BOUND_SHIFT);
}

@inline
function addressOf(pointer: GuestPointer): f64 {
  return <f64>(pointer & ~ELSEWHERE);
}

/**
 * Copies `bytes` (at most 16) of guest memory to the engine's memory, and returns the address of the copy. It lies in
 * device.header, which is free until all descriptors have been read.
 */
@inline
export function fetch(device: Device, pointer: GuestPointer, bytes: u32): usize {
  copyFromGuest(device.header, pointer, bytes);
  return device.header;
}

/**
 * Loads 16 bits: indices, flags and ring entries. fetch() loads longer values. Later loads come after it. Rings are
 * aligned, and so are the regions that are in the engine's memory.
 */
@inline
export function guestLoad<T>(pointer: GuestPointer): T {
  if (sizeof<T>() != 2) ERROR('Fetch values that are not 16 bits long.');
  return isInPlace(pointer) ? <T>atomic.load<u16>(<usize>pointer) : <T>load16(addressOf(pointer));
}

/** Stores a number. The guest sees 2 bytes after all earlier stores, and later loads come after them. */
@inline
export function guestStore<T>(pointer: GuestPointer, value: T): void {
  if (!isInPlace(pointer)) storeBytes(addressOf(pointer), sizeof<T>(), <u32>value);
  else if (sizeof<T>() == 2) atomic.store<u16>(<usize>pointer, <u16>value);
  else store<T>(<usize>pointer, value);
}

@inline
export function copyFromGuest(to: usize, from: GuestPointer, bytes: usize): void {
  if (isInPlace(from)) memory.copy(to, <usize>from, bytes);
  else read(to, addressOf(from), bytes);
}

@inline
export function copyToGuest(to: GuestPointer, from: usize, bytes: usize): void {
  if (isInPlace(to)) memory.copy(<usize>to, from, bytes);
  else write(addressOf(to), from, bytes);
}

/** Reports a write at guest-physical `address`, if the host wants reports. */
@inline
export function reportWrite(device: Device, address: u64, bytes: u32): void {
  if (device.reportWrites && bytes) written(<f64>address, <f64>(address + bytes));
}
