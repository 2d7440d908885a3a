// Workers that fail when a test says so. Their script is the real one with a few lines before it, which look at two control words of the
// shared memory that nobody else uses whenever a worker has taken a job.
import { CONTROL, CONTROL_WORDS, RUNNING, STATES } from '../../src/backend/workers/control.ts';
import { PATIENCE } from './patience.ts';

/** So many workers are to hang, or to end, when they have taken a job. */
const HANGS = 8;
const DEATHS = 9;

const takes = (script: string) => `{
  const exchange = Atomics.compareExchange;
  const due = (words, word) => Atomics.load(words, word) > 0 && Atomics.sub(words, word, 1) > 0;
  Atomics.compareExchange = (words, index, expected, value) => {
    const found = exchange(words, index, expected, value);
    if (index >= ${STATES} && value >= ${RUNNING} && found === expected) {
      if (due(words, ${HANGS})) for (;;);
      if (due(words, ${DEATHS})) process.exit();
    }
    return found;
  };
}
${script}`;

/** How workers start: as they should, with an error, or never. */
export const start: { how: 'well' | 'with an error' | 'never' } = { how: 'well' };

const SCRIPTS = { 'with an error': "throw new Error('This worker does not start.');", never: 'for (;;);' };

/** The script of a worker, as worker_source.ts has it, with faults. */
export function faulty(script: string): string {
  return start.how === 'well' ? takes(script) : SCRIPTS[start.how];
}

const { Memory } = WebAssembly;

const PAGE_BYTES = 65536;
/** Workers need at least so many pages, and nobody else of a test's device does. */
const WORKERS_PAGES = 100;

/** The memory that the device created last shares with its workers, or the part of it, as a test sees it. */
export class SharedMemories {
  readonly #made: { memory: WebAssembly.Memory; start: number; pages: number }[] = [];

  /** From now on shared memories are remembered. */
  watch(): void {
    const made = this.#made;
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor);
        if (descriptor.shared) made.push({ memory: this, start: 0, pages: descriptor.initial });
      }

      /** What the device claims of a guest's memory for workers is more than all else that it claims. */
      override grow(pages: number): number {
        const start = super.grow(pages);
        const guest = made.find(({ memory }) => memory === this);
        if (guest && pages >= WORKERS_PAGES) Object.assign(guest, { start: start * PAGE_BYTES, pages });
        return start;
      }
    };
  }

  /** From now on there is no shared memory to be had. */
  refuse(): void {
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        // A guest's may grow.
        if (descriptor.shared && descriptor.initial === descriptor.maximum)
          throw new RangeError('could not allocate memory');
        super(descriptor);
      }

      override grow(pages: number): number {
        if (pages >= WORKERS_PAGES) throw new RangeError('failed to grow memory');
        return super.grow(pages);
      }
    };
  }

  restore(): void {
    WebAssembly.Memory = Memory;
    this.#made.length = 0;
  }

  /** Whether any memory is shared. */
  get any(): boolean {
    return this.#made.length > 0;
  }

  get bytes(): Uint8Array {
    const last = this.#made.at(-1);
    if (!last) throw new Error('No memory is shared.');
    return new Uint8Array(last.memory.buffer, last.start, last.pages * PAGE_BYTES);
  }

  /** Whether bytes stand anywhere in it. */
  holds(bytes: Uint8Array): boolean {
    const { buffer, byteOffset, length } = this.bytes;
    return Buffer.from(buffer, byteOffset, length).includes(Buffer.from(bytes));
  }

  /** The next so many workers that take a job hang with it. */
  hang(workers: number): void {
    Atomics.store(this.#control, HANGS, workers);
  }

  /** The next so many workers that take a job end at once. */
  die(workers: number): void {
    Atomics.store(this.#control, DEATHS, workers);
  }

  /** Keeps this thread busy until no more workers are to die, and a little longer. */
  waitForDeaths(): void {
    const control = this.#control;
    const latest = performance.now() + PATIENCE.timeout;
    for (let deaths = Atomics.load(control, DEATHS); deaths > 0; deaths = Atomics.load(control, DEATHS)) {
      // The test runner cannot end a wait that keeps its process.
      if (performance.now() > latest) throw new Error(`${deaths} workers that are to die have not.`);
      Atomics.wait(control, DEATHS, deaths, 1000);
    }
    Atomics.wait(control, DEATHS, 0, 100);
  }

  get #control(): Int32Array {
    const { buffer, byteOffset } = this.bytes;
    return new Int32Array(buffer, byteOffset + CONTROL, CONTROL_WORDS);
  }
}
