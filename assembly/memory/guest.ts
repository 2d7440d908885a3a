// The port to guest memory, and the only file that knows how to reach it. Here guest memory is part of the engine's own
// memory. For foreign guest memory (for example another process's RAM that the host has mapped) a build compiles
// foreign.ts in place of this file. Both export the same names, so virtqueues, chains and checks exist once.
import { Device } from '../device';

/** A checked place in guest memory. translate() returns it, and the functions below take it. */
export type GuestPointer = usize;

/** translate() returns this if there is no RAM. It is not 0, because RAM may begin at the start of the memory. */
@inline
export const NO_RAM: GuestPointer = usize.MAX_VALUE;

/** No place in the engine's memory: the bytes are not one piece there, so kernels cannot work on them in place. */
@inline
export const NOWHERE: usize = usize.MAX_VALUE;

/** Whether all guest memory is in the engine's memory. */
@inline
export const IN_PLACE = true;

/** Whether guest memory stays as it is while a request runs. An emulator's processor stands still meanwhile. */
@inline
export const STEADY = true;

/** Whether kernels may work in place there. */
@inline
export function isInPlace(place: GuestPointer): bool {
  return true;
}

/** What a buffer keeps of a place beside its guest-physical address, in 32 bits; and the place again. */
@inline
export function pointerOf(place: GuestPointer): u32 {
  return <u32>place;
}

@inline
export function placeOf(address: u64, pointer: u32): GuestPointer {
  return pointer;
}

/** One stretch of guest RAM: guest-physical [start, start + size) is at `pointer`. */
@unmanaged
class Region {
  start: u64;
  size: u64;
  pointer: usize;
}
export const REGION_BYTES: usize = 24;

/**
 * Tells the host that guest-physical [start, end) was written, so that an emulator drops code translated from there.
 */
declare function written(start: u32, end: u32): void;

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
    if (offset < region.size && length <= region.size - offset) return region.pointer + <usize>offset;
  }
  return NO_RAM;
}

/**
 * The bounds of a stretch of guest memory from `start` to `end` as 32-bit numbers. Two stretches whose bounds do not
 * overlap have no byte in common.
 */
@inline
export function lowBound(start: GuestPointer): u32 {
  return <u32>start;
}

@inline
export function highBound(end: GuestPointer): u32 {
  return <u32>end;
}

/** The address from which `bytes` (at most 16) of guest memory can be loaded. The caller loads each byte once. */
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
 * Reports a write at guest-physical `address`, if the host wants reports. A host that wants reports has all RAM below
 * 4 GiB.
 */
@inline
export function reportWrite(device: Device, address: u64, bytes: u32): void {
  if (device.reportWrites && bytes) written(<u32>address, <u32>address + bytes);
}
