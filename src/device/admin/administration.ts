import * as admin from '../../../spec/admin.ts';
import { bitmapOf, numbersIn, viewOf } from './bytes.ts';
import { Capabilities } from './capabilities.ts';
import {
  type Administered,
  type AdminOutcome,
  DONE,
  INVALID_FIELD,
  INVALID_GROUP,
  INVALID_MEMBER,
  INVALID_OPCODE,
  MISSING,
} from './contract.ts';
import { ResourceObjects } from './objects.ts';

/** The result of a command that succeeded, or why it failed. */
type Answer = Uint8Array | AdminOutcome;

/** A command of the self group: what it does with its command_specific_data, and whether it names a member. */
interface Command {
  readonly namesMember: boolean;
  run(data: Uint8Array): Answer;
}

/** The commands that are legal before the driver says which ones it uses (2.12.1.5). */
const AT_FIRST = [admin.ADMIN_LIST_QUERY, admin.ADMIN_LIST_USE] as const;

/** Runs group administration commands of the self group (2.12 of virtio 1.4). No command changes anything when it fails. */
export class Administration {
  readonly capabilities: Capabilities;
  readonly objects: ResourceObjects;
  readonly #commands: ReadonlyMap<number, Command>;
  #used: ReadonlySet<number> = new Set(AT_FIRST);

  constructor({ capabilities, objectTypes }: Administered) {
    this.capabilities = new Capabilities(capabilities, (id) => this.objects.use(id));
    this.objects = new ResourceObjects(objectTypes, (id) => this.capabilities.ofDriver(id));
    this.#commands = new Map<number, Command>([
      [admin.ADMIN_LIST_QUERY, { namesMember: false, run: () => bitmapOf([...this.#commands.keys()]) }],
      [admin.ADMIN_LIST_USE, { namesMember: false, run: (data) => this.#useList(data) }],
      ...(capabilities.length > 0 ? this.#forCapabilities() : []),
      ...(objectTypes.length > 0 ? this.#forObjects() : []),
    ]);
  }

  /**
   * Runs a command.
   * @param command its device-readable part, of any length: what is missing counts as zeros
   * @returns the device-writable part, a multiple of 8 bytes
   */
  run(command: Uint8Array): Uint8Array {
    const answer = this.#answer(command);
    const result = answer instanceof Uint8Array ? answer : new Uint8Array();
    const { status, qualifier } = answer instanceof Uint8Array ? DONE : answer;
    const units = Math.ceil(result.length / admin.ADMIN_UNIT);
    const written = new Uint8Array(admin.ADMIN_RESULT + units * admin.ADMIN_UNIT);
    const view = new DataView(written.buffer);
    view.setUint16(admin.ADMIN_STATUS, status, true);
    view.setUint16(admin.ADMIN_QUALIFIER, qualifier, true);
    written.set(result, admin.ADMIN_RESULT);
    return written;
  }

  /** The opcodes that the driver uses. */
  get used(): number[] {
    return [...this.#used];
  }

  /** Sets the opcodes that the driver uses (LIST_USE, 2.12.1). */
  use(opcodes: readonly number[]): AdminOutcome {
    if (opcodes.some((opcode) => !this.#commands.has(opcode))) return INVALID_FIELD;
    this.#used = new Set(opcodes);
    return DONE;
  }

  /** The list may be longer than it has to be, with zeros (2.12.1). */
  #useList(list: Uint8Array): AdminOutcome {
    const { length } = bitmapOf([...this.#commands.keys()]);
    if (list.subarray(length).some((byte) => byte !== 0)) return INVALID_FIELD;
    return this.use(numbersIn(list.subarray(0, length)));
  }

  /** Forgets what the driver has said, and destroys its objects, because the device is reset. */
  reset(): void {
    this.objects.reset();
    this.capabilities.reset();
    this.#used = new Set(AT_FIRST);
  }

  /** 2.12.1.5: the group is checked first, then the opcode, then the member. */
  #answer(command: Uint8Array): Answer {
    const header = viewOf(command, admin.ADMIN_DATA);
    if (header.getUint16(admin.ADMIN_GROUP_TYPE, true) !== admin.GROUP_SELF) return INVALID_GROUP;
    const opcode = header.getUint16(admin.ADMIN_OPCODE, true);
    const found = this.#used.has(opcode) ? this.#commands.get(opcode) : undefined;
    if (!found) return INVALID_OPCODE;
    if (found.namesMember && header.getBigUint64(admin.ADMIN_MEMBER, true) !== 0n) return INVALID_MEMBER;
    return found.run(command.subarray(admin.ADMIN_DATA));
  }

  #forCapabilities(): [number, Command][] {
    const { capabilities } = this;
    const idIn = (data: Uint8Array) => viewOf(data, admin.ADMIN_CAP_DATA).getUint16(admin.ADMIN_CAP_ID, true);
    return [
      [admin.ADMIN_CAP_ID_LIST_QUERY, { namesMember: true, run: () => capabilities.list }],
      [admin.ADMIN_DEVICE_CAP_GET, { namesMember: true, run: (data) => capabilities.ofDevice(idIn(data)) ?? MISSING }],
      [
        admin.ADMIN_DRIVER_CAP_SET,
        {
          namesMember: true,
          run: (data) => capabilities.setDriver(idIn(data), data.subarray(admin.ADMIN_CAP_DATA)),
        },
      ],
    ];
  }

  #forObjects(): [number, Command][] {
    const { objects } = this;
    const command = (run: (type: number, id: number, object: Uint8Array) => Answer): Command => ({
      namesMember: true,
      run: (data) => {
        const header = viewOf(data, admin.ADMIN_OBJECT_DATA);
        const type = header.getUint16(admin.ADMIN_OBJECT_TYPE, true);
        const id = header.getUint32(admin.ADMIN_OBJECT_ID, true);
        return run(type, id, data.subarray(admin.ADMIN_OBJECT_DATA));
      },
    });
    return [
      [admin.ADMIN_OBJECT_CREATE, command((type, id, object) => objects.create(type, id, object))],
      [admin.ADMIN_OBJECT_QUERY, command((type, id) => objects.query(type, id))],
      [admin.ADMIN_OBJECT_MODIFY, command((type, id, object) => objects.modify(type, id, object))],
      [admin.ADMIN_OBJECT_DESTROY, command((type, id) => objects.destroy(type, id))],
    ];
  }
}
