import { JOB_RUNNER } from '../../../spec/engine.ts';
import type { EngineExports } from '../../engine/exports.ts';
import { instantiateModule } from '../../engine/instantiate.ts';
import { listAt, regionAt, type SharedLayout, slotAt, workerCapacities } from './layout.ts';

/** Runs jobs, in a worker or in the device's own thread. Each runner has its own region in the shared memory. */
export class JobRunner {
  readonly #engine: EngineExports;
  readonly #layout: SharedLayout;
  readonly #index: number;
  readonly #words: Uint32Array;
  readonly #base: number;
  readonly #list: Uint32Array;
  readonly #listAt: number;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, layout: SharedLayout, index: number) {
    this.#engine = instantiateModule(module, memory);
    this.#layout = layout;
    this.#index = index;
    this.#words = new Uint32Array(memory.buffer);
    this.#base = regionAt(layout, index);
    this.#engine.initialise(this.#base, ...workerCapacities(layout));
    this.#listAt = listAt(layout, index);
    this.#list = new Uint32Array(memory.buffer, this.#listAt, 4);
  }

  /** Runs the jobs in up to four slots. Writes each result, and this runner's number, to the job's slot. */
  run(slots: readonly number[]): void {
    slots.forEach((slot, index) => {
      const job = slotAt(this.#layout, slot);
      this.#list[index] = job;
      this.#words[(job + JOB_RUNNER) / 4] = this.#index;
    });
    this.#engine.runJobs(this.#base, this.#listAt, slots.length);
  }
}
