import type { Field, Layout } from '../../spec/layout.ts';

/** Numbers of fields by their names. */
type Numbers<Name extends string> = Readonly<Partial<Record<Name, number | bigint>>>;

/** The values of a request's fields, by the names of its layout. A field that is left out is 0, or has no bytes. */
export interface RequestValues<Requested extends Layout> {
  header: Numbers<Requested['header']['fields'][number]['name']>;
  /** Fixed-length fields. A length field may be left out: it is filled in from the bytes that it measures. */
  fields?: Numbers<Requested['fields'][number]['name']>;
  /** Bytes that follow the fields. */
  readable?: Readonly<Partial<Record<Requested['readable'][number]['name'], Uint8Array>>>;
  /** The number of bytes that the device may write for each part of the result. */
  writable?: Readonly<Partial<Record<Requested['writable'][number]['name'], number>>>;
}

/** A request as it goes into a chain, without its status. A part of no bytes has no buffer. */
export interface EncodedRequest {
  /** Header and fixed-length fields, little-endian. Fields without a value are 0. */
  header: Uint8Array<ArrayBuffer>;
  /** The parts after the header that the device may read, in the layout's order. */
  readable: Uint8Array[];
  /** Lengths in bytes of the parts that the device may write, in the layout's order. */
  writable: number[];
}

/**
 * Encodes a request (5.9.7).
 * @param revision1 whether VIRTIO_CRYPTO_F_REVISION_1 was negotiated: without it the fixed-length fields are padded
 * @throws Error for a field that the layout does not have
 * @throws RangeError for a field beyond the padded length: stateless layouts need REVISION_1
 */
export function encode<Requested extends Layout>(
  layout: Requested,
  revision1: boolean,
  values: RequestValues<Requested>,
): EncodedRequest {
  const { header = {}, fields = {}, readable = {}, writable = {} }: RequestValues<Layout> = values;
  const view = new DataView(new ArrayBuffer(revision1 ? layout.bytes : layout.header.legacyBytes));
  const request: EncodedRequest = { header: new Uint8Array(view.buffer), readable: [], writable: [] };
  for (const { name, length } of layout.readable) {
    const bytes = readable[name];
    if (!bytes || bytes.length === 0) continue;
    write(view, layout.fields, length, bytes.length);
    request.readable.push(bytes);
  }
  for (const { name, length } of layout.writable) {
    const bytes = writable[name] ?? 0;
    if (bytes === 0) continue;
    write(view, layout.fields, length, bytes);
    request.writable.push(bytes);
  }
  for (const [name, value = 0] of Object.entries(header)) write(view, layout.header.fields, name, value);
  for (const [name, value = 0] of Object.entries(fields)) write(view, layout.fields, name, value);
  return request;
}

function write(view: DataView, fields: readonly Field[], name: string, value: number | bigint): void {
  const field = fields.find((candidate) => candidate.name === name);
  if (!field) throw new Error(`The layout has no field ${name}.`);
  if (field.bytes === 8) view.setBigUint64(field.offset, BigInt(value), true);
  else view.setUint32(field.offset, Number(value), true);
}
