import * as crypto from '../../spec/crypto.ts';
import type { FieldRule, Layout } from './field_rules.ts';
import { CONTROL_HEADER, DATA_HEADER, dataLayout, sessionLayout } from './layouts.ts';
import { opcodeName, statusName } from './names.ts';
import { Part } from './part.ts';
import type { TracedRequest } from './request.ts';
import { statelessLayout } from './stateless_layouts.ts';

/** A stretch of a request with the name that the specification gives it. */
export interface Field {
  part: 'readable' | 'writable';
  /** From the start of that part, in bytes. */
  offset: number;
  bytes: number;
  /** Its first bytes, as far as they were kept. */
  data: Uint8Array<ArrayBuffer>;
  name: string;
  /** What the bytes say, in words. */
  value: string;
  section: string;
  /** A key: shown only to those who ask. */
  secret: boolean;
}

/** What a request is about, for a line in a list. */
export interface Summary {
  operation: string;
  algorithm: string;
  /** Bytes of source data, or of the keys of a new session. */
  bytes: number;
  session: string;
  status: string;
}

/** Every field of a request in the order of its bytes, with the section of the specification that defines it. */
export function decodeRequest(request: TracedRequest): Field[] {
  const readable = new Part('readable', request);
  const writable = new Part('writable', request);
  return request.control ? decodeControl(request, readable, writable) : decodeData(request, readable, writable);
}

function decodeControl(request: TracedRequest, readable: Part, writable: Part): Field[] {
  const fields = CONTROL_HEADER.map((rule) => number(readable, rule, '5.9.7.2'));
  if (destroys(readable)) {
    const id: FieldRule = { offset: crypto.CTRL_DESTROY_SESSION_ID, bytes: 8, name: 'session_id', value: String };
    fields.push(number(readable, id, '5.9.7.2.1'));
    fields.push(
      field(writable, 0, crypto.STATUS_BYTES, 'status', statusName(writable.data[0] ?? NO_STATUS), '5.9.7.1'),
    );
    return fields;
  }
  const opcode = readable.uint32(crypto.CTRL_OPCODE);
  const layout = sessionLayout(opcode >>> 8, {
    opType: readable.uint32(crypto.CTRL_SYM_OP_TYPE),
    operation: opcode & 0xff,
    algorithm: readable.uint32(crypto.CTRL_AKCIPHER_ALGO),
  });
  const header =
    request.layout === 'legacy' ? crypto.CTRL_LEGACY_BYTES : (layout?.headerBytes ?? crypto.CTRL_HEADER_BYTES);
  fields.push(...decodeReadable(readable, layout, header, '5.9.7.2.1'));
  const status: FieldRule = { offset: crypto.CREATE_INPUT_STATUS, bytes: 4, name: 'status', value: statusName };
  const id: FieldRule = { offset: crypto.CREATE_INPUT_SESSION_ID, bytes: 8, name: 'session_id', value: String };
  fields.push(number(writable, id, '5.9.7.2.1'), number(writable, status, '5.9.7.1'));
  return fields;
}

function decodeData(request: TracedRequest, readable: Part, writable: Part): Field[] {
  const fields = DATA_HEADER.map((rule) => number(readable, rule, '5.9.7.3'));
  const opcode = readable.uint32(crypto.DATA_OPCODE);
  const [service, operation] = [opcode >>> 8, opcode & 0xff];
  const layout = request.stateless
    ? statelessLayout(
        service,
        {
          opType: readable.uint32(crypto.STATELESS_SYM_OP_TYPE),
          operation,
          algorithm: readable.uint32(crypto.STATELESS_AKCIPHER_ALGO),
        },
        !isStateless(request, readable),
      )
    : dataLayout(
        service,
        { opType: readable.uint32(crypto.DATA_SYM_OP_TYPE), operation, algorithm: 0 },
        request.layout === 'revision1',
      );
  const revision1 = layout?.headerBytes ?? crypto.DATA_HEADER_BYTES;
  fields.push(
    ...decodeReadable(readable, layout, request.layout === 'legacy' ? crypto.DATA_LEGACY_BYTES : revision1, '5.9.7.3'),
  );
  const results = Math.max(0, writable.bytes - crypto.STATUS_BYTES);
  fields.push(
    ...variables(readable, writable, layout?.writable ?? [], 0, results, layout?.section ?? '5.9.7.3', 'result'),
  );
  const status = field(writable, results, crypto.STATUS_BYTES, 'status', statusName(request.lastByte), '5.9.7.1');
  fields.push({ ...status, data: Uint8Array.of(request.lastByte) });
  return fields;
}

/** Whether a request brings its keys with it, and names no session. */
function isStateless(request: TracedRequest, readable: Part): boolean {
  return request.stateless && !(readable.uint32(crypto.DATA_FLAG) & crypto.FLAG_SESSION_MODE);
}

/** Numbers of the fixed-length part, then what they measure. */
function decodeReadable(part: Part, layout: Layout | undefined, header: number, section: string): Field[] {
  const own = layout?.section ?? section;
  const fields = (layout?.fields ?? []).map((rule) => number(part, rule, own));
  return [...fields, ...variables(part, part, layout?.readable ?? [], header, part.bytes, own, 'content')];
}

/** Stretches of `of` from `start` to `end`, as long as fields of `lengths` say; what they leave over is one more. */
function variables(
  lengths: Part,
  of: Part,
  rules: Layout['readable'],
  start: number,
  end: number,
  section: string,
  rest: string,
): Field[] {
  const fields: Field[] = [];
  let at = start;
  for (const { name, lengthAt, secret = false } of rules) {
    // The lengths are the guest's: they may say more than there is.
    const bytes = Math.min(lengths.uint32(lengthAt), end - at);
    if (bytes <= 0) continue;
    fields.push(field(of, at, bytes, name, `${bytes} bytes`, section, secret));
    at += bytes;
  }
  if (at < end) fields.push(field(of, at, end - at, rest, `${end - at} bytes`, section));
  return fields;
}

function number(part: Part, { offset, bytes, name, value }: FieldRule, section: string): Field {
  const text =
    bytes === 8 ? `0x${part.uint64(offset).toString(16)}` : value(part.uint32(offset), (at) => part.uint32(at));
  return field(part, offset, bytes, name, text, section);
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

/** What a list shows of a request. */
export function summarise(request: TracedRequest): Summary {
  const readable = new Part('readable', request);
  const writable = new Part('writable', request);
  const operation = opcodeName(readable.uint32(crypto.DATA_OPCODE), request.control);
  const fields = decodeRequest(request);
  const algorithm = request.algorithm ?? statelessAlgorithm(fields);
  const bytesOf = (match: (field: Field) => boolean) => fields.filter(match).reduce((sum, { bytes }) => sum + bytes, 0);
  if (!request.control) {
    const session = isStateless(request, readable) ? '-' : sessionName(readable.uint64(crypto.DATA_SESSION_ID));
    const source = bytesOf(({ name }) => name.startsWith('src_data') && !name.endsWith('_len'));
    // Behind it buffers may go on; of a request that nobody knows, all of them are content.
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

/** The algorithms of the session that a control request made; undefined of one that made none. */
export function createdAlgorithm(fields: readonly Field[]): string | undefined {
  const algorithms = fields.filter(({ name, section }) => section === '5.9.7.2.1' && /^(?:\w+\.)?algo$/.test(name));
  const ok = fields.some(({ name, value }) => name === 'status' && value === statusName(crypto.CRYPTO_OK));
  return ok && algorithms.length > 0 ? algorithms.map(({ value }) => value).join(' + ') : undefined;
}

/** The algorithms of a request that brings them with it. */
function statelessAlgorithm(fields: readonly Field[]): string {
  return fields
    .filter(({ name }) => /^sess_para\.(?:\w+\.)?algo$/.test(name))
    .map(({ value }) => value)
    .join(' + ');
}

/** An id as `slot.serial`: what the engine makes of its two halves reads better than 64 bits in a row. */
export function sessionName(id: bigint): string {
  return id === 0n ? '-' : `${id & 0xffffffffn}.${id >> 32n}`;
}

/** A copy without key bytes, for a trace that leaves the machine. */
export function withoutKeys(request: TracedRequest): TracedRequest {
  const keys = decodeRequest(request).filter(({ secret }) => secret);
  if (keys.length === 0) return request;
  let start = 0;
  const buffers = request.buffers.map((buffer) => {
    if (buffer.writable) return buffer;
    const data = buffer.data.slice();
    for (const { offset, bytes } of keys) {
      data.fill(0, Math.max(0, offset - start), Math.max(0, offset + bytes - start));
    }
    start += buffer.bytes;
    return { ...buffer, data };
  });
  return { ...request, buffers };
}
