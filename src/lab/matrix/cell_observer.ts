import type { RequestBackend } from '../../backend/contract.ts';
import type { DeviceObserver } from '../../device/queue_runner.ts';
import type { WatchedDevice } from '../checker/watched_device.ts';

/** Holds a device's data queues for a while, and passes everything on to the observer that makes the device misbehave. */
export class CellObserver implements DeviceObserver {
  readonly #device: WatchedDevice;
  readonly #other: DeviceObserver | undefined;
  #suspended = false;

  constructor(device: WatchedDevice, other: DeviceObserver | undefined) {
    this.#device = device;
    this.#other = other;
  }

  /** Takes no request from a data queue from now on. */
  suspend(): void {
    this.#suspended = true;
  }

  /** Takes the requests that wait, and goes on. */
  resume(): void {
    this.#suspended = false;
    for (let queue = 0; queue < this.#device.options.dataQueues; queue++) this.#device.resume(queue);
  }

  beforeQueue(queue: number): number {
    if (this.#suspended && queue < this.#device.options.dataQueues) return 0;
    return this.#other?.beforeQueue(queue) ?? 0xffffffff;
  }

  afterQueue(queue: number, backend: RequestBackend): void {
    this.#other?.afterQueue(queue, backend);
  }
}
