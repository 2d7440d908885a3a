import { differences } from './compare.ts';
import { type Configuration, REFERENCE } from './configurations.ts';
import { describeProgram } from './describe.ts';
import { Machine, type Outcome } from './machine.ts';
import { type Program, shrink } from './program.ts';

/** A program that a configuration runs otherwise than the reference. */
export interface Failure {
  configuration: string;
  program: Program;
  differences: string[];
  /** The program in words. */
  description: string[];
}

/** Threads do not meet the same way each time: a program that differs once is given so many runs to do it again. */
const ATTEMPTS = 5;
/** A program is made smaller for so long at most: each run of one that hangs takes its time. */
const SHRINK_MS = 120_000;

/** Runs programs on several configurations, and compares what comes of them with the reference. */
export class Differential {
  readonly #reference: Machine;
  readonly #machines: readonly Machine[];
  programs = 0;
  /** Requests that were compared, of all configurations together. */
  requests = 0;

  private constructor(reference: Machine, machines: readonly Machine[]) {
    this.#reference = reference;
    this.#machines = machines;
  }

  /** Makes a device for each configuration. */
  static async make(configurations: readonly Configuration[]): Promise<Differential> {
    const reference = await Machine.make(REFERENCE);
    return new Differential(reference, await Promise.all(configurations.map((each) => Machine.make(each))));
  }

  /** Requests that ran elsewhere than in the engine at once, by configuration. */
  get elsewhere(): { name: string; host: number; workers: number }[] {
    return this.#machines.map(({ configuration: { name }, device }) => {
      const { host, workers } = device.statistics().elsewhere;
      return { name, host, workers };
    });
  }

  /** Runs one program on all configurations; answers for the first that differs. */
  async run(program: Program): Promise<Failure | undefined> {
    this.programs++;
    const expected = await this.#reference.run(program);
    for (const machine of this.#machines) {
      const failure = await this.#compare(machine, program, expected);
      if (failure) return failure;
      this.requests += expected.placed.length;
    }
    return undefined;
  }

  /** Makes the program of a failure as small as it goes in two minutes. */
  async minimise(failure: Failure): Promise<Failure> {
    const machine = this.#machines.find(({ configuration }) => configuration.name === failure.configuration);
    if (!machine) throw new Error(`There is no configuration ${failure.configuration}.`);
    const attempts = machine.configuration.backend.backend === 'inline' ? 1 : ATTEMPTS;
    const end = performance.now() + SHRINK_MS;
    let smallest = failure;
    await shrink(failure.program, async (program) => {
      for (let attempt = 0; attempt < attempts && performance.now() < end; attempt++) {
        const smaller = await this.#compare(machine, program, await this.#reference.run(program));
        if (!smaller) continue;
        smallest = smaller;
        return true;
      }
      return false;
    });
    return smallest;
  }

  dispose(): void {
    for (const machine of [this.#reference, ...this.#machines]) machine.dispose();
  }

  async #compare(machine: Machine, program: Program, expected: Outcome): Promise<Failure | undefined> {
    const { configuration } = machine;
    const found = differences(expected, await machine.run(program, expected), configuration);
    if (found.length === 0) return undefined;
    const description = describeProgram(program, expected);
    return { configuration: configuration.name, program, differences: found, description };
  }
}
