// The port to foreign guest memory: RAM outside the engine's memory, for example another process's RAM that the host
// has mapped. The build for such guests compiles this file in place of guest.ts. All accesses go through the host, and
// contents are copied once each way. A GuestPointer is the guest-physical address itself, in 64 bits, because guests
// have RAM beyond 4 GiB, and because an address whose region is gone cannot reach another region's bytes. Such memory
// changes while the engine works, so the engine loads each value once.
import { Device } from '../device';

/** A checked place in guest memory. translate() returns it, and the functions below take it. */
export type GuestPointer = u64;

/** translate() returns this if there is no RAM. No region ends so high, because the host's addresses have 53 bits. */
@inline
export const NO_RAM: GuestPointer = u64.MAX_VALUE;

/** No place in the engine's memory: the bytes are not one piece there, so kernels cannot work on them in place. */
@inline
export const NOWHERE: usize = usize.MAX_VALUE;

/** Whether kernels may work on guest memory in place. */
@inline
export const IN_PLACE = false;

/** One stretch of guest RAM: guest-physical [start, start + size). */
@unmanaged
class Region {
  start: u64;
  size: u64;
  reserved: u64;
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
    if (offset < region.size && length <= region.size - offset) return address;
  }
  return NO_RAM;
}

/** Bounds are numbers of 2 MiB pages. The page numbers of 53-bit addresses fit into 32 bits. */
const BOUND_SHIFT: u64 = 21;

/**
 * The bounds of a stretch of guest memory from `start` to `end` as 32-bit numbers. Two stretches whose bounds do not
 * overlap have no byte in common.
 */
@inline
export function lowBound(start: GuestPointer): u32 {
  return <u32>(start >> BOUND_SHIFT);
}

@inline
export function highBound(end: GuestPointer): u32 {
  return <u32>((end + (1 << BOUND_SHIFT) - 1) >> BOUND_SHIFT);
}

/**
 * Copies `bytes` (at most 16) of guest memory to the engine's memory, and returns the address of the copy. It lies in
 * device.header, which is free until all descriptors have been read.
 */
@inline
export function fetch(device: Device, pointer: GuestPointer, bytes: u32): usize {
  read(device.header, <f64>pointer, bytes);
  return device.header;
}

/** Loads 16 bits: indices, flags and ring entries. fetch() loads longer values. */
@inline
export function guestLoad<T>(pointer: GuestPointer): T {
  if (sizeof<T>() != 2) ERROR('Fetch values that are not 16 bits long.');
  return <T>load16(<f64>pointer);
}

@inline
export function guestStore<T>(pointer: GuestPointer, value: T): void {
  storeBytes(<f64>pointer, sizeof<T>(), <u32>value);
}

@inline
export function copyFromGuest(to: usize, from: GuestPointer, bytes: usize): void {
  read(to, <f64>from, bytes);
}

@inline
export function copyToGuest(to: GuestPointer, from: usize, bytes: usize): void {
  write(<f64>to, from, bytes);
}

/** Reports a write at guest-physical `address`, if the host wants reports. */
@inline
export function reportWrite(device: Device, address: u64, bytes: u32): void {
  if (device.reportWrites && bytes) written(<f64>address, <f64>(address + bytes));
}
