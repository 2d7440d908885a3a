// The interface between a device and the host that creates it.
import type { BackendEvent } from '../backend/contract.ts';
import type { Clock } from '../clock.ts';
import type { WriteReport } from '../engine/instantiate.ts';
import type { Guest } from '../engine/memory.ts';
import type { Administered } from './admin/contract.ts';
import type { CryptoDeviceOptions } from './options.ts';
import type { Refusal } from './refusals.ts';

/**
 * Called when the device interrupts the driver (2.3).
 * @param kind 'queue': there are used buffers in a queue. 'config': the configuration has changed
 * @param queue number of the queue; 0 for 'config'
 */
export type InterruptHandler = (kind: 'queue' | 'config', queue: number) => void;

/**
 * The device's positions in a queue. Split ring: free-running indices of 16 bits (2.7). Packed ring: places in the ring, with the wrap
 * counter in bit 15 (2.8.1).
 */
export interface QueuePositions {
  /** Position of the next chain that the device takes. */
  nextAvail: number;
  /** Position of the next used element that the device writes. */
  nextUsed: number;
}

/** Options of createCryptoDevice(). */
export interface CreateOptions extends CryptoDeviceOptions {
  /** The guest's RAM: in a WebAssembly memory, or elsewhere (see foreignGuest() of virtio-crypto-wasm/foreign). */
  guest: Guest;
  /**
   * Called after each write to guest RAM with the guest-physical range [start, end), for hosts that keep translated code. Called in the
   * middle of a request: of the device's methods it may call only notify() and those that read. Default: none, because reports cost time.
   */
  onWrite?: WriteReport;
  /** Called when a backend has a problem, for example a lost worker. No request is lost by it. */
  onBackendEvent?: (event: BackendEvent) => void;
  /**
   * Called when the device refuses a request or the driver's features. The refusal names the check and its section of the specification,
   * for authors of drivers. It is called when the call or timer that caused it has done its work. An error that it throws is thrown by
   * that call. Default: none, at no cost.
   */
  onRefused?: (refusal: Refusal) => void;
  /** What the administration queue manages (virtio 1.4, 2.12), with `features.adminQueue`. Default: nothing. */
  administered?: Administered;
  /** The device's source of time. Default: the host's clock, whose timers do not keep a Node process alive. */
  clock?: Clock;
}

/** Options of save(). */
export interface SaveOptions {
  /** Whether sessions are saved with their keys. Without keys they are lost when the state is restored. Default false. */
  includeKeys?: boolean;
}
