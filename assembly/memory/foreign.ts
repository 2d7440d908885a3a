// The port to guest memory that lies elsewhere than in the engine's: another process's RAM that the host has mapped. A
// build for such memory compiles this file in place of guest.ts. All accesses go through the host, and contents are
// copied once each way. A GuestPointer is the guest-physical address itself, in 64 bits: guests have RAM beyond 4 GiB,
// and a place whose region is gone finds nothing, rather than other bytes. Such memory changes while the engine works:
// each value is loaded once.
import { Device } from '../device';

/** What translate() answers and the functions below take: a checked place in guest memory. */
export type GuestPointer = u64;

/** What translate() answers where there is no RAM. No region reaches so far: the host's addresses have 53 bits. */
@inline
export const NO_RAM: GuestPointer = u64.MAX_VALUE;

/** No place in the engine's memory: what a kernel is to read or write is not one piece there. */
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

// Addresses pass to the host as f64: they have 53 bits, and JavaScript takes f64 without making an object of it.

/** Tells the host that guest-physical [start, end) was written. */
// @ts-ignore: decorator
@external('guest', 'written')
declare function written(start: f64, end: f64): void;

/** Loads 16 bits from an even address, in one access. */
// @ts-ignore: decorator
@external('guest', 'load16')
declare function load16(address: f64): u32;

/** Stores the `bytes` (1, 2 or 4) lowest bytes of `value`. Those of 2 are seen after all that was stored before. */
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

/** Adds a stretch of RAM; false when the table is full. */
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
 * The place of guest-physical [address, address + length), or NO_RAM when any byte of it is not RAM. Subtractions
 * cannot wrap unnoticed: an address below a region's start turns into an offset beyond its end.
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

/** Bounds are pages of 2 MiB: those of 53 bits fit in 32. */
const BOUND_SHIFT: u64 = 21;

/**
 * A stretch of guest memory from `start` up to `end`, as 32-bit numbers that keep their order: two stretches whose
 * numbers are apart are apart.
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
 * Copies `bytes` of guest memory, 16 at most, to where they can be loaded from. That is the place of the request's
 * header, which is read after all descriptors.
 */
@inline
export function fetch(device: Device, pointer: GuestPointer, bytes: u32): usize {
  read(device.header, <f64>pointer, bytes);
  return device.header;
}

/** Only 16 bits are loaded by themselves: indices, flags and ring entries. Longer values come by fetch(). */
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

/** Reports a write, where the host wants to know: `address` is guest-physical. */
@inline
export function reportWrite(device: Device, address: u64, bytes: u32): void {
  if (device.reportWrites && bytes) written(<f64>address, <f64>(address + bytes));
}
