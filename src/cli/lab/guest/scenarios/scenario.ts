import type { Outcome } from '../../../../lab/index.ts';

/** What a step does to the device by itself. */
export interface StepOptions {
  /** Whether the step has the driver reset the device, as loading and binding do. Other resets are the driver's own. Default false. */
  resets?: boolean;
}

/** What a scenario has to work with. */
export interface GuestStage {
  /** Runs a shell command in the guest, and notes whether its status is 0. Rejects if the guest does not answer in time. */
  step(what: string, command: string, options?: StepOptions): Promise<boolean>;
  /** Loads the guest's driver, and waits for the verdict of the kernel's self-test. */
  load(): Promise<boolean>;
  /** Encrypts and decrypts bytes by AF_ALG on the driver, and compares. */
  roundTrip(bytes: number): Promise<boolean>;
  /**
   * The guest's free pages, those on the lists of its processors among them, without what its caches hold. Free pages alone move with every
   * request: the kernel keeps some for the next one.
   */
  freePages(): Promise<number>;
  /** Says that the guest's kernel has not got back so many bytes. */
  grown(bytes: number): void;
  /** Has the guest reboot itself, and waits for its shell. */
  reboot(): Promise<boolean>;
}

/** A course of events in a Linux guest. */
export interface GuestScenario {
  /** What happens: it completes the sentence "The driver ...". */
  about: string;
  section: string;
  /** Outcomes of a correct driver besides those of the fault. */
  outcomes?: readonly Outcome[];
  /** Whether the fault is there while the driver is loaded for the first time. Otherwise it begins when the driver is loaded and tested. */
  strikesLoad?: true;
  /** Whether a step has the driver set the device up anew: one that had given it up then works with it again. */
  renews?: true;
  /** Whether the guest is rebooted: its machine then needs the kernel. */
  reboots?: true;
  run(stage: GuestStage): Promise<void>;
}
