import { MEMORY_REGIONS_MAX } from '../../spec/engine.ts';
import { checkFunction, checkObject, refuse } from '../check.ts';
import type { ForeignGuest } from './foreign/guest.ts';
import type { ForeignRegion } from './foreign/port.ts';
import type { WasmMemory } from './webassembly.ts';

/** A region of guest RAM inside a WebAssembly memory. */
export interface GuestRegion {
  /** Guest-physical address of its first byte. */
  guestAddress: number;
  /** Length in bytes. */
  bytes: number;
  /** Byte offset of its first byte in the WebAssembly memory. */
  offset: number;
}

/** Guest RAM in a WebAssembly memory. */
export interface GuestMemory {
  /** The memory that contains the guest's RAM. The device grows it for its own use. */
  memory: WasmMemory;
  /** The places of the RAM: at most 16 regions whose guest-physical ranges do not overlap. */
  regions: readonly GuestRegion[];
}

const PAGE_BYTES = 65536;
/** The engine's accesses to rings in its memory are aligned if the guest's are. */
const REGION_ALIGN = 8;

/** Whether threads share a memory. */
export function isShared(memory: WasmMemory): boolean {
  // Not instanceof: the memory may be of another realm.
  return Object.prototype.toString.call(memory.buffer) === '[object SharedArrayBuffer]';
}

/** Guest memory: in a WebAssembly memory, or foreign. */
export type Guest = GuestMemory | ForeignGuest;

/** Whether guest memory is foreign: not in a WebAssembly memory. */
export function isForeign(guest: Guest): guest is ForeignGuest {
  return 'port' in guest;
}

/**
 * Checks guest memory. Regions must lie inside the WebAssembly memory, because the engine uses what it adds at the end.
 * @throws RangeError that names a wrong value and what it may be
 * @throws TypeError that names a value of a wrong type
 */
export function checkGuest(guest: Guest): void {
  checkObject('guest', guest);
  if (isForeign(guest)) {
    checkPort(guest);
    checkForeignRegions('guest.regions', guest.regions);
    return;
  }
  const { memory, regions } = guest;
  // Not instanceof: the memory may be of another realm.
  if (typeof memory?.grow !== 'function') refuse('guest.memory', memory, "the WebAssembly.Memory of the guest's RAM");
  checkRegions('guest.regions', regions, memory.buffer.byteLength);
}

function checkPort({ port, open }: ForeignGuest): void {
  checkObject('guest.port', port);
  for (const name of ['read', 'write', 'load16', 'store16'] as const) checkFunction(`guest.port.${name}`, port[name]);
  if (typeof open !== 'function') {
    refuse('guest.open', open, 'the answer of foreignGuest() of virtio-crypto-wasm/foreign as guest');
  }
}

/**
 * Checks regions of a WebAssembly memory.
 * @param option the name of the option, for messages
 * @throws RangeError that names a wrong value and what it may be
 * @throws TypeError that names a value of a wrong type
 */
export function checkRegions(
  option: string,
  regions: readonly ForeignRegion[],
  memoryBytes: number,
): asserts regions is readonly GuestRegion[] {
  checkTable(option, regions, ['guestAddress', 'bytes', 'offset']);
  checkInside(option, regions, memoryBytes);
}

/** @throws RangeError for a region that has an offset, and ends beyond a memory of this length */
export function checkInside(option: string, regions: readonly ForeignRegion[], memoryBytes: number): void {
  for (const [index, { offset, bytes }] of regions.entries()) {
    if (offset === undefined || offset + bytes <= memoryBytes) continue;
    throw new RangeError(
      `${option}[${index}] ends at byte ${offset + bytes} of a memory of ${memoryBytes}: make it shorter, or the memory larger.`,
    );
  }
}

/** Checks regions of foreign memory. Throws as checkRegions() does. */
export function checkForeignRegions(option: string, regions: readonly ForeignRegion[]): void {
  checkTable(option, regions, ['guestAddress', 'bytes']);
  for (const [index, { guestAddress, bytes, offset }] of regions.entries()) {
    if (!Number.isSafeInteger(guestAddress + bytes)) {
      throw new RangeError(`${option}[${index}] ends at ${guestAddress + bytes}: give one that ends below 2^53.`);
    }
    if (offset === undefined) continue;
    if (Number.isSafeInteger(offset) && offset > 0 && (offset - guestAddress) % REGION_ALIGN === 0) continue;
    throw new RangeError(
      `${option}[${index}].offset is ${offset}: give an offset in the engine's memory, as far from a multiple of ${REGION_ALIGN} as guestAddress.`,
    );
  }
}

/** Checks regions of both kinds: their fields are numbers, and they do not overlap. */
function checkTable(option: string, regions: readonly ForeignRegion[], numbers: readonly string[]): void {
  if (!Array.isArray(regions)) refuse(option, regions, 'an array');
  if (regions.length > MEMORY_REGIONS_MAX) {
    throw new RangeError(
      `${option} has ${regions.length} entries: merge them, ${MEMORY_REGIONS_MAX} at most are possible.`,
    );
  }
  for (const [index, region] of regions.entries()) {
    checkObject(`${option}[${index}]`, region);
    for (const name of numbers) {
      const value: unknown = Reflect.get(region, name);
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
        throw new RangeError(`${option}[${index}].${name} is ${String(value)}: give a whole number of bytes.`);
      }
    }
    const other = regions.findIndex((earlier, at) => at < index && overlap(earlier, region));
    if (other >= 0) {
      throw new RangeError(
        `${option}[${index}].guestAddress is ${region.guestAddress}, which ${option}[${other}] has already: give regions apart from each other.`,
      );
    }
  }
}

/** Whether two regions have a guest-physical address in common. */
function overlap(a: ForeignRegion, b: ForeignRegion): boolean {
  return a.guestAddress < b.guestAddress + b.bytes && b.guestAddress < a.guestAddress + a.bytes;
}

/**
 * Claims `bytes` bytes for the engine. It grows the memory, because no other allocator uses the new pages.
 * @returns their byte offset in the memory
 * @throws RangeError if the memory cannot grow that far
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
