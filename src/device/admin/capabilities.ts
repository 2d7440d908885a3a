import { bitmapOf, fitted, isSame } from './bytes.ts';
import { type AdminOutcome, BUSY, type Capability, DONE, INVALID_FIELD, MISSING } from './contract.ts';

/** The capabilities of a device, and what its driver has set (2.12.1.2 of virtio 1.4). */
export class Capabilities {
  readonly #device: ReadonlyMap<number, Capability>;
  readonly #driver = new Map<number, Uint8Array>();
  readonly #inUse: (id: number) => boolean;

  /** @param inUse whether there are objects that depend on a capability */
  constructor(capabilities: readonly Capability[], inUse: (id: number) => boolean) {
    this.#device = new Map(capabilities.map((capability) => [capability.id, capability]));
    this.#inUse = inUse;
  }

  /** supported_caps (2.12.1.2.1). */
  get list(): Uint8Array {
    return bitmapOf([...this.#device.keys()]);
  }

  /** The device's data of a capability; undefined if it has no such capability. */
  ofDevice(id: number): Uint8Array | undefined {
    return this.#device.get(id)?.device;
  }

  /** The driver's data of a capability; undefined until it is set. */
  ofDriver(id: number): Uint8Array | undefined {
    return this.#driver.get(id);
  }

  /** The capabilities that the driver has set, with their data. */
  get set(): { id: number; data: Uint8Array }[] {
    return [...this.#driver].map(([id, data]) => ({ id, data }));
  }

  /** Sets the driver's data (2.12.1.2.3). While objects depend on a capability, it keeps its values. */
  setDriver(id: number, sent: Uint8Array): AdminOutcome {
    const capability = this.#device.get(id);
    if (!capability) return MISSING;
    const data = fitted(sent, capability.device.length);
    if (!capability.accepts(data)) return INVALID_FIELD;
    const before = this.#driver.get(id);
    if (this.#inUse(id) && !(before && isSame(before, data))) return BUSY;
    this.#driver.set(id, data);
    return DONE;
  }

  /** 2.12.1.2.4: a reset of the device resets all driver capabilities. */
  reset(): void {
    this.#driver.clear();
  }
}
