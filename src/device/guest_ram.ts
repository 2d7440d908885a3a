import type { EngineExports } from '../engine/exports.ts';
import type { ForeignAccess } from '../engine/foreign/guest.ts';
import type { ForeignRegion } from '../engine/foreign/port.ts';
import type { EngineImports } from '../engine/instantiate.ts';
import { instantiateEngine } from '../engine/load.ts';
import { checkForeignRegions, checkGuest, checkInside, checkRegions, type Guest, isForeign } from '../engine/memory.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import { ClaimedMemory } from './claimed_memory.ts';
import type { QueueRegisters } from './queue_registers.ts';

/** The guest's memory of a device: in the engine's WebAssembly memory, or elsewhere, behind a port. */
export class GuestRam {
  /** The guest memory that the device was given, with its current regions. */
  readonly guest: Guest;
  /** The memory that the engine works in. */
  readonly memory: WasmMemory;
  /** Access to foreign guest memory; undefined if the guest's memory is the engine's memory. */
  readonly foreign: ForeignAccess | undefined;
  /** The parts of the engine's memory that the device has claimed. */
  readonly claimed: ClaimedMemory;

  /**
   * @throws RangeError that names a wrong value
   * @throws TypeError that names a value of a wrong type
   */
  constructor(guest: Guest) {
    checkGuest(guest);
    this.guest = { ...guest };
    if (isForeign(guest)) {
      this.foreign = guest.open(guest.port);
      this.memory = this.foreign.memory;
      checkInside('guest.regions', guest.regions, this.memory.buffer.byteLength);
    } else {
      this.foreign = undefined;
      this.memory = guest.memory;
    }
    this.claimed = new ClaimedMemory(this.memory);
  }

  /** Makes an engine over this memory. */
  instantiate(imports: EngineImports): EngineExports {
    return this.foreign ? this.foreign.instantiate(imports) : instantiateEngine(this.memory, imports);
  }

  /**
   * Replaces the regions.
   * @throws RangeError that names a wrong region
   * @throws TypeError that names a value of a wrong type
   * @throws Error if a part of an enabled queue would be outside the regions, or would move
   */
  set(regions: readonly ForeignRegion[], queues: readonly QueueRegisters[]): void {
    const { guest } = this;
    const before = guest.regions;
    if (isForeign(guest)) {
      checkForeignRegions('regions', regions);
      checkInside('regions', regions, this.memory.buffer.byteLength);
      this.#checkClaims(regions);
      const after = regions.map((region) => ({ ...region }));
      checkRings(queues, before, after);
      guest.regions = after;
      return;
    }
    checkRegions('regions', regions, guest.memory.buffer.byteLength);
    this.#checkClaims(regions);
    checkRings(queues, before, regions);
    guest.regions = [...regions];
  }

  /** Gives an engine the current regions, in place of all regions that it had. */
  tell(engine: EngineExports, base: number): void {
    engine.forgetMemory(base);
    for (const region of this.guest.regions) {
      engine.addMemory(base, BigInt(region.guestAddress), BigInt(region.bytes), offsetOf(region));
    }
  }

  /** @throws RangeError for a region that overlaps the device's own memory */
  #checkClaims(regions: readonly ForeignRegion[]): void {
    for (const [index, { offset, bytes }] of regions.entries()) {
      if (offset === undefined || !this.claimed.meets(offset, bytes)) continue;
      throw new RangeError(
        `regions[${index}].offset is ${offset}, and the device has memory of its own within ${bytes} bytes from there: give a region apart from it.`,
      );
    }
  }
}

/** Offset of a region in the engine's memory. 0 if it is elsewhere. */
function offsetOf({ offset = 0 }: ForeignRegion): number {
  return offset;
}

/** @throws Error unless every part of each enabled queue stays at its place */
function checkRings(
  queues: readonly QueueRegisters[],
  before: readonly ForeignRegion[],
  after: readonly ForeignRegion[],
): void {
  for (const [index, queue] of queues.entries()) {
    if (!queue.enabled) continue;
    for (const { address, bytes } of queue.parts()) {
      const place = placeIn(after, address, bytes);
      if (place !== undefined && place === placeIn(before, address, bytes)) continue;
      throw new Error(
        `regions leave out, or move, memory at 0x${address.toString(16)} where queue ${index} has its ring: reset that queue, or the device, first.`,
      );
    }
  }
}

/** The offset of guest-physical memory in the engine's memory; its address if it is elsewhere. undefined if no region has all of it. */
function placeIn(regions: readonly ForeignRegion[], address: bigint, bytes: number): bigint | undefined {
  for (const region of regions) {
    const from = address - BigInt(region.guestAddress);
    if (from >= 0n && from + BigInt(bytes) <= BigInt(region.bytes)) {
      return region.offset === undefined ? address : BigInt(region.offset) + from;
    }
  }
  return undefined;
}
