import type { RequestBackend } from '../../backend/contract.ts';
import type { Clock } from '../../clock.ts';
import type { CryptoDevice } from '../../device/device.ts';
import type { DeviceObserver } from '../../device/queue_runner.ts';

/** The limit for taking all available requests. */
const ALL = 0xffffffff;
/** Each further round runs at once, but for one in so many: a driver that makes chains available all the time lets other work run then. */
const ROUNDS = 16;

/**
 * Has a device take only chains that its watcher has seen. A driver in another process makes chains available while the device works, so the
 * device would find more of them than there were when the watcher looked. What is left is taken in a further round.
 */
export class TakingGate implements DeviceObserver {
  /** The observer of the host, which sees what it would see without the gate. */
  inner: DeviceObserver | undefined;
  readonly #device: CryptoDevice;
  readonly #taking: (queue: number) => number;
  readonly #goOn: (queue: number) => void;
  readonly #clock: Clock;
  /** For each queue that is being run: the position from which on it takes chains. */
  readonly #from = new Map<number, number>();
  #rounds = 0;

  /**
   * @param taking has the watcher look at a queue, and returns how many chains the device may take
   * @param goOn has the device take what waits in a queue
   */
  constructor(device: CryptoDevice, taking: (queue: number) => number, goOn: (queue: number) => void, clock: Clock) {
    this.#device = device;
    this.#taking = taking;
    this.#goOn = goOn;
    this.#clock = clock;
  }

  beforeQueue(queue: number): number {
    const admitted = Math.min(this.#taking(queue), ALL);
    const admittedInside = this.inner?.beforeQueue(queue) ?? ALL;
    if (admitted < admittedInside) this.#from.set(queue, this.#device.positions(queue).nextAvail);
    return Math.min(admitted, admittedInside);
  }

  afterQueue(queue: number, backend: RequestBackend): void {
    this.inner?.afterQueue(queue, backend);
    const from = this.#from.get(queue);
    this.#from.delete(queue);
    // A queue that has taken nothing waits for something else, and goes on by itself.
    if (from === undefined || this.#device.positions(queue).nextAvail === from) return;
    // Most often nothing is left. A round for nothing could come too late: a transport's own ring is in memory only while it is used.
    if (this.#taking(queue) === 0) return;
    this.#rounds++;
    if (this.#rounds % ROUNDS !== 0) this.#goOn(queue);
    else this.#clock.schedule(() => this.#goOn(queue), 0);
  }
}
