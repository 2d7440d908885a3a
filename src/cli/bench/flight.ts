import * as virtio from '../../../spec/virtio.ts';
import type { RequestCosts } from '../../backend/contract.ts';
import type { DriverQueue } from '../../driver/queue.ts';
import {
  clearResults,
  DATA_QUEUE,
  digestOfResults,
  type MachineOptions,
  type Prepared,
  prepareDevice,
  RAM_OFFSET,
} from './device.ts';
import { BenchError, type Implementation, type ImplementationName, type Runner } from './implementation.ts';
import type { Workload } from './workload.ts';

/** Threads that slept are awake by then, each on a core of its own. */
const WARM_UP_MS = 2;

/** A device that learns where its requests cost least has tried the other places by then. */
const LEARNING_MS = 2_000;

/** How far a round is: requests used since it began, those under way now, and when that was. */
interface Progress {
  used: number;
  underWay: number;
  at: number;
}

/** A device whose requests run where a backend says, with as many of them in flight all the time as the batch has. */
export function backendOver(name: ImplementationName, options: Omit<MachineOptions, 'ring'>): Implementation {
  return {
    name,
    has: () => true,
    prepare: (workload) => FlightRunner.prepare(workload, options),
    dispose: () => {},
  };
}

/** A split ring (2.7) whose chains are made available anew as soon as each is used. */
class SplitFlight {
  /** The WebAssembly memory. */
  readonly #words: Uint16Array;
  readonly #mask: number;
  /** Indices in #words. */
  readonly #availIdx: number;
  readonly #availRing: number;
  readonly #usedEvent: number;
  readonly #usedIdx: number;
  readonly #usedRing: number;
  #available: number;
  #seen = 0;

  constructor(memory: WebAssembly.Memory, queue: DriverQueue, made: number) {
    this.#words = new Uint16Array(memory.buffer);
    this.#mask = queue.size - 1;
    const wordAt = (address: number) => (RAM_OFFSET + address) / 2;
    this.#availIdx = wordAt(queue.avail + virtio.AVAIL_IDX);
    this.#availRing = wordAt(queue.avail + virtio.AVAIL_RING);
    this.#usedEvent = wordAt(queue.avail + virtio.AVAIL_RING + queue.size * virtio.AVAIL_ELEM_BYTES);
    this.#usedIdx = wordAt(queue.used + virtio.USED_IDX);
    this.#usedRing = wordAt(queue.used + virtio.USED_RING);
    this.#available = made;
  }

  /** Takes the chains that were used since, and makes them available `again` or not. Returns how many were used, and made available. */
  turn(again: boolean): { used: number; made: number } {
    const words = this.#words;
    const used = ((words[this.#usedIdx] ?? 0) - this.#seen) & 0xffff;
    const made = again ? used : 0;
    for (let i = 0; i < made; i++) {
      const element = this.#usedRing + ((this.#seen + i) & this.#mask) * (virtio.USED_ELEM_BYTES / 2);
      words[this.#availRing + ((this.#available + i) & this.#mask)] = words[element] ?? 0;
    }
    this.#available = (this.#available + made) & 0xffff;
    words[this.#availIdx] = this.#available;
    this.#seen = (this.#seen + used) & 0xffff;
    // 2.7.7: the next completion interrupts.
    words[this.#usedEvent] = this.#seen;
    return { used, made };
  }

  /** Makes chains available that are all used. */
  offer(heads: readonly number[]): void {
    heads.forEach((head, i) => {
      this.#words[this.#availRing + ((this.#available + i) & this.#mask)] = head;
    });
    this.#available = (this.#available + heads.length) & 0xffff;
    this.#words[this.#availIdx] = this.#available;
    this.#words[this.#usedEvent] = this.#seen;
  }
}

/** Requests in flight: each that is done is asked for again, until all rounds are. */
export class FlightRunner implements Runner {
  readonly #prepared: Prepared;
  readonly #ring: SplitFlight;
  readonly #bytes: number;
  readonly learns: number;
  #underWay: number;
  #wake: (() => void) | undefined;

  /** @throws BenchError when the device refuses a session */
  static async prepare(workload: Workload, options: Omit<MachineOptions, 'ring'>): Promise<FlightRunner> {
    const prepared = await prepareDevice(workload, { ring: 'split', ...options });
    const learns =
      options.backend === 'auto' && options.thresholds === undefined && options.learn !== false ? LEARNING_MS : 0;
    const runner = new FlightRunner(prepared, workload.bytes, learns);
    runner.#notify();
    await runner.#turns(({ underWay }) => (underWay === 0 ? 'done' : 'drain'));
    return runner;
  }

  private constructor(prepared: Prepared, bytes: number, learns: number) {
    this.learns = learns;
    const { machine, queue, heads } = prepared;
    this.#prepared = prepared;
    this.#ring = new SplitFlight(machine.memory, queue, heads.length);
    this.#bytes = bytes;
    this.#underWay = heads.length;
    machine.interrupted = () => {
      this.#wake?.();
      this.#wake = undefined;
    };
  }

  async digest(): Promise<string> {
    clearResults(this.#prepared);
    await this.run(1);
    return digestOfResults(this.#prepared, this.#bytes);
  }

  /** What `times` as many requests as are in flight take, while they are: neither those at the beginning count, nor those at the end. */
  async run(times: number): Promise<number> {
    const { heads } = this.#prepared;
    const requests = times * heads.length;
    const start = performance.now();
    let first: Progress | undefined;
    let last: Progress | undefined;
    this.#ring.offer(heads);
    this.#underWay = heads.length;
    this.#notify();
    await this.#turns((progress) => {
      if (last) return progress.underWay === 0 ? 'done' : 'drain';
      if (!first) {
        if (progress.used >= heads.length && progress.at - start >= WARM_UP_MS) first = progress;
      } else if (progress.used - first.used >= requests) {
        last = progress;
      }
      return last ? 'drain' : 'go-on';
    });
    if (!first || !last) throw new BenchError('engine: a round ended before it began.');
    return ((last.at - first.at) * requests) / (last.used - first.used);
  }

  costs(): RequestCosts[] {
    return this.#prepared.machine.device.statistics().costs;
  }

  dispose(): void {
    this.#prepared.machine.device.dispose();
  }

  /** Sees requests used, and makes them available again for as long as `next` says so. */
  async #turns(next: (progress: Progress) => 'go-on' | 'drain' | 'done'): Promise<void> {
    const { pci, device, isrOffset } = this.#prepared.machine;
    let used = 0;
    let plan: ReturnType<typeof next> = 'go-on';
    while (true) {
      pci.read(isrOffset, 1);
      const turn = this.#ring.turn(plan === 'go-on');
      used += turn.used;
      this.#underWay += turn.made - turn.used;
      plan = next({ used, underWay: this.#underWay, at: performance.now() });
      if (plan === 'done') return;
      if (turn.made > 0) {
        this.#notify();
      } else if (turn.used === 0) {
        if (device.fault)
          throw new BenchError(`engine: the device did not complete its requests: ${device.fault.message}.`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #notify(): void {
    const { pci, notifyOffset } = this.#prepared.machine;
    pci.write(notifyOffset, 2, DATA_QUEUE);
  }
}
