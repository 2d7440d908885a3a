import type { CryptoDevice } from '../../device/device.ts';
import type { CryptoDeviceOptions } from '../../device/options.ts';
import type { GuestView } from '../../trace/index.ts';
import type { ReadChain } from '../checker/descriptors.ts';

/**
 * Why a device behaves so: the specification allows it; the device is broken; or the host is hostile, as in confidential computing, where a
 * driver trusts its device with nothing.
 */
export type FaultGroup = 'allowed' | 'broken' | 'hostile';

/**
 * What became of a driver's requests in a cell of the matrix:
 * - `completed`: every request had its result;
 * - `error`: a request was reported as failed, and later ones had their results, without a reset;
 * - `recovered`: the driver reset the device, and works with it again;
 * - `gave up`: the driver reports errors, and works with the device no more;
 * - `wrong`: the driver gave a wrong result for a right one;
 * - `hung`: a request was neither completed nor reported as failed.
 */
export type Outcome = 'completed' | 'error' | 'recovered' | 'gave up' | 'wrong' | 'hung';

/** A way to misbehave towards a driver. */
export interface Fault {
  /** The section of virtio 1.3 that allows it, or that a driver relies on. */
  section: string;
  group: FaultGroup;
  /** What the device does: it completes the sentence "The device ...". */
  device: string;
  /** What a correct driver does: it completes the sentence "A correct driver ...". */
  driver: string;
  /** The outcomes of a correct driver. */
  outcomes: readonly Outcome[];
  /** Whether it has the device set DEVICE_NEEDS_RESET, which is then no mistake of the driver. */
  needsReset?: true;
  /** Whether it strikes no request, and says by strike() when the device misbehaves. */
  strikesItself?: true;
  /** What it takes that vhost-user has not, so that a driver there does not notice it. Left out: nothing. */
  needs?: string;
  /** Options that the device is made with. */
  options?: CryptoDeviceOptions;
  /** Begins to misbehave. Left out: the options are all. */
  begin?(stage: FaultStage): FaultHooks;
}

/** What a fault has to work with. */
export interface FaultStage {
  readonly device: CryptoDevice;
  /** Guest memory, as the device reaches it. */
  readonly view: GuestView;
  /** Which request is struck, counted from 1 over all data queues. */
  readonly nth: number;
  /** Has the device take what waits in a queue. */
  resume(queue: number): void;
  /** Interrupts the driver, without a reason of the device's own. */
  interrupt(queue: number): void;
  /** Interrupts the driver as for a change of the configuration. */
  configInterrupt(): void;
  /** Another device interrupts on the same line. Does nothing where the line has no other device. */
  shared(): void;
  /** Says that the device misbehaves now, for a fault that strikes no request. */
  strike(): void;
  /** Calls back after some milliseconds of the device's clock. */
  later(milliseconds: number, work: () => void): void;
}

/** A chain that the device has completed, in the used ring, before the driver hears of it. */
export interface Completion {
  queue: number;
  /** Whether the queue is the control queue. */
  control: boolean;
  /** The request's number on the data queues, from 1 on; 0 on the control queue. */
  number: number;
  /** The id and the length of the used element, as the device has written them. */
  id: number;
  bytes: number;
  /** The chain; undefined if it was made available before the fault was there. */
  chain: ReadChain | undefined;
  /** Replaces the length of the used element. */
  setLength(bytes: number): void;
  /** Replaces the id of the used element. */
  setId(id: number): void;
  /** Puts another used element with the same id and length behind the last one. */
  repeat(): void;
}

/** Where a fault takes part in the device's work. */
export interface FaultHooks {
  /**
   * Called before the device runs a queue. `first` is the number of its first request, on a data queue. Returns how many of the `available`
   * requests are run now; undefined: all. After a smaller number call resume(queue) later.
   */
  beforeQueue?(queue: number, first: number, available: readonly ReadChain[]): number | undefined;
  /** Called for each chain that the device has completed. */
  completed?(completion: Completion): void;
  /** Called when the device has run a queue. */
  afterQueue?(queue: number): void;
  /** Called before the driver is interrupted. With false it is not. */
  interrupt?(kind: 'queue' | 'config', queue: number): boolean;
  /** Called before a byte of the configuration space is read, or its generation. */
  configRead?(offset: number | 'generation'): void;
  /** Called when the driver writes another device status than 0. Returns what the device takes instead. */
  status?(value: number): number;
  /** Called when the device was reset. */
  reset?(): void;
}
