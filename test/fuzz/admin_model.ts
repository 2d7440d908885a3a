// What the specification says of an administration command (virtio 1.4, 2.12), without a look at the device's code: the answer where it is
// determined, and what the driver has set and made so far. Only whether an object is possible is left to the device.
import * as spec from '../../spec/admin.ts';

/** status << 8 | qualifier. */
export const answer = (status: number, qualifier: number): number => (status << 8) | qualifier;
export const OK = answer(spec.ADMIN_OK, spec.ADMIN_Q_OK);
const INVALID_GROUP = answer(spec.ADMIN_EINVAL, spec.ADMIN_Q_INVALID_GROUP);
const INVALID_OPCODE = answer(spec.ADMIN_EINVAL, spec.ADMIN_Q_INVALID_OPCODE);
const INVALID_MEMBER = answer(spec.ADMIN_EINVAL, spec.ADMIN_Q_INVALID_MEMBER);
export const INVALID_FIELD = answer(spec.ADMIN_EINVAL, spec.ADMIN_Q_INVALID_FIELD);
const MISSING = answer(spec.ADMIN_ENXIO, spec.ADMIN_Q_INVALID_FIELD);
const EXISTS = answer(spec.ADMIN_EEXIST, spec.ADMIN_Q_INVALID_FIELD);
const BUSY = answer(spec.ADMIN_EBUSY, spec.ADMIN_Q_INVALID_COMMAND);

const SUPPORTED = [0, 1, 7, 8, 9, 10, 11, 12, 13];

/** What a model needs to know of a device. */
export interface Facts {
  /** The device's data of each capability. */
  readonly capabilities: ReadonlyMap<number, Uint8Array>;
  /** Whether the driver may set this data, as long as the device's. */
  accepts(id: number, data: Uint8Array): boolean;
  /** The limit of a type's objects; undefined if there is no such type. */
  limit(type: number, capabilities: ReadonlyMap<number, Uint8Array>): number | undefined;
  /** Length of an object. */
  readonly objectBytes: number;
}

/** The answers that are right, and the result that must come with OK, if that is determined. */
export interface Expected {
  answers: readonly number[];
  result?: Uint8Array;
}

export class AdminModel {
  readonly #facts: Facts;
  #used: readonly number[] = [0, 1];
  readonly #set = new Map<number, Uint8Array>();
  readonly #objects = new Map<string, Uint8Array>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** Number of objects that there are. */
  get objects(): number {
    return this.#objects.size;
  }

  reset(): void {
    this.#used = [0, 1];
    this.#set.clear();
    this.#objects.clear();
  }

  /** What may come of a command, given its readable part, and `done`, which takes over what it does if the device answers OK. */
  expect(command: Uint8Array): Expected & { done?: () => void } {
    const bytes = new Uint8Array(Math.max(command.length, 24 + 16 + this.#facts.objectBytes));
    bytes.set(command);
    const view = new DataView(bytes.buffer);
    if (view.getUint16(2, true) !== 0) return { answers: [INVALID_GROUP] };
    const opcode = view.getUint16(0, true);
    if (!SUPPORTED.includes(opcode) || !this.#used.includes(opcode)) return { answers: [INVALID_OPCODE] };
    if (opcode > 1 && view.getBigUint64(16, true) !== 0n) return { answers: [INVALID_MEMBER] };
    if (opcode === 0) return { answers: [OK], result: words(SUPPORTED) };
    if (opcode === 1) return this.#list(bytes.subarray(24, Math.max(24, command.length)));
    const id = view.getUint16(24, true);
    const device = this.#facts.capabilities.get(id);
    if (opcode === 7) return { answers: [OK], result: words([...this.#facts.capabilities.keys()]) };
    if (opcode === 8) return device ? { answers: [OK], result: device } : { answers: [MISSING] };
    if (opcode === 9) return device ? this.#capability(id, bytes.slice(32), device.length) : { answers: [MISSING] };
    return this.#object(opcode, view, bytes.slice(40, 40 + this.#facts.objectBytes));
  }

  #list(list: Uint8Array): Expected & { done?: () => void } {
    const opcodes = [...list].flatMap((byte, at) =>
      [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => 8 * at + bit),
    );
    if (opcodes.some((opcode) => !SUPPORTED.includes(opcode))) return { answers: [INVALID_FIELD] };
    return {
      answers: [OK],
      done: () => {
        this.#used = opcodes;
      },
    };
  }

  #capability(id: number, sent: Uint8Array, length: number): Expected & { done?: () => void } {
    const data = new Uint8Array(length);
    data.set(sent.subarray(0, length));
    if (!this.#facts.accepts(id, data)) return { answers: [INVALID_FIELD] };
    const isSame = Buffer.from(this.#set.get(id) ?? []).equals(data);
    if (this.#objects.size > 0 && !isSame) return { answers: [BUSY] };
    return { answers: [OK], done: () => this.#set.set(id, data) };
  }

  #object(opcode: number, view: DataView, data: Uint8Array): Expected & { done?: () => void } {
    const type = view.getUint16(24, true);
    const id = view.getUint32(28, true);
    const limit = this.#facts.limit(type, this.#set);
    const creates = opcode === spec.ADMIN_OBJECT_CREATE;
    if (limit === undefined) return { answers: [creates ? INVALID_FIELD : MISSING] };
    if (this.#set.size < this.#facts.capabilities.size) return { answers: [INVALID_OPCODE] };
    const key = `${type}.${id}`;
    const object = this.#objects.get(key);
    if (creates) {
      if (id >= limit) return { answers: [INVALID_FIELD] };
      if (object) return { answers: [EXISTS] };
      return { answers: [OK, INVALID_FIELD], done: () => this.#objects.set(key, data) };
    }
    if (!object) return { answers: [MISSING] };
    if (opcode === spec.ADMIN_OBJECT_QUERY) return { answers: [OK], result: object };
    if (opcode === spec.ADMIN_OBJECT_DESTROY) return { answers: [OK], done: () => this.#objects.delete(key) };
    return { answers: [OK, INVALID_FIELD], done: () => this.#objects.set(key, data) };
  }
}

function words(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array((Math.floor(Math.max(...numbers) / 64) + 1) * 8);
  for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (1 << (number & 7));
  return bytes;
}
