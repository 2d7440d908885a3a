import type { OpenSession, Result, Status } from '../../driver/index.ts';
import type { LabDriver } from '../drivers/driver.ts';
import type { Outcome } from '../faults/fault.ts';
import type { Random } from '../matrix/random.ts';

/** A course of events that a driver goes through. */
export interface Scenario {
  /** What happens: it completes the sentence "The driver ...". */
  about: string;
  /** The section of virtio 1.3 that it is about. */
  section: string;
  /** Outcomes of a correct driver besides those of the fault, because of what the scenario itself does. */
  outcomes?: readonly Outcome[];
  run(stage: ScenarioStage): Promise<void>;
}

/** What a scenario has to work with. */
export interface ScenarioStage {
  readonly driver: LabDriver;
  readonly random: Random;
  /** What the host does to the device. */
  readonly host: {
    /** Takes the device out of the machine. */
    remove(): void;
    /** Has the device take no request. */
    suspend(): void;
    /** Ends suspend(). */
    resume(): void;
  };
  /**
   * Sends a request, waits for its end, and notes it.
   * @param expected the right result, or the status, where the device does its work; 'anything' where the scenario itself ends the request
   * @returns the result; undefined if the driver rejected it
   */
  request(
    what: string,
    send: () => Promise<Result>,
    expected: Uint8Array | Status | 'anything',
  ): Promise<Result | undefined>;
  /** Makes a session. Undefined if the driver or the device refused it. */
  session(what: string, make: () => Promise<OpenSession>): Promise<OpenSession | undefined>;
  /** Closes a session. */
  close(what: string, close: () => Promise<Status>): Promise<void>;
  /** Runs a call of the driver that may throw, as start() and stop() may, and notes it. */
  call(what: string, work: () => void): void;
  /** Lets time pass. */
  sleep(milliseconds: number): Promise<void>;
}
