import type { CreateOptions } from '../../../src/device/contract.ts';
import type { CryptoDevice } from '../../../src/device/device.ts';
import type { DriverChecker, Violation } from '../../../src/lab/index.ts';
import { DeviceTracer, type TracedRequest } from '../../../src/trace/index.ts';

/** A statement that the driver broke, with the request in which it was first seen. */
export interface SeenViolation extends Violation {
  /** Undefined if it was seen in a register, or the request has gone. */
  request: TracedRequest | undefined;
}

/** How many chains a second the checker looks at in a steady stream, so that the machine keeps its speed. */
const LOOKS_A_SECOND = 100;

/** Holds the driver of a device to the specification, from the device's first register on. */
export class DriverWatch {
  readonly #requests = new Map<Violation, TracedRequest>();
  readonly #checker: DriverChecker;
  #tracer: DeviceTracer | undefined;

  /** The checker is loaded with the machine, and not with the page. */
  static async open(): Promise<DriverWatch> {
    const { DriverChecker: Checker } = await import('../../../src/lab/checker/checker.ts');
    return new DriverWatch(Checker);
  }

  private constructor(Checker: typeof DriverChecker) {
    this.#checker = new Checker({
      perSecond: LOOKS_A_SECOND,
      onViolation: (violation) => {
        const { queue, head } = violation;
        // The device has not taken the request yet.
        const next = queue === undefined ? undefined : this.#tracer?.waitingRequest(queue);
        if (next && next.head === head) this.#requests.set(violation, next);
      },
    });
  }

  /** Makes the machine's device. */
  readonly createDevice = (options: CreateOptions): CryptoDevice => {
    const device = this.#checker.createDevice(options);
    // It decodes what waits in a ring, and watches nothing by itself.
    this.#tracer = new DeviceTracer(device, { perSecond: 0 });
    this.#tracer.detach();
    return device;
  };

  /** What the driver did wrong so far. */
  get seen(): SeenViolation[] {
    return this.#checker.violations.map((violation) => ({ ...violation, request: this.#requests.get(violation) }));
  }
}
