import { type Signal, signal } from '@preact/signals';
import type { CommandResult } from '../../../src/guest/console.ts';
import { hasWork, messageOf, vm } from '../vm/store.ts';

/** A line of an experiment's log: a command as a learner can type it, a command's output, or a remark. */
export interface LogLine {
  kind: 'command' | 'output' | 'remark' | 'verdict' | 'problem';
  text: string;
}

/** The experiment could not run. The message says why, and what to do. */
export class ExperimentError extends Error {
  override name = 'ExperimentError';
}

export interface RunOptions {
  timeoutMs?: number;
  /** The command may fail. A failure of any other command ends the experiment. */
  mayFail?: boolean;
  /** The output goes to the chart, and not to the log. */
  quiet?: boolean;
}

/** The tools of an experiment: it runs commands in the guest, shows all of them, and says what they mean. */
export class Experiment {
  readonly log: Signal<readonly LogLine[]> = signal([]);
  readonly running = signal(false);
  readonly #work: (self: Experiment) => Promise<void>;

  constructor(work: (self: Experiment) => Promise<void>) {
    this.#work = work;
  }

  async start(): Promise<void> {
    if (busy.value) return;
    this.log.value = [];
    this.running.value = true;
    busy.value = true;
    try {
      await this.#work(this);
    } catch (error) {
      this.add('problem', messageOf(error));
    } finally {
      this.running.value = false;
      busy.value = false;
    }
  }

  /** Runs a command in the guest's second shell. */
  async run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    this.add('command', command);
    hasWork.value = true;
    const result = await vm().run(command, options.timeoutMs ?? 60_000);
    const output = result.output.trimEnd();
    if (output !== '' && !options.quiet) this.add('output', output);
    if (result.status !== 0 && !options.mayFail) {
      throw new ExperimentError(`The command ended with status ${result.status}: reset the machine and try again.`);
    }
    return result;
  }

  remark(text: string): void {
    this.add('remark', text);
  }

  verdict(text: string): void {
    this.add('verdict', text);
  }

  add(kind: LogLine['kind'], text: string): void {
    this.log.value = [...this.log.value, { kind, text }];
  }
}

/** Only one experiment runs at a time, because all experiments load and unload the same driver. */
export const busy = signal(false);

const MODULES = '/lib/modules';

/** Loads the driver of the device. */
export async function loadDriver(experiment: Experiment): Promise<void> {
  await experiment.run(`lsmod | grep -q ^virtio_crypto || insmod ${MODULES}/virtio_crypto.ko`);
}

/** Unloads the driver. The kernel then uses its own software. */
export async function unloadDriver(experiment: Experiment): Promise<void> {
  await experiment.run('if lsmod | grep -q ^virtio_crypto; then rmmod virtio_crypto; fi');
}
