import * as crypto from '../../spec/crypto.ts';
import { type Field as FieldRule, fieldNamed, type Header, type Layout } from '../../spec/layout.ts';
import { CONTROL_HEADER, CREATE_SESSION_INPUT, DATA_HEADER, DESTROY_SESSION, layoutsOf } from '../../spec/layouts.ts';
import { decodeAdmin, summariseAdmin } from './decode_admin.ts';
import type { Field, Summary } from './field.ts';
import { opcodeName, statusName, valueName } from './names.ts';
import { Part } from './part.ts';
import type { TracedRequest } from './request.ts';

export type { Field, Summary } from './field.ts';

/** Decodes a request: returns its fields in the order of their bytes, each with its section of the specification (5.9.7). */
export function decodeRequest(request: TracedRequest): Field[] {
  const readable = new Part('readable', request);
  const writable = new Part('writable', request);
  if (request.admin) return decodeAdmin(readable, writable);
  return request.control ? decodeControl(request, readable, writable) : decodeData(request, readable, writable);
}

function decodeControl(request: TracedRequest, readable: Part, writable: Part): Field[] {
  const fields = numbers(readable, CONTROL_HEADER);
  if (destroys(readable)) {
    const status = statusName(writable.data[0] ?? NO_STATUS);
    fields.push(...numbers(readable, DESTROY_SESSION));
    fields.push(field(writable, 0, crypto.STATUS_BYTES, 'status', status, '5.9.7.1'));
    return fields;
  }
  const service = readable.uint32(crypto.CTRL_OPCODE) >>> 8;
  const layout = layoutsOf(service)?.session?.((offset) => readable.uint32(offset));
  fields.push(...decodeReadable(readable, layout, fixedBytes(request, CONTROL_HEADER, layout), '5.9.7.2.1'));
  const [id, status] = CREATE_SESSION_INPUT;
  fields.push(number(writable, id, '5.9.7.2.1'), number(writable, status, '5.9.7.1'));
  return fields;
}

function decodeData(request: TracedRequest, readable: Part, writable: Part): Field[] {
  const fields = numbers(readable, DATA_HEADER);
  const layout = dataLayout(request, readable);
  fields.push(...decodeReadable(readable, layout, fixedBytes(request, DATA_HEADER, layout), '5.9.7.3'));
  const results = Math.max(0, writable.bytes - crypto.STATUS_BYTES);
  const written = measured(readable, layout, layout?.writable ?? []);
  fields.push(...stretches(writable, 0, results, written, 'result', layout?.section ?? '5.9.7.3'));
  const status = field(writable, results, crypto.STATUS_BYTES, 'status', statusName(request.lastByte), '5.9.7.1');
  fields.push({ ...status, data: Uint8Array.of(request.lastByte) });
  return fields;
}

function dataLayout(request: TracedRequest, readable: Part): Layout | undefined {
  const layouts = layoutsOf(readable.uint32(crypto.DATA_OPCODE) >>> 8);
  const at = (offset: number) => readable.uint32(offset);
  if (!request.stateless) return layouts?.data(at, request.layout === 'revision1');
  const layout = layouts?.stateless?.(at);
  if (!layout || isStateless(request, readable)) return layout;
  // In session mode the fields are the same, but the request contains no keys.
  return { ...layout, readable: layout.readable.filter(({ secret }) => !secret) };
}

/** Length in bytes of header and fixed-length fields; for an unknown request, of the header. */
function fixedBytes({ layout: version }: TracedRequest, header: Header, layout: Layout | undefined): number {
  if (version === 'legacy') return header.legacyBytes;
  return layout?.bytes ?? header.bytes;
}

/** Whether a request contains its keys instead of a session's id. */
function isStateless(request: TracedRequest, readable: Part): boolean {
  return request.stateless && !(readable.uint32(crypto.DATA_FLAG) & crypto.FLAG_SESSION_MODE);
}

/** Decodes the fixed-length fields, then the variable-length fields. `section` is used for an unknown request. */
function decodeReadable(part: Part, layout: Layout | undefined, start: number, section: string): Field[] {
  const parts = measured(part, layout, layout?.readable ?? []);
  const content = stretches(part, start, part.bytes, parts, 'content', layout?.section ?? section);
  return layout ? [...numbers(part, layout), ...content] : content;
}

/** The variable-length fields with the lengths that the request gives. The guest wrote the lengths, so they may be wrong. */
function measured(lengths: Part, layout: Layout | undefined, rules: Layout['readable']): Measured[] {
  return rules.map(({ name, length, secret = false }) => {
    const rule = layout && fieldNamed(layout, length);
    return { name, bytes: rule ? lengths.uint32(rule.offset) : 0, secret };
  });
}

interface Measured {
  name: string;
  bytes: number;
  secret: boolean;
}

/** The fields of `parts`, one after another from `start` on, cut off at `end`. Bytes that are left form one more field, named `rest`. */
function stretches(
  of: Part,
  start: number,
  end: number,
  parts: readonly Measured[],
  rest: string,
  section: string,
): Field[] {
  const fields: Field[] = [];
  let at = start;
  for (const { name, bytes: said, secret } of parts) {
    const bytes = Math.min(said, end - at);
    if (bytes <= 0) continue;
    fields.push(field(of, at, bytes, name, `${bytes} bytes`, section, secret));
    at += bytes;
  }
  if (at < end) fields.push(field(of, at, end - at, rest, `${end - at} bytes`, section));
  return fields;
}

function numbers(part: Part, { fields, section }: Pick<Layout, 'fields' | 'section'>): Field[] {
  return fields.map((rule) => number(part, rule, section));
}

function number(part: Part, rule: FieldRule, section: string): Field {
  const { offset, bytes, name } = rule;
  const value =
    bytes === 8 ? hex(part.uint64(offset)) : valueName(rule.meaning, part.uint32(offset), (at) => part.uint32(at));
  return field(part, offset, bytes, name, value, section);
}

function field(
  part: Part,
  offset: number,
  bytes: number,
  name: string,
  value: string,
  section: string,
  secret = false,
): Field {
  return { part: part.name, offset, bytes, data: part.slice(offset, bytes), name, value, section, secret };
}

const NO_STATUS = 0xff;

function destroys(readable: Part): boolean {
  const operation = readable.uint32(crypto.CTRL_OPCODE) & 0xff;
  return operation === crypto.OP_DESTROY_SESSION || operation === crypto.OP_AKCIPHER_DESTROY_SESSION;
}

/** Summarises a request for a list. */
export function summarise(request: TracedRequest): Summary {
  const readable = new Part('readable', request);
  const writable = new Part('writable', request);
  const operation = opcodeName(readable.uint32(crypto.DATA_OPCODE), request.control);
  const fields = decodeRequest(request);
  if (request.admin) return summariseAdmin(readable, fields);
  const algorithm = request.algorithm ?? statelessAlgorithm(fields);
  const bytesOf = (match: (field: Field) => boolean) => fields.filter(match).reduce((sum, { bytes }) => sum + bytes, 0);
  if (!request.control) {
    const session = isStateless(request, readable) ? '-' : sessionName(readable.uint64(crypto.DATA_SESSION_ID));
    const source = bytesOf(({ name }) => name.startsWith('src_data') && !name.endsWith('_len'));
    // Buffers may be longer than the source. In a request with an unknown opcode, all bytes are content.
    const bytes = source || bytesOf(({ name, part }) => name === 'content' && part === 'readable');
    return { operation, algorithm, bytes, session, status: statusName(request.lastByte) };
  }
  if (destroys(readable)) {
    const session = sessionName(readable.uint64(crypto.CTRL_DESTROY_SESSION_ID));
    return { operation, algorithm, bytes: 0, session, status: statusName(writable.data[0] ?? NO_STATUS) };
  }
  const session = sessionName(writable.uint64(crypto.CREATE_INPUT_SESSION_ID));
  const status = statusName(writable.uint32(crypto.CREATE_INPUT_STATUS));
  return { operation, algorithm, bytes: bytesOf(({ secret }) => secret), session, status };
}

/** The names of the algorithms of the session that a control request made; undefined if it made none. */
export function createdAlgorithm(fields: readonly Field[]): string | undefined {
  const algorithms = fields.filter(({ name, section }) => section === '5.9.7.2.1' && /^(?:\w+\.)?algo$/.test(name));
  const ok = fields.some(({ name, value }) => name === 'status' && value === statusName(crypto.CRYPTO_OK));
  return ok && algorithms.length > 0 ? algorithms.map(({ value }) => value).join(' + ') : undefined;
}

/** The names of the algorithms in a stateless request. */
function statelessAlgorithm(fields: readonly Field[]): string {
  return fields
    .filter(({ name }) => /^sess_para\.(?:\w+\.)?algo$/.test(name))
    .map(({ value }) => value)
    .join(' + ');
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A session's id as `slot.serial`, because the two halves read better than 64 bits in a row. '-' for 0. */
export function sessionName(id: bigint): string {
  return id === 0n ? '-' : `${id & 0xffffffffn}.${id >> 32n}`;
}

/** Returns a copy of a request whose key bytes are 0, for traces that leave the machine. Returns the request itself if it has no keys. */
export function withoutKeys(request: TracedRequest): TracedRequest {
  const keys = decodeRequest(request).filter(({ secret }) => secret);
  if (keys.length === 0) return request;
  const starts = { readable: 0, writable: 0 };
  const buffers = request.buffers.map((buffer) => {
    const part = buffer.writable ? 'writable' : 'readable';
    const start = starts[part];
    const data = buffer.data.slice();
    for (const { offset, bytes } of keys.filter((key) => key.part === part)) {
      data.fill(0, Math.max(0, offset - start), Math.max(0, offset + bytes - start));
    }
    starts[part] += buffer.bytes;
    return { ...buffer, data };
  });
  return { ...request, buffers };
}
