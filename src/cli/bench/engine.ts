import { ISR_QUEUE } from '../../../spec/virtio_pci.ts';
import {
  clearResults,
  DATA_QUEUE,
  digestOfResults,
  type MachineOptions,
  type Prepared,
  prepareDevice,
  RAM_OFFSET,
} from './device.ts';
import { BenchError, type Implementation, type Runner } from './implementation.ts';
import { PackedBatch, type RingKind, SplitBatch } from './rings.ts';
import type { Workload } from './workload.ts';

/** The device of this library, through its rings and its PCI registers. */
export function engineOver(ring: RingKind): Implementation {
  return {
    name: 'engine',
    has: () => true,
    prepare: (workload) => EngineRunner.prepare(workload, ring),
    dispose: () => {},
  };
}

export const engine: Implementation = engineOver('split');

/** A device whose ring holds a workload's requests, and the least that a driver does to have them run. */
export class EngineRunner implements Runner {
  readonly #prepared: Prepared;
  readonly #ring: SplitBatch | PackedBatch;
  readonly #bytes: number;

  /** @throws BenchError when the device refuses a session or does not complete the requests */
  static async prepare(
    workload: Workload,
    ring: RingKind = 'split',
    createDevice?: MachineOptions['createDevice'],
  ): Promise<EngineRunner> {
    const prepared = await prepareDevice(workload, { ring, backend: 'inline', ...(createDevice && { createDevice }) });
    return EngineRunner.over(prepared, ring, workload.bytes);
  }

  /**
   * A runner over requests that are prepared, of `bytes` each.
   * @throws BenchError when the device does not complete them
   */
  static over(prepared: Prepared, ring: RingKind, bytes: number): EngineRunner {
    const { machine, queue, heads } = prepared;
    const Batch = ring === 'packed' ? PackedBatch : SplitBatch;
    return new EngineRunner(prepared, new Batch(machine.memory, RAM_OFFSET, queue, heads), bytes);
  }

  private constructor(prepared: Prepared, ring: SplitBatch | PackedBatch, bytes: number) {
    this.#prepared = prepared;
    this.#ring = ring;
    this.#bytes = bytes;
    this.#notify();
  }

  digest(): Promise<string> {
    clearResults(this.#prepared);
    this.#ring.republish();
    this.#notify();
    return digestOfResults(this.#prepared, this.#bytes);
  }

  run(times: number): number {
    const start = performance.now();
    for (let i = 0; i < times; i++) {
      this.#ring.republish();
      this.#notify();
    }
    return performance.now() - start;
  }

  /** Notifies the device `times` times of a queue in which nothing is available; returns how long that took, in milliseconds. */
  runEmpty(times: number): number {
    const { pci, notifyOffset } = this.#prepared.machine;
    const start = performance.now();
    for (let i = 0; i < times; i++) pci.write(notifyOffset, 2, DATA_QUEUE);
    return performance.now() - start;
  }

  dispose(): void {
    this.#prepared.machine.device.dispose();
  }

  /** Notifies the device, takes the interrupt and sees that all is done. */
  #notify(): void {
    const { pci, device, notifyOffset, isrOffset } = this.#prepared.machine;
    pci.write(notifyOffset, 2, DATA_QUEUE);
    const interrupted = pci.read(isrOffset, 1) === ISR_QUEUE;
    if (!interrupted || !this.#ring.completed) {
      const reason = device.fault?.message ?? 'without a fault';
      throw new BenchError(`engine: the device did not complete its requests: ${reason}.`);
    }
  }
}
