import { Coverage } from './coverage.ts';
import { Input } from './input.ts';
import { Machine } from './machine.ts';
import { mutate } from './mutate.ts';
import { Guest, SECRETS } from './program.ts';
import { Random } from './random.ts';

/** An input that made the device do what it must not. */
export interface Failure {
  input: Uint8Array;
  message: string;
}

/**
 * Evolves inputs: one that reaches what no other has reached joins the corpus, from which the next ones are derived.
 * The instrumented engine says what was reached (see coverage.ts). Jazzer.js, the usual fuzzer for JavaScript, sees branches of
 * JavaScript only, and everything that a guest can break is in WebAssembly; fast-check (rings.test.ts) shrinks well, and learns
 * nothing from one case for the next.
 */
export class Fuzzer {
  readonly #machines = (['pci', 'mmio', 'pci with MSI-X'] as const).map((name) => new Machine(name, SECRETS));
  readonly #coverage: Coverage;
  readonly #random: Random;
  /** Inputs of which each reached something new. */
  readonly corpus: Uint8Array[] = [];
  cases = 0;

  /** @param engines see instrumentEngines(), which must have been called before */
  constructor(engines: readonly WebAssembly.Exports[], seed: number) {
    this.#coverage = new Coverage(engines);
    this.#random = new Random(seed);
  }

  /** The next input to try. */
  propose(): Uint8Array {
    const { corpus } = this;
    const random = this.#random;
    // What was found last is the least explored.
    const recent = random.below(2) && corpus.length > 16 ? corpus.length - 16 : 0;
    const parent = corpus[recent + random.below(corpus.length - recent)] ?? new Uint8Array();
    return mutate(parent, corpus[random.below(corpus.length)] ?? parent, random);
  }

  /** Runs one input; keeps it if it reached anything new. */
  run(input: Uint8Array): Failure | undefined {
    this.cases++;
    const [choice = 0] = input;
    const machine = this.#machines[choice % this.#machines.length];
    if (!machine) throw new Error('There is no such machine.');
    try {
      new Guest(machine, new Input(input.subarray(1)), (state) => this.#coverage.note(state)).run();
    } catch (error) {
      return { input, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    if (this.#coverage.grew()) this.corpus.push(input);
    return undefined;
  }

  get reached(): { places: number; states: number } {
    return this.#coverage.reached;
  }
}
