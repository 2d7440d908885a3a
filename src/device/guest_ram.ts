import type { EngineExports } from '../engine/exports.ts';
import type { ForeignAccess } from '../engine/foreign/guest.ts';
import type { ForeignRegion } from '../engine/foreign/port.ts';
import type { EngineImports } from '../engine/instantiate.ts';
import { instantiateEngine } from '../engine/load.ts';
import {
  checkForeignRegions,
  checkGuest,
  checkRegions,
  type Guest,
  type GuestRegion,
  isForeign,
} from '../engine/memory.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import { ClaimedMemory } from './claimed_memory.ts';
import type { QueueRegisters } from './queue_registers.ts';

/** The guest's memory as a device has it: in the WebAssembly memory that the engine works in, or elsewhere, behind a port. */
export class GuestRam {
  /** What the device was given, with the regions of now. */
  readonly guest: Guest;
  /** The memory that the engine works in. */
  readonly memory: WasmMemory;
  /** How guest memory is reached that lies elsewhere; undefined where it is the engine's. */
  readonly foreign: ForeignAccess | undefined;
  /** What the device has of the engine's memory. */
  readonly claimed: ClaimedMemory;

  /**
   * @throws RangeError that names what is wrong with it
   * @throws TypeError where something is of another type
   */
  constructor(guest: Guest) {
    checkGuest(guest);
    this.guest = { ...guest };
    if (isForeign(guest)) {
      this.foreign = guest.open(guest.port);
      this.memory = this.foreign.memory;
    } else {
      this.foreign = undefined;
      this.memory = guest.memory;
    }
    this.claimed = new ClaimedMemory(this.memory);
  }

  /** An engine over this memory. */
  instantiate(imports: EngineImports): EngineExports {
    return this.foreign ? this.foreign.instantiate(imports) : instantiateEngine(this.memory, imports);
  }

  /**
   * Takes other regions in place of those of now.
   * @throws RangeError for regions that cannot be, TypeError where something is of another type
   * @throws Error where a queue that is enabled has a part in memory that would go, or move
   */
  set(regions: readonly ForeignRegion[], queues: readonly QueueRegisters[]): void {
    const { guest } = this;
    const before = guest.regions;
    if (isForeign(guest)) {
      checkForeignRegions('regions', regions);
      const after = regions.map(({ guestAddress, bytes }) => ({ guestAddress, bytes }));
      checkRings(queues, before, after);
      guest.regions = after;
      return;
    }
    checkRegions('regions', regions, guest.memory.buffer.byteLength);
    this.#checkClaims(regions);
    checkRings(queues, before, regions);
    guest.regions = [...regions];
  }

  /** Tells an engine of the regions, and of none besides. */
  tell(engine: EngineExports, base: number): void {
    engine.forgetMemory(base);
    for (const region of this.guest.regions) {
      engine.addMemory(base, BigInt(region.guestAddress), BigInt(region.bytes), offsetOf(region));
    }
  }

  /** @throws RangeError for a region over what the device itself keeps in the memory */
  #checkClaims(regions: readonly GuestRegion[]): void {
    for (const [index, { offset, bytes }] of regions.entries()) {
      if (!this.claimed.meets(offset, bytes)) continue;
      throw new RangeError(
        `regions[${index}].offset is ${offset}, and the device has memory of its own within ${bytes} bytes from there: give a region apart from it.`,
      );
    }
  }
}

/** Where a region stands in the engine's memory; one of foreign memory stands nowhere there. */
function offsetOf(region: ForeignRegion | GuestRegion): number {
  return 'offset' in region ? region.offset : 0;
}

/** @throws Error unless every part of the queues that are enabled stands where it did */
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

/** Where guest-physical memory stands in the engine's memory, or, of foreign memory, that it is there; undefined where it is not. */
function placeIn(regions: readonly ForeignRegion[], address: bigint, bytes: number): bigint | undefined {
  for (const region of regions) {
    const from = address - BigInt(region.guestAddress);
    if (from >= 0n && from + BigInt(bytes) <= BigInt(region.bytes)) {
      return 'offset' in region ? BigInt(offsetOf(region)) + from : address;
    }
  }
  return undefined;
}
