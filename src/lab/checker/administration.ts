// The rules of administration commands (virtio 1.4, 2.12.1): lists of commands, capabilities and resource objects of the self group.
import * as admin from '../../../spec/admin.ts';
import { DESC_F_INDIRECT, DESC_F_WRITE } from '../../../spec/virtio.ts';
import { joined } from '../../driver/results.ts';
import type { GuestView, TracedDescriptor } from '../../trace/index.ts';
import type { ReadChain } from './descriptors.ts';
import type { Findings } from './violation.ts';

/** Bytes of a part that are looked at: lists of all opcodes that may be defined are not longer. */
const PART_BYTES_MAX = 1024;
/** Objects, and ended objects, that are remembered. A device has not as many, and a driver that ends more is believed. */
const OBJECTS_MAX = 65536;
const LISTS: readonly number[] = [admin.ADMIN_LIST_QUERY, admin.ADMIN_LIST_USE];
const OBJECT_COMMANDS: readonly number[] = [
  ...[admin.ADMIN_OBJECT_CREATE, admin.ADMIN_OBJECT_QUERY, admin.ADMIN_OBJECT_MODIFY, admin.ADMIN_OBJECT_DESTROY],
];

/** A command that the device has not answered. */
interface Command {
  opcode: number;
  data: Uint8Array;
  answer: readonly TracedDescriptor[];
}

/** Follows the commands of one driver. */
export class Administration {
  readonly #findings: Findings;
  /** Commands that the device has reported as supported, and those that the driver has said it uses. */
  #reported = new Set<number>();
  #list: ReadonlySet<number> | undefined;
  #capabilitySet = false;
  readonly #objects = new Set<string>();
  readonly #ended = new Set<string>();
  #pending: Command[] = [];
  /** Whether it is known what the driver did since the device's reset. */
  #known = true;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  reset(): void {
    this.#known = true;
    this.#reported.clear();
    this.#list = undefined;
    this.#capabilitySet = false;
    this.#objects.clear();
    this.#ended.clear();
    this.#pending = [];
  }

  /** The device has taken over a saved state: what the driver said before is not known. */
  restored(): void {
    this.reset();
    this.#known = false;
  }

  /** Called with the commands that the driver has made available, before the device looks at them. */
  offered(chains: readonly ReadChain[], view: GuestView, queue: number): void {
    if (!this.#known) return;
    for (const chain of chains) {
      const command = commandOf(chain, view);
      if (!command) continue;
      this.#pending.push(command);
      this.#check(command, queue);
    }
    if (this.#pending.length > 1 && this.#pending.some(({ opcode }) => opcode === admin.ADMIN_LIST_USE)) {
      this.#findings.report('2.12.1.6-2', `${this.#pending.length} commands were under way`, { queue });
    }
  }

  /** Called when the device has answered all commands. */
  answered(view: GuestView): void {
    for (const command of this.#pending) {
      const answer = view16(bytesOf(command.answer, view));
      if (answer.number(admin.ADMIN_STATUS) === admin.ADMIN_OK) this.#done(command, answer.bytes);
    }
    this.#pending = [];
  }

  #check({ opcode, data }: Command, queue: number): void {
    const report = (rule: Parameters<Findings['report']>[0], seen: string) =>
      this.#findings.report(rule, seen, { queue });
    const what = `command 0x${opcode.toString(16)}`;
    if (opcode === admin.ADMIN_LIST_USE) {
      const unknown = numbersOf(data).filter((number) => !this.#reported.has(number));
      if (unknown.length > 0) report('2.12.1.6-3', `LIST_USE named ${unknown.join(', ')}`);
    }
    if (LISTS.includes(opcode)) return;
    if (!this.#list) report('2.12.1.6-1', `${what} came before any LIST_USE was completed`);
    else if (!this.#list.has(opcode)) report('2.12.1.6-4', `${what} is not in the driver's list`);
    if (opcode === admin.ADMIN_DRIVER_CAP_SET && this.#objects.size > 0) {
      report('2.12.1.2.5-2', `a capability was set while there were ${this.#objects.size} objects`);
    }
    if (!OBJECT_COMMANDS.includes(opcode)) return;
    if (!this.#capabilitySet) report('2.12.1.2.5-1', `${what} came before a capability was set`);
    const name = objectOf(data);
    if (opcode === admin.ADMIN_OBJECT_CREATE) {
      if (this.#objects.has(name)) report('2.12.1.3.6-1', `object ${name} was there already`);
    } else if (this.#ended.has(name)) report('2.12.1.3.6-2', `${what} was for object ${name}, which was destroyed`);
  }

  /** A command has succeeded. */
  #done({ opcode, data }: Command, answer: Uint8Array): void {
    const name = objectOf(data);
    if (opcode === admin.ADMIN_LIST_QUERY) this.#reported = new Set(numbersOf(answer.subarray(admin.ADMIN_RESULT)));
    if (opcode === admin.ADMIN_LIST_USE) this.#list = new Set(numbersOf(data));
    if (opcode === admin.ADMIN_DRIVER_CAP_SET) this.#capabilitySet = true;
    if (opcode === admin.ADMIN_OBJECT_CREATE) {
      if (this.#objects.size < OBJECTS_MAX) this.#objects.add(name);
      this.#ended.delete(name);
    }
    if (opcode === admin.ADMIN_OBJECT_DESTROY) {
      this.#objects.delete(name);
      if (this.#ended.size < OBJECTS_MAX) this.#ended.add(name);
    }
  }
}

/** The command of a chain; undefined for groups other than the device itself, which this device has not. */
function commandOf({ own, indirect }: ReadChain, view: GuestView): Command | undefined {
  const buffers = [...own.filter(({ flags }) => !(flags & DESC_F_INDIRECT)), ...indirect];
  const isAnswer = ({ flags }: TracedDescriptor) => (flags & DESC_F_WRITE) !== 0;
  const { bytes, number } = view16(
    bytesOf(
      buffers.filter((buffer) => !isAnswer(buffer)),
      view,
    ),
  );
  if (number(admin.ADMIN_GROUP_TYPE) !== admin.GROUP_SELF) return undefined;
  return {
    opcode: number(admin.ADMIN_OPCODE),
    data: bytes.subarray(admin.ADMIN_DATA),
    answer: buffers.filter(isAnswer),
  };
}

/** The first bytes of buffers, as far as they can be read. */
function bytesOf(buffers: readonly TracedDescriptor[], view: GuestView): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = PART_BYTES_MAX;
  for (const { address, bytes } of buffers) {
    const part = view.copy(address, Math.min(bytes, left));
    parts.push(part);
    left -= part.length;
  }
  return joined(parts);
}

/** Bytes, and their numbers of 16 bits; what is missing counts as zeros (2.13.1). */
function view16(bytes: Uint8Array): { bytes: Uint8Array; number(offset: number): number } {
  return { bytes, number: (offset) => (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8) };
}

/** An object's type and id. */
function objectOf(data: Uint8Array): string {
  const { number } = view16(data);
  const id = number(admin.ADMIN_OBJECT_ID) + number(admin.ADMIN_OBJECT_ID + 2) * 0x10000;
  return `0x${number(admin.ADMIN_OBJECT_TYPE).toString(16)}.${id}`;
}

/** The bits of a list (2.12.1). */
function numbersOf(words: Uint8Array): number[] {
  return [...words].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => 8 * at + bit),
  );
}
