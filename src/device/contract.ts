// What a device is made with, and what it says to whoever made it.
import type { BackendEvent } from '../backend/contract.ts';
import type { Clock } from '../clock.ts';
import type { WriteReport } from '../engine/instantiate.ts';
import type { Guest } from '../engine/memory.ts';
import type { CryptoDeviceOptions } from './options.ts';
import type { Refusal } from './refusals.ts';

/** Called when the device wants the driver's attention: used buffers on a queue, or a change of configuration (2.3). */
export type InterruptHandler = (kind: 'queue' | 'config', queue: number) => void;

/**
 * Split ring: free-running indices, 16 bits each. Packed ring: places in the ring, with the wrap counter in bit 15 (2.8.1).
 */
export interface QueuePositions {
  nextAvail: number;
  nextUsed: number;
}

/** What createCryptoDevice needs beside the device's own options. */
export interface CreateOptions extends CryptoDeviceOptions {
  /** The guest's RAM: in a WebAssembly memory, or elsewhere: see foreignGuest() of virtio-crypto-wasm/foreign. */
  guest: Guest;
  /**
   * Called with guest-physical [start, end) after each write to guest RAM, for hosts that keep translated code. Leave it
   * out where nobody needs to know: reports cost time.
   */
  onWrite?: WriteReport;
  /** Called when workers could not be started, or one was lost. No request is: the engine runs them then. */
  onBackendEvent?: (event: BackendEvent) => void;
  /**
   * Called when the device refuses a request or the driver's features: it names the check, and the section of the specification, for
   * whoever writes a driver. Called after the work of the call, or the timer, that met with it. What it throws is thrown by that call.
   * Default: nobody is told, and that costs nothing.
   */
  onRefused?: (refusal: Refusal) => void;
  /** Where the device takes its time from. Default: the host's, whose timers keep no Node process alive. */
  clock?: Clock;
}

/** What save() can be told. */
export interface SaveOptions {
  /** Whether the sessions' keys are saved with them. Default false. */
  includeKeys?: boolean;
}
