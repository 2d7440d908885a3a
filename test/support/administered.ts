// A capability and a type of resource objects for tests of the administration queue: a limit and flags; objects of 16 bytes.
import {
  type Administered,
  type AdminOutcome,
  BUSY,
  type Capability,
  DONE,
  INVALID_FIELD,
  NO_SPACE,
  type ObjectType,
} from '../../src/device/admin/contract.ts';

export const LIMIT_CAP = 0x0801;
export const FLAGS_CAP = 0x0800;
export const OBJECT = 0x0200;
export const OBJECT_BYTES = 16;
/** The most objects, and the flags, that the device offers. */
export const LIMIT = 8;
export const FLAGS = 0b1011;

/** limit le32 (LIMIT_CAP). */
export function limitOf(limit: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, limit, true);
  return bytes;
}

export const flagsOf = (flags: number): Uint8Array => Uint8Array.of(flags, 0, 0, 0, 0, 0, 0, 0);

const limitIn = (data: Uint8Array | undefined) =>
  data ? new DataView(data.buffer, data.byteOffset).getUint32(0, true) : 0;

/** Objects whose first byte is 0xff are not possible, those of 0xfe have no room, and those of 0xfd cannot be modified or destroyed. */
export class TestObjects implements ObjectType {
  readonly type = OBJECT;
  readonly bytes = OBJECT_BYTES;
  readonly capabilities = [LIMIT_CAP];
  readonly secret = true;
  /** What was called, in order. */
  readonly calls: string[] = [];
  readonly #first = new Map<number, number>();

  limit(driver: (id: number) => Uint8Array | undefined): number {
    return limitIn(driver(LIMIT_CAP));
  }

  create(id: number, data: Uint8Array): AdminOutcome {
    const [first = 0] = data;
    if (first === 0xff) return INVALID_FIELD;
    if (first === 0xfe) return NO_SPACE;
    this.calls.push(`create ${id}`);
    this.#first.set(id, first);
    return DONE;
  }

  modify(id: number, data: Uint8Array): AdminOutcome {
    if (this.#first.get(id) === 0xfd) return BUSY;
    if (data[0] === 0xff) return INVALID_FIELD;
    this.calls.push(`modify ${id}`);
    this.#first.set(id, data[0] ?? 0);
    return DONE;
  }

  destroy(id: number): AdminOutcome {
    if (this.#first.get(id) === 0xfd) return BUSY;
    this.calls.push(`destroy ${id}`);
    this.#first.delete(id);
    return DONE;
  }

  reset(): void {
    this.calls.push('reset');
    this.#first.clear();
  }

  save(id: number): Uint8Array {
    return Uint8Array.of(this.#first.get(id) ?? 0);
  }

  restore(id: number, state: Uint8Array): boolean {
    return state.length === 1 && state[0] === this.#first.get(id);
  }
}

export function testAdministered(): Administered & { objects: TestObjects } {
  const objects = new TestObjects();
  const capabilities: Capability[] = [
    { id: LIMIT_CAP, device: limitOf(LIMIT), accepts: (driver) => limitIn(driver) <= LIMIT },
    { id: FLAGS_CAP, device: flagsOf(FLAGS), accepts: (driver) => ((driver[0] ?? 0) & ~FLAGS) === 0 },
  ];
  return { capabilities, objectTypes: [objects], objects };
}
