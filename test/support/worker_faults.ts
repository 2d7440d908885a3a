// Workers that fail when a test says so. Their script is the real one with a few lines before it, which look at two control words of the
// shared memory that nobody else uses whenever a worker has taken a job.
import { CONTROL, CONTROL_WORDS, RUNNING, STATES } from '../../src/backend/workers/layout.ts';

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

/** The memory that the device created last shares with its workers, as a test sees it. */
export class SharedMemories {
  readonly #made: WebAssembly.Memory[] = [];

  /** From now on shared memories are remembered. */
  watch(): void {
    const made = this.#made;
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor);
        if (descriptor.shared) made.push(this);
      }
    };
  }

  /** From now on there is no shared memory to be had. */
  refuse(): void {
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (descriptor.shared) throw new RangeError('could not allocate memory');
        super(descriptor);
      }
    };
  }

  restore(): void {
    WebAssembly.Memory = Memory;
    this.#made.length = 0;
  }

  get bytes(): Uint8Array {
    const memory = this.#made.at(-1);
    if (!memory) throw new Error('No memory is shared.');
    return new Uint8Array(memory.buffer);
  }

  /** Whether bytes stand anywhere in it. */
  holds(bytes: Uint8Array): boolean {
    return Buffer.from(this.bytes.buffer).includes(Buffer.from(bytes));
  }

  /** The next so many workers that take a job hang with it. */
  hang(workers: number): void {
    Atomics.store(this.#control, HANGS, workers);
  }

  /** The next so many workers that take a job end at once. */
  die(workers: number): void {
    Atomics.store(this.#control, DEATHS, workers);
  }

  get #control(): Int32Array {
    return new Int32Array(this.bytes.buffer, CONTROL, CONTROL_WORDS);
  }
}
