import { F_ADMIN_VQ } from '../../spec/virtio.ts';
import { featuresRefusal, type Refusal } from './refusals.ts';
import { restoreParts, type SavedParts } from './saved_device.ts';
import type { DeviceState } from './state.ts';
import type { Turns } from './turns.ts';

/** What the life of a device needs besides its saved parts. */
interface LifeParts extends SavedParts {
  turns: Turns;
  /** Completes the requests that run outside the engine. */
  settle(): void;
  /** Has foreign guest memory tried again, after a failure. */
  recover(): void;
  refused(refusal: Refusal): void;
}

/** From one reset of a device to the next: status (2.1), suspension (3.4 of virtio 1.4), faults. Each method is a part of a turn. */
export class DeviceLife {
  readonly #parts: LifeParts;

  constructor(parts: LifeParts) {
    this.#parts = parts;
  }

  /**
   * Writes the status field for the driver; `value` is not 0. Returns whether the driver has asked for SUSPEND: then no request is under
   * way any more, and suspend() is due after this turn, when the driver was told of all used buffers (3.4.2).
   */
  writeStatus(value: number): boolean {
    const { negotiation, runner, refused, settle } = this.#parts;
    const { agreed, failed, started, suspends } = negotiation.write(value);
    if (failed) refused(featuresRefusal(negotiation.driverFeatures, failed));
    if (agreed) this.#agree();
    if (!negotiation.working) runner.stop();
    if (suspends) settle();
    if (started) this.#start();
    return suspends;
  }

  /** Shows SUSPEND, unless the device was reset or broken meanwhile. */
  suspend(): void {
    this.#parts.negotiation.suspend();
  }

  /** Sets HW_READY (5.9.5): at once, or when the device resumes. */
  setHardwareReady(ready: boolean): void {
    const { negotiation, config, turns } = this.#parts;
    if (negotiation.suspended) config.setHardwareReadyLater(ready);
    else if (config.setHardwareReady(ready) && negotiation.driverIsUp) turns.interrupt('config', 0);
  }

  /** Resets the device (2.4). */
  reset(): void {
    const { turns, runner, engine, base, recover, negotiation, config, administration, queues } = this.#parts;
    turns.forgetInterrupts();
    runner.reset();
    engine.reset(base);
    recover();
    negotiation.reset();
    config.catchUp();
    administration.reset();
    queues.reset();
  }

  /** @throws StateError if a part of the state does not fit this device, which is then reset */
  takeOver(state: DeviceState): void {
    const { negotiation, config } = this.#parts;
    this.reset();
    negotiation.restore(state.status, BigInt(state.driverFeatures));
    config.restore(state.hardwareReady, state.generation, state.hardwareReadyLater);
    if (negotiation.agreed) this.#agree();
    try {
      restoreParts(this.#parts, state);
    } catch (error) {
      this.reset();
      throw error;
    }
  }

  /** Sets DEVICE_NEEDS_RESET. 2.1.2: after DRIVER_OK the driver gets a configuration change notification. */
  needsReset(): void {
    const { negotiation, runner, turns } = this.#parts;
    if (!negotiation.needReset()) return;
    runner.stop();
    if (negotiation.driverIsUp) turns.interrupt('config', 0);
  }

  /** Called when the features are negotiated: they decide how queues work, how long they may be, and whether the last one exists. */
  #agree(): void {
    const { engine, base, negotiation, queues } = this.#parts;
    engine.setFeatures(base, negotiation.driverFeatures);
    queues.useRing(negotiation.ring, negotiation.chose(F_ADMIN_VQ));
  }

  /**
   * Runs all queues at DRIVER_OK (3.1.1, step 8): the rings may already hold buffers. First says what has changed during a suspension, or
   * that the device broke before DRIVER_OK (2.1.2).
   */
  #start(): void {
    const { config, turns, queues, runner, negotiation } = this.#parts;
    const changed = config.catchUp();
    if (changed || negotiation.broken) turns.interrupt('config', 0);
    for (let index = 0; index < queues.registers.length; index++) runner.notify(index);
  }
}
