import { fitted } from './bytes.ts';
import {
  type AdminOutcome,
  DONE,
  type DriverCapabilities,
  EXISTS,
  INVALID_FIELD,
  INVALID_OPCODE,
  MISSING,
  type ObjectType,
} from './contract.ts';

/** A resource object's number, data, and what it has become. */
export interface StoredObject {
  type: number;
  id: number;
  data: Uint8Array;
}

interface Store {
  readonly type: ObjectType;
  readonly objects: Map<number, Uint8Array>;
}

/** The resource objects of a device (2.12.1.3 of virtio 1.4). Their number is bounded by the limits that the driver may set. */
export class ResourceObjects {
  readonly #stores: ReadonlyMap<number, Store>;
  readonly #driver: DriverCapabilities;

  /** @param driver the capabilities that the driver has set */
  constructor(types: readonly ObjectType[], driver: DriverCapabilities) {
    this.#stores = new Map(types.map((type) => [type.type, { type, objects: new Map() }]));
    this.#driver = driver;
  }

  /** Whether objects depend on a capability. */
  use(capability: number): boolean {
    return [...this.#stores.values()].some(
      ({ type, objects }) => objects.size > 0 && type.capabilities.includes(capability),
    );
  }

  /** Number of objects of all types. */
  get count(): number {
    return [...this.#stores.values()].reduce((sum, { objects }) => sum + objects.size, 0);
  }

  /** @param sent the data as the driver sent it, of any length */
  create(number: number, id: number, sent: Uint8Array): AdminOutcome {
    const store = this.#stores.get(number);
    if (!store) return INVALID_FIELD;
    const { type, objects } = store;
    if (!this.#isEnabled(type)) return INVALID_OPCODE;
    if (id >= type.limit(this.#driver)) return INVALID_FIELD;
    if (objects.has(id)) return EXISTS;
    const data = fitted(sent, type.bytes);
    const outcome = type.create(id, data, this.#driver);
    if (outcome.status === DONE.status) objects.set(id, data);
    else data.fill(0);
    return outcome;
  }

  modify(number: number, id: number, sent: Uint8Array): AdminOutcome {
    return this.#with(number, id, ({ type, objects }, before) => {
      const data = fitted(sent, type.bytes);
      const outcome = type.modify(id, data, this.#driver);
      const isDone = outcome.status === DONE.status;
      (isDone ? before : data).fill(0);
      if (isDone) objects.set(id, data);
      return outcome;
    });
  }

  /** 2.12.1.3.5: the data is that of the last CREATE or MODIFY. It is the module's own: it must not be changed. */
  query(number: number, id: number): Uint8Array | AdminOutcome {
    return this.#with(number, id, (_, data) => data);
  }

  destroy(number: number, id: number): AdminOutcome {
    return this.#with(number, id, ({ type, objects }, data) => {
      const outcome = type.destroy(id);
      if (outcome.status !== DONE.status) return outcome;
      data.fill(0);
      objects.delete(id);
      return outcome;
    });
  }

  /** 2.12.1.3.5: a reset of the device destroys all objects. Their data is wiped. */
  reset(): void {
    for (const { type, objects } of this.#stores.values()) {
      for (const data of objects.values()) data.fill(0);
      objects.clear();
      type.reset();
    }
  }

  /** All objects, of types that contain no keys or, with `secrets`, of all types. */
  list(secrets: boolean): (StoredObject & { state: Uint8Array | undefined })[] {
    return [...this.#stores.values()].flatMap(({ type, objects }) =>
      type.secret && !secrets
        ? []
        : [...objects].map(([id, data]) => ({ type: type.type, id, data, state: type.save?.(id) })),
    );
  }

  /** Makes a saved object again. Returns false if the device does not take it. */
  restore({ type: number, id, data }: StoredObject, state: Uint8Array | undefined): boolean {
    const type = this.#stores.get(number)?.type;
    if (type?.bytes !== data.length || this.create(number, id, data).status !== DONE.status) return false;
    return state === undefined ? type.save === undefined : (type.restore?.(id, state) ?? false);
  }

  #isEnabled(type: ObjectType): boolean {
    return type.capabilities.every((id) => this.#driver(id) !== undefined);
  }

  /** Calls `work` for an object that there is. */
  #with<T>(number: number, id: number, work: (store: Store, data: Uint8Array) => T): T | AdminOutcome {
    const store = this.#stores.get(number);
    if (!store) return MISSING;
    if (!this.#isEnabled(store.type)) return INVALID_OPCODE;
    const data = store.objects.get(id);
    return data ? work(store, data) : MISSING;
  }
}
