// Guest memory, and the only place that knows how it is reached. Here it lies in the engine's own memory; where it does
// not (another process's RAM, mapped by the host), this file alone is replaced: a GuestPointer then names remote bytes,
// and the loads, copies and stores below go through the host.
import { Device } from '../device';

/** What translate() answers and the functions below take: a checked place in guest memory. */
export type GuestPointer = usize;

/** No place in guest memory. Not 0: RAM may stand at the start of the memory. */
@inline
export const NOWHERE: GuestPointer = usize.MAX_VALUE;

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

/**
 * The place of guest-physical [address, address + length), or NOWHERE when any byte of it is not RAM. Subtractions
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
  return NOWHERE;
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
