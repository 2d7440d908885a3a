// Group administration commands (virtio 1.4, 2.12 and 2.13), as a driver sends them.
import * as spec from '../../../spec/admin.ts';
import { checkBytes, checkLength } from '../check.ts';

/** Sends a chain on an administration queue: contents of readable buffers, lengths of writable ones. */
export type SendCommand = (
  readable: readonly Uint8Array[],
  writable: readonly number[],
) => Promise<{ written: number; writable: Uint8Array[] }>;

/** A command as it is sent. */
export interface AdminCommand {
  /** ADMIN_* of the specification's table (2.12.1). */
  opcode: number;
  /** Default 0: the self group. */
  groupType?: number;
  /** group_member_id. Default 0: the device itself. */
  member?: bigint;
  /** command_specific_data. The driver fills it up to a multiple of 8 bytes. Default: none. */
  data?: Uint8Array;
  /** Room for command_specific_result in bytes. The driver makes it a multiple of 8. Default 0. */
  resultBytes?: number;
}

/** Names of the statuses (2.12.1): of Linux's errors. 2.12.1.6: a status that is not known counts as 'einval'. */
export type AdminStatus = 'ok' | 'enxio' | 'eagain' | 'enomem' | 'ebusy' | 'eexist' | 'einval' | 'enospc';

/** Names of the qualifiers (2.12.1). 2.12.1.6: one that is not known counts as 'invalid-command'. */
export type AdminQualifier =
  | 'ok'
  | 'invalid-command'
  | 'invalid-opcode'
  | 'invalid-field'
  | 'invalid-group'
  | 'invalid-member'
  | 'noresource'
  | 'tryagain';

/** The device's answer to a command. */
export interface AdminAnswer {
  status: AdminStatus;
  qualifier: AdminQualifier;
  /** command_specific_result, as long as the used element says; empty unless the status is 'ok'. */
  result: Uint8Array;
  /** Length in the used element: bytes of the device-writable part that the device wrote. */
  written: number;
}

const STATUSES: Readonly<Record<number, AdminStatus>> = {
  [spec.ADMIN_OK]: 'ok',
  [spec.ADMIN_ENXIO]: 'enxio',
  [spec.ADMIN_EAGAIN]: 'eagain',
  [spec.ADMIN_ENOMEM]: 'enomem',
  [spec.ADMIN_EBUSY]: 'ebusy',
  [spec.ADMIN_EEXIST]: 'eexist',
  [spec.ADMIN_EINVAL]: 'einval',
  [spec.ADMIN_ENOSPC]: 'enospc',
};
const QUALIFIERS: readonly AdminQualifier[] = [
  'ok',
  'invalid-command',
  'invalid-opcode',
  'invalid-field',
  'invalid-group',
  'invalid-member',
  'noresource',
  'tryagain',
];

/** Room for lists of all opcodes and of all capability ids that may be defined (2.12.1, 2.12.1.2). */
const LIST_BYTES = 0x1000 / 8;

/**
 * Sends administration commands. The promises reject as submit() of the driver does. A command that the device refuses does not reject: its
 * status is not 'ok'.
 */
export class AdminDriver {
  readonly #send: SendCommand;

  constructor(send: SendCommand) {
    this.#send = send;
  }

  /** Sends any command. */
  async command({
    opcode,
    groupType = spec.GROUP_SELF,
    member = 0n,
    data,
    resultBytes = 0,
  }: AdminCommand): Promise<AdminAnswer> {
    if (data !== undefined) checkBytes('data', data);
    checkLength('resultBytes', resultBytes);
    const header = new DataView(new ArrayBuffer(spec.ADMIN_DATA));
    header.setUint16(spec.ADMIN_OPCODE, opcode, true);
    header.setUint16(spec.ADMIN_GROUP_TYPE, groupType, true);
    header.setBigUint64(spec.ADMIN_MEMBER, member, true);
    const readable = [new Uint8Array(header.buffer), ...(data?.length ? [wholeUnits(data)] : [])];
    const { written, writable } = await this.#send(readable, [spec.ADMIN_RESULT + units(resultBytes)]);
    return answerOf(writable[0] ?? new Uint8Array(), written);
  }

  /** LIST_QUERY (2.12.1): the opcodes of the commands that the device supports. */
  async listQuery(): Promise<AdminAnswer & { opcodes: number[] }> {
    const answer = await this.command({ opcode: spec.ADMIN_LIST_QUERY, resultBytes: LIST_BYTES });
    return { ...answer, opcodes: numbersOf(answer.result) };
  }

  /** LIST_USE (2.12.1): says which commands the driver uses. Others are illegal from now on. */
  listUse(opcodes: readonly number[]): Promise<AdminAnswer> {
    return this.command({ opcode: spec.ADMIN_LIST_USE, data: wordsOf(opcodes) });
  }

  /** Says that the driver uses all commands that the device supports. Resolves to the answer of the last command that was sent. */
  async useAll(): Promise<AdminAnswer> {
    const offered = await this.listQuery();
    return offered.status === 'ok' ? this.listUse(offered.opcodes) : offered;
  }

  /** CAP_ID_LIST_QUERY (2.12.1.2.1): the ids of the device's capabilities. */
  async capabilityIds(): Promise<AdminAnswer & { ids: number[] }> {
    const answer = await this.command({ opcode: spec.ADMIN_CAP_ID_LIST_QUERY, resultBytes: LIST_BYTES });
    return { ...answer, ids: numbersOf(answer.result) };
  }

  /**
   * DEVICE_CAP_GET (2.12.1.2.2): the device's data of a capability.
   * @param bytes room for the data
   */
  deviceCapability(id: number, bytes: number): Promise<AdminAnswer> {
    return this.command({ opcode: spec.ADMIN_DEVICE_CAP_GET, data: capability(id), resultBytes: bytes });
  }

  /** DRIVER_CAP_SET (2.12.1.2.3): says which part of a capability the driver uses. */
  setCapability(id: number, data: Uint8Array): Promise<AdminAnswer> {
    checkBytes('data', data);
    return this.command({ opcode: spec.ADMIN_DRIVER_CAP_SET, data: capability(id, data) });
  }

  /** RESOURCE_OBJ_CREATE (2.12.1.3.1): makes an object of a type, with an id of the driver's choice. */
  createObject(type: number, id: number, data: Uint8Array): Promise<AdminAnswer> {
    checkBytes('data', data);
    return this.command({ opcode: spec.ADMIN_OBJECT_CREATE, data: object(type, id, data) });
  }

  /** RESOURCE_OBJ_MODIFY (2.12.1.3.2): gives an object new data. */
  modifyObject(type: number, id: number, data: Uint8Array): Promise<AdminAnswer> {
    checkBytes('data', data);
    return this.command({ opcode: spec.ADMIN_OBJECT_MODIFY, data: object(type, id, data) });
  }

  /**
   * RESOURCE_OBJ_QUERY (2.12.1.3.3): an object's data.
   * @param bytes room for the data
   */
  queryObject(type: number, id: number, bytes: number): Promise<AdminAnswer> {
    return this.command({ opcode: spec.ADMIN_OBJECT_QUERY, data: object(type, id), resultBytes: bytes });
  }

  /** RESOURCE_OBJ_DESTROY (2.12.1.3.4): ends an object. */
  destroyObject(type: number, id: number): Promise<AdminAnswer> {
    return this.command({ opcode: spec.ADMIN_OBJECT_DESTROY, data: object(type, id) });
  }
}

function answerOf(part: Uint8Array, written: number): AdminAnswer {
  // 2.13.2: what the device did not write counts as zeros.
  const used = part.slice().fill(0, written);
  const view = new DataView(used.buffer);
  const status = STATUSES[view.getUint16(spec.ADMIN_STATUS, true)] ?? 'einval';
  const qualifier = QUALIFIERS[view.getUint16(spec.ADMIN_QUALIFIER, true)] ?? 'invalid-command';
  const result =
    status === 'ok' ? used.slice(spec.ADMIN_RESULT, Math.max(spec.ADMIN_RESULT, written)) : new Uint8Array();
  return { status, qualifier, result, written };
}

/** `bytes` rounded up: both parts are a multiple of 64 bits (2.13.2). */
const units = (bytes: number): number => Math.ceil(bytes / spec.ADMIN_UNIT) * spec.ADMIN_UNIT;

function wholeUnits(data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(units(data.length));
  whole.set(data);
  return whole;
}

function capability(id: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(spec.ADMIN_CAP_DATA + data.length);
  new DataView(bytes.buffer).setUint16(spec.ADMIN_CAP_ID, id, true);
  bytes.set(data, spec.ADMIN_CAP_DATA);
  return bytes;
}

function object(type: number, id: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(spec.ADMIN_OBJECT_DATA + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(spec.ADMIN_OBJECT_TYPE, type, true);
  view.setUint32(spec.ADMIN_OBJECT_ID, id, true);
  bytes.set(data, spec.ADMIN_OBJECT_DATA);
  return bytes;
}

/** Numbers as bits of 64-bit words (2.12.1). */
function wordsOf(numbers: readonly number[]): Uint8Array {
  const words = Math.floor(Math.max(0, ...numbers) / spec.ADMIN_WORD_BITS) + 1;
  const bytes = new Uint8Array(words * spec.ADMIN_WORD_BYTES);
  for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (1 << (number & 7));
  return bytes;
}

function numbersOf(words: Uint8Array): number[] {
  return [...words].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => 8 * at + bit),
  );
}
