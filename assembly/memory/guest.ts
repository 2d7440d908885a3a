// The port to guest memory, and the only place that knows how it is reached. Here guest memory lies in the engine's own
// memory. For guest memory that lies elsewhere (another process's RAM that the host has mapped, say), a build compiles
// foreign.ts in place of this file. Both export the same names, so that virtqueues, chains and checks exist once.
import { Device } from '../device';

/** What translate() answers and the functions below take: a checked place in guest memory. */
export type GuestPointer = usize;

/** What translate() answers where there is no RAM. Not 0: RAM may stand at the start of the memory. */
@inline
export const NO_RAM: GuestPointer = usize.MAX_VALUE;

/** No place in the engine's memory: what a kernel is to read or write is not one piece there. */
@inline
export const NOWHERE: usize = usize.MAX_VALUE;

/** Whether kernels may work on guest memory in place. */
@inline
export const IN_PLACE = true;

/** One stretch of guest RAM: guest-physical [start, start + size) stands at `pointer`. */
@unmanaged
class Region {
  start: u64;
  size: u64;
  pointer: usize;
}
export const REGION_BYTES: usize = 24;

/**
 * Tells the host that guest-physical [start, end) was written: an emulator drops code that it translated from there.
 */
declare function written(start: u32, end: u32): void;

/** Adds a stretch of RAM; false when the table is full. */
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
 * The place of guest-physical [address, address + length), or NO_RAM when any byte of it is not RAM. Subtractions
 * cannot wrap unnoticed: an address below a region's start turns into an offset beyond its end.
 */
export function translate(device: Device, address: u64, length: u64): GuestPointer {
  let entry: usize = device.memoryRegions;
  const end = entry + device.memoryRegionCount * REGION_BYTES;
  for (; entry < end; entry += REGION_BYTES) {
    const region = changetype<Region>(entry);
    const offset = address - region.start;
    if (offset < region.size && length <= region.size - offset) return region.pointer + <usize>offset;
  }
  return NO_RAM;
}

/**
 * A stretch of guest memory from `start` up to `end`, as 32-bit numbers that keep their order: two stretches whose
 * numbers are apart are apart.
 */
@inline
export function lowBound(start: GuestPointer): u32 {
  return <u32>start;
}

@inline
export function highBound(end: GuestPointer): u32 {
  return <u32>end;
}

/** Where `bytes` of guest memory, 16 at most, can be loaded from: each is read there once. */
@inline
export function fetch(device: Device, pointer: GuestPointer, bytes: u32): usize {
  return pointer;
}

@inline
export function guestLoad<T>(pointer: GuestPointer): T {
  return load<T>(pointer);
}

@inline
export function guestStore<T>(pointer: GuestPointer, value: T): void {
  store<T>(pointer, value);
}

@inline
export function copyFromGuest(to: usize, from: GuestPointer, bytes: usize): void {
  memory.copy(to, from, bytes);
}

@inline
export function copyToGuest(to: GuestPointer, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes);
}

/**
 * Reports a write, where the host wants to know: `address` is guest-physical, below 4 GiB for hosts that ask for
 * reports.
 */
@inline
export function reportWrite(device: Device, address: u64, bytes: u32): void {
  if (device.reportWrites && bytes) written(<u32>address, <u32>address + bytes);
}
