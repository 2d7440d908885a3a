// A reporter for CI. It ends a run in which a test file stands still, and names the file. Vitest's own limits do not
// reach a test that keeps its process busy, and CI's end of a run that takes too long shows only the last lines of what was printed.
import { readFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const MINUTE_MS = 60_000;
/** The reporter looks this often in the time that a test file may stand still. */
const LOOKS = 30;

/** Limits, in minutes. */
export interface Limits {
  /** Nothing is heard of a test file for this time. It is longer than any test or hook may take. */
  still: number;
  /** The run takes this time. */
  whole: number;
}

const { NIGHTLY } = process.env;
/** By day, CI has 90 minutes for all. At night one test may take two hours. */
const LIMITS: Limits = NIGHTLY ? { still: 130, whole: 24 * 60 } : { still: 17, whole: 75 };

interface Running {
  /** When its last event was, and what that was. A process that is busy may not have sent its last events. */
  at: number;
  last: string;
}

/** Ends a run with what it has to say. */
export type Stop = (message: string) => void;

/** Watches each test file that runs. */
export class StandingStill implements Reporter {
  readonly #limits: Limits;
  readonly #stop: Stop;
  /** By project and file. */
  readonly #running = new Map<string, Running>();
  /** Files that have ended. Results of their tests may come later. */
  readonly #ended = new Set<string>();
  readonly #failed: string[] = [];
  #begun = 0;
  /** When anything was heard. */
  #heardAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: Limits, stop: Stop = endTheRun) {
    this.#limits = limits;
    this.#stop = stop;
  }

  onInit(): void {
    this.#begun = Date.now();
    this.#heardAt = this.#begun;
    this.#timer = setInterval(() => this.#look(), (this.#limits.still * MINUTE_MS) / LOOKS);
    this.#timer.unref();
  }

  onTestModuleQueued(module: TestModule): void {
    this.#heard(module, 'it was given to a process');
  }

  onTestModuleCollected(module: TestModule): void {
    this.#heard(module, 'its tests were collected');
  }

  onTestCaseReady(test: TestCase): void {
    this.#heard(test.module, `“${test.fullName}” began`);
  }

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    this.#heard(test.module, `“${test.fullName}” ${state}`);
    if (state !== 'failed') return;
    this.#failed.push(`${nameOf(test.module)} > ${test.fullName}: ${errors[0]?.message ?? 'no message'}`);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#heardAt = Date.now();
    this.#running.delete(nameOf(module));
    this.#ended.add(nameOf(module));
  }

  onTestRunEnd(): void {
    clearInterval(this.#timer);
  }

  #heard(module: TestModule, last: string): void {
    this.#heardAt = Date.now();
    if (!this.#ended.has(nameOf(module))) this.#running.set(nameOf(module), { at: this.#heardAt, last });
  }

  #look(): void {
    const { still, whole } = this.#limits;
    const now = Date.now();
    // Also where no file runs, and Vitest does not end.
    const times = [this.#heardAt, ...[...this.#running.values()].map(({ at }) => at)];
    const silent = now - Math.min(...times) > still * MINUTE_MS;
    if (!silent && now - this.#begun <= whole * MINUTE_MS) return;
    clearInterval(this.#timer);
    const running = [...this.#running].map(
      ([name, { at, last }]) => `  ${name}: ${last} ${Math.round((now - at) / 1000)} s ago`,
    );
    this.#stop(
      [
        silent
          ? `The tests have stood still for ${still} minutes. The run ends here.`
          : `The tests have taken ${whole} minutes. The run ends here.`,
        'These files ran:',
        ...running,
        `Tests that had failed: ${this.#failed.length}`,
        ...this.#failed.map((failure) => `  ${failure}`),
      ].join('\n'),
    );
  }
}

/** For Vitest, which gives a reporter that is named by its path options of its own. */
export default class InCi extends StandingStill {
  constructor() {
    super(LIMITS);
  }
}

const nameOf = (module: TestModule) => `${module.project.name} ${module.relativeModuleId}`.trim();

/** A process that is busy does not notice that its parent has gone: the children are killed. */
function endTheRun(message: string): void {
  console.error(message);
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim().split(' ');
  for (const child of children) process.kill(Number(child), 'SIGKILL');
  process.exit(1);
}
