// Administration commands (virtio 1.4, 2.12), decoded by spec/layouts/admin.ts.
import * as admin from '../../spec/admin.ts';
import {
  ADMIN_ANSWER,
  ADMIN_COMMANDS,
  ADMIN_HEADER,
  type AdminField,
  RESOURCE_OBJECTS,
} from '../../spec/layouts/admin.ts';
import type { Field, Summary } from './field.ts';
import { valueName } from './names.ts';
import type { Part } from './part.ts';

/** The fields of a command and of its answer, in the order of their bytes. */
export function decodeAdmin(readable: Part, writable: Part): Field[] {
  const command = ADMIN_COMMANDS[readable.number(admin.ADMIN_OPCODE, 2)];
  const section = command?.section ?? '2.12.1';
  const fields = numbers(readable, 0, ADMIN_HEADER, '2.12.1');
  fields.push(...numbers(readable, admin.ADMIN_DATA, command?.fields ?? [], section));
  const type = readable.number(admin.ADMIN_DATA + admin.ADMIN_OBJECT_TYPE, 2);
  const data = admin.ADMIN_DATA + (command?.bytes ?? 0);
  fields.push(...rest(readable, data, command ? command.rest : 'command_specific_data', type, section));
  fields.push(...numbers(writable, 0, ADMIN_ANSWER, '2.12.1'));
  const isDone = writable.number(admin.ADMIN_STATUS, 2) === admin.ADMIN_OK;
  fields.push(...rest(writable, admin.ADMIN_RESULT, isDone ? command?.result : undefined, type, section));
  return fields;
}

/** Summarises a command for a list. Instead of a session it names the object: type and id. */
export function summariseAdmin(readable: Part, fields: readonly Field[]): Summary {
  const textOf = (name: string) => fields.find((field) => field.name === name)?.value ?? '';
  const opcode = readable.number(admin.ADMIN_OPCODE, 2);
  const command = ADMIN_COMMANDS[opcode];
  const [type, id] = [textOf('type'), textOf('id')];
  return {
    operation: command?.name ?? `unknown opcode 0x${opcode.toString(16)}`,
    algorithm: '',
    bytes: Math.max(0, readable.bytes - admin.ADMIN_DATA - (command?.bytes ?? 0)),
    session: type ? `${type}.${id}` : id || '-',
    status: textOf('status'),
  };
}

/** The bytes from `start` on: the object of a type, or bytes with a name. Bytes of an unknown type may be a key, so they are hidden like one. */
function rest(part: Part, start: number, what: string | undefined, type: number, section: string): Field[] {
  const left = part.bytes - start;
  if (left <= 0 || what === undefined) return [];
  const structure = what === 'object' ? RESOURCE_OBJECTS[type] : undefined;
  if (structure) {
    const bytes = structure.parts
      .filter(({ offset }) => offset < left)
      .map(({ name, offset, bytes: length, secret = false }) =>
        stretch(part, start + offset, Math.min(length, left - offset), name, structure.section, secret),
      );
    const found = [...numbers(part, start, structure.fields, structure.section), ...bytes];
    return found.sort((a, b) => a.offset - b.offset);
  }
  const isKnown = what !== 'object' && what !== 'command_specific_data';
  return [stretch(part, start, left, what, section, !isKnown)];
}

function numbers(part: Part, start: number, rules: readonly AdminField[], section: string): Field[] {
  return rules
    .filter(({ offset }) => start + offset < part.bytes)
    .map((rule) => {
      const { name, bytes, meaning } = rule;
      const at = start + rule.offset;
      const value =
        bytes === 8
          ? `0x${part.uint64(at).toString(16)}`
          : valueName(meaning, part.number(at, bytes), (offset) => part.uint32(offset));
      return { part: part.name, offset: at, bytes, data: part.slice(at, bytes), name, value, section, secret: false };
    });
}

function stretch(part: Part, offset: number, bytes: number, name: string, section: string, secret: boolean): Field {
  return {
    part: part.name,
    offset,
    bytes,
    data: part.slice(offset, bytes),
    name,
    value: `${bytes} bytes`,
    section,
    secret,
  };
}
