import { FAULT_QUEUE_SIZE } from '../../spec/engine.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { QueuePositions } from './contract.ts';
import type { QueueRegisters, Ring } from './queue_registers.ts';

/** The virtqueues of a device: their registers, and their state in the engine. */
export class DeviceQueues {
  readonly registers: readonly QueueRegisters[];
  readonly #engine: EngineExports;
  readonly #base: number;

  /** @param base offset of the engine's region */
  constructor(registers: readonly QueueRegisters[], engine: EngineExports, base: number) {
    this.registers = registers;
    this.#engine = engine;
    this.#base = base;
  }

  /**
   * Called when the features are negotiated: all queues have this ring from now on.
   * @param administration whether there is an administration queue for the driver
   */
  useRing(ring: Ring, administration: boolean): void {
    for (const queue of this.registers) queue.useRing(ring, administration);
  }

  /** Called when the device is reset: the registers are as at power-on. */
  reset(): void {
    for (const queue of this.registers) {
      queue.useRing('split', false);
      queue.reset();
    }
  }

  /** Has the engine enable a queue with the values of its registers. Returns FAULT_NONE, or the fault that broke the device. */
  enable(index: number, { size, maxSize, desc, driver, device }: QueueRegisters): number {
    if (size > maxSize) {
      this.#engine.setFault(this.#base, FAULT_QUEUE_SIZE, index);
      return FAULT_QUEUE_SIZE;
    }
    return this.#engine.enableQueue(this.#base, index, size, desc, driver, device);
  }

  /** Both positions of the device in a queue as one number: the next used position in the high 16 bits. */
  indices(index: number): number {
    return this.#engine.queueIndices(this.#base, index) >>> 0;
  }

  /** Sets both positions from a number that indices() returned. Returns false if the ring has no such place. */
  setIndices(index: number, indices: number): boolean {
    return this.#engine.setQueueIndices(this.#base, index, indices) !== 0;
  }

  positions(index: number): QueuePositions {
    const indices = this.indices(index);
    return { nextAvail: indices & 0xffff, nextUsed: indices >>> 16 };
  }

  /** @throws RangeError for positions that the ring does not have, and for a queue that is not enabled */
  setPositions(index: number, { nextAvail, nextUsed }: QueuePositions): void {
    if (!this.registers[index]?.enabled) {
      throw new RangeError(`index is ${index}: give that of a queue that is enabled.`);
    }
    for (const [name, value] of Object.entries({ nextAvail, nextUsed })) {
      if (!Number.isInteger(value) || value < 0 || value > 0xffff) {
        throw new RangeError(`positions.${name} is ${String(value)}: give a whole number from 0 to 65535.`);
      }
    }
    if (this.setIndices(index, ((nextUsed << 16) | nextAvail) >>> 0)) return;
    throw new RangeError(
      `positions is ${nextAvail}, ${nextUsed}: give places of queue ${index}, with the wrap counters in bit 15 (2.8.1).`,
    );
  }

  /** Number of requests completed on a queue since it was enabled. */
  requests(index: number): number {
    return index < this.registers.length ? Number(this.#engine.queueRequests(this.#base, index)) : 0;
  }
}
