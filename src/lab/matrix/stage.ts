import type { OpenSession, Result, Status } from '../../driver/index.ts';
import type { LabDriver } from '../drivers/driver.ts';
import type { ScenarioStage } from '../scenarios/scenario.ts';
import type { RequestEnd } from './cell.ts';
import type { CellObserver } from './cell_observer.ts';
import { OPEN, WRONG } from './outcome.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';
import type { VirtualClock } from './virtual_clock.ts';

/** What a stage is made of. */
export interface StageParts {
  driver: LabDriver;
  random: Random;
  recorder: Recorder;
  clock: VirtualClock;
  observer: CellObserver;
  /** Takes the device out of the machine. */
  remove(): void;
}

/** Runs a scenario's requests, and keeps what became of each. */
export class Stage implements ScenarioStage {
  readonly driver: LabDriver;
  readonly random: Random;
  readonly host: ScenarioStage['host'];
  readonly #recorder: Recorder;
  readonly #clock: VirtualClock;
  readonly #ends: RequestEnd[] = [];
  /** Resets of the device that the scenario asked for. */
  #askedResets = 0;

  constructor({ driver, random, recorder, clock, observer, remove }: StageParts) {
    this.driver = driver;
    this.random = random;
    this.#recorder = recorder;
    this.#clock = clock;
    const noting = (text: string, work: () => void) => () => {
      recorder.note('scenario', text);
      work();
    };
    this.host = {
      remove: noting('the host takes the device out', remove),
      suspend: noting('the host has the device take no request', () => observer.suspend()),
      resume: noting('the host has the device go on', () => observer.resume()),
    };
  }

  /** The requests so far, in the order in which they were sent. */
  get ends(): RequestEnd[] {
    return this.#ends;
  }

  /** Resets that the driver made by itself. */
  get ownResets(): number {
    return this.#recorder.resets - this.#askedResets;
  }

  readonly request: ScenarioStage['request'] = (what, send, expected) =>
    this.#noted(
      what,
      send,
      (result: Result) => {
        if (expected === 'anything') return { end: result.status, expected: true };
        if (typeof expected === 'string') return { end: result.status, expected: result.status === expected };
        if (result.status !== 'ok') return { end: result.status, expected: false };
        const isRight = equal(result.data, expected);
        return { end: isRight ? 'ok' : WRONG, expected: isRight };
      },
      expected === 'anything',
    );

  readonly session = async (what: string, make: () => Promise<OpenSession>): Promise<OpenSession | undefined> => {
    const session = await this.#noted(`${what} is made`, make, ({ status }: OpenSession) => ({
      end: status,
      expected: status === 'ok',
    }));
    return session?.status === 'ok' ? session : undefined;
  };

  readonly close = async (what: string, close: () => Promise<Status>): Promise<void> => {
    await this.#noted(`${what} is closed`, close, (status: Status) => ({ end: status, expected: status === 'ok' }));
  };

  readonly call = (what: string, work: () => void): void => {
    const before = this.#recorder.resets;
    this.#recorder.note('scenario', `${what} is called`);
    try {
      work();
    } catch (error) {
      this.#ends.push({ what, end: rejected(error), expected: false });
    }
    this.#askedResets += this.#recorder.resets - before;
  };

  readonly sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      this.#clock.schedule(resolve, milliseconds);
    });

  async #noted<T>(
    what: string,
    send: () => Promise<T>,
    judge: (result: T) => Omit<RequestEnd, 'what'>,
    mayReject = false,
  ): Promise<T | undefined> {
    const entry: RequestEnd = { what, end: OPEN, expected: false };
    this.#ends.push(entry);
    try {
      const result = await send();
      Object.assign(entry, judge(result));
      return result;
    } catch (error) {
      Object.assign(entry, { end: rejected(error), expected: mayReject });
      return undefined;
    } finally {
      if (!entry.expected) this.#recorder.note('scenario', `${what}: ${entry.end}`);
    }
  }
}

function rejected(error: unknown): string {
  return `rejected: ${error instanceof Error ? error.message : String(error)}`;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
