import { MEMORY_REGIONS_MAX } from '../../spec/engine.ts';
import { checkObject, refuse } from '../check.ts';
import type { WasmMemory } from './webassembly.ts';

/** A stretch of guest RAM inside a WebAssembly memory. */
export interface GuestRegion {
  /** Guest-physical address of its first byte. */
  guestAddress: number;
  /** Length in bytes. */
  bytes: number;
  /** Where that byte stands in the WebAssembly memory. */
  offset: number;
}

/** Guest memory: the memory that the guest's RAM lies in, and where. At most 8 regions, apart from each other. */
export interface GuestMemory {
  memory: WasmMemory;
  regions: readonly GuestRegion[];
}

const PAGE_BYTES = 65536;

/** Whether threads share a memory. */
export function isShared(memory: WasmMemory): boolean {
  // Not instanceof: the memory may be of another realm.
  return Object.prototype.toString.call(memory.buffer) === '[object SharedArrayBuffer]';
}

/**
 * Checks that guest memory is what it says: what lies beyond the memory now will be the engine's.
 * @throws RangeError that names what is wrong and what it may be
 * @throws TypeError where something is of another type
 */
export function checkGuest(guest: GuestMemory): void {
  checkObject('guest', guest);
  const { memory, regions } = guest;
  // Not instanceof: the memory may be of another realm.
  if (typeof memory?.grow !== 'function') refuse('guest.memory', memory, "the WebAssembly.Memory of the guest's RAM");
  if (!Array.isArray(regions)) refuse('guest.regions', regions, 'an array');
  if (regions.length > MEMORY_REGIONS_MAX) {
    throw new RangeError(
      `guest.regions has ${regions.length} entries: merge them, ${MEMORY_REGIONS_MAX} at most are possible.`,
    );
  }
  const memoryBytes = memory.buffer.byteLength;
  for (const [index, region] of regions.entries()) {
    checkObject(`guest.regions[${index}]`, region);
    for (const name of ['guestAddress', 'bytes', 'offset'] as const) {
      if (!Number.isSafeInteger(region[name]) || region[name] < 0) {
        throw new RangeError(`guest.regions[${index}].${name} is ${region[name]}: give a whole number of bytes.`);
      }
    }
    if (region.offset + region.bytes > memoryBytes) {
      throw new RangeError(
        `guest.regions[${index}] ends at byte ${region.offset + region.bytes} of a memory of ${memoryBytes}: make it shorter, or the memory larger.`,
      );
    }
    const other = regions.findIndex((earlier, at) => at < index && overlap(earlier, region));
    if (other >= 0) {
      throw new RangeError(
        `guest.regions[${index}].guestAddress is ${region.guestAddress}, which guest.regions[${other}] has already: give regions apart from each other.`,
      );
    }
  }
}

/** Whether two regions have a guest-physical address in common. */
function overlap(a: GuestRegion, b: GuestRegion): boolean {
  return a.guestAddress < b.guestAddress + b.bytes && b.guestAddress < a.guestAddress + a.bytes;
}

/**
 * Claims `bytes` for the engine by growing the memory: pages that nobody else's allocator knows.
 * @throws RangeError when the memory cannot grow that far
 */
export function claimRegion(memory: WasmMemory, bytes: number): number {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return memory.grow(pages) * PAGE_BYTES;
  } catch (cause) {
    throw new RangeError(
      `The WebAssembly memory cannot grow by the ${pages} pages that the device needs: give it a larger maximum, or lower maxSessions, queueSize or maxRequestBytes.`,
      { cause },
    );
  }
}
