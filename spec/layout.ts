// How this project describes the layout of a request: numbers at their offsets, and the bytes whose lengths these numbers are.
// For TypeScript only. The layouts themselves are in spec/layouts.ts.

/** What a number of a request means. The inspector needs it to show the number in words. */
export type Meaning =
  | 'number'
  | 'bits'
  /** A length in bytes. */
  | 'length'
  /** DIRECTION_* of spec/crypto.ts. */
  | 'direction'
  /** service << 8 | operation (5.9.7.2, 5.9.7.3). */
  | 'control opcode'
  | 'data opcode'
  /** CRYPTO_* of spec/crypto.ts (5.9.7.1). */
  | 'status'
  /** An algorithm of the service with this number. */
  | { readonly algorithmOf: number }
  /** An algorithm of MAC or of HASH, as the hash_mode at this offset says (5.9.7.2.1). */
  | { readonly chainedAlgorithm: number }
  /** One of a few values, by the names that the specification gives them. */
  | { readonly names: Readonly<Record<number, string>> };

/** A number in the fixed-length part of a request, little-endian. */
export interface Field<Name extends string = string> {
  readonly name: Name;
  /** In bytes, from the start of the request's readable part. */
  readonly offset: number;
  readonly bytes: 4 | 8;
  readonly meaning: Meaning;
}

/** Bytes of variable length: keys, IVs, data and results. */
export interface Variable<Name extends string = string, Length extends string = string> {
  readonly name: Name;
  /** The field that says how many bytes there are. */
  readonly length: Length;
  /** A key. It must not be shown, and must not leave the machine. */
  readonly secret?: true;
}

/** The general header that every request of a queue starts with (5.9.7.2, 5.9.7.3). */
export interface Header<Name extends string = string> {
  readonly section: string;
  readonly fields: readonly Field<Name>[];
  readonly bytes: number;
  /** Length of header and fixed-length fields without VIRTIO_CRYPTO_F_REVISION_1, which pads them. */
  readonly legacyBytes: number;
}

/** A kind of request: its header, its fixed-length fields, and the bytes that follow in the readable and in the writable part. */
export interface Layout<
  Name extends string = string,
  Readable extends string = string,
  Writable extends string = string,
  HeaderName extends string = string,
> {
  /** Section of the specification that defines the fields. */
  readonly section: string;
  readonly header: Header<HeaderName>;
  readonly fields: readonly Field<Name>[];
  /** Length of header and fixed-length fields with VIRTIO_CRYPTO_F_REVISION_1. */
  readonly bytes: number;
  /** The bytes behind the fixed-length fields, in this order. */
  readonly readable: readonly Variable<Readable>[];
  /** The bytes that the device writes before the status, in this order. */
  readonly writable: readonly Variable<Writable>[];
}

/** Reads the le32 field at an offset of a request's readable part. Returns 0 if the request is too short. */
export type ReadField = (offset: number) => number;

/**
 * The layouts of a service's requests. A function chooses a layout by the request's own fields. It returns a layout for every value
 * of these fields, because the bytes may come from a hostile guest.
 */
export interface ServiceLayouts {
  /** Of a request that creates a session (5.9.7.2.1), if the service has sessions. */
  session?(at: ReadField): Layout;
  /** Of a data request (5.9.7.3), where the service's stateless mode was not negotiated. */
  data(at: ReadField, revision1: boolean): Layout;
  /** Of a data request, in session mode too, where the service's stateless mode was negotiated. */
  stateless?(at: ReadField): Layout;
}

/** A le32 field. */
export function le32<const Name extends string>(name: Name, offset: number, meaning: Meaning = 'number'): Field<Name> {
  return { name, offset, bytes: 4, meaning };
}

/** A le64 field. */
export function le64<const Name extends string>(name: Name, offset: number): Field<Name> {
  return { name, offset, bytes: 8, meaning: 'bits' };
}

/** A layout whose names the compiler knows: each length must be one of the fields. */
export function layout<
  const Name extends string,
  const Readable extends string = never,
  const Writable extends string = never,
  const HeaderName extends string = string,
>(given: {
  section: string;
  header: Header<HeaderName>;
  bytes: number;
  fields: readonly Field<Name>[];
  readable?: readonly Variable<Readable, NoInfer<Name>>[];
  writable?: readonly Variable<Writable, NoInfer<Name>>[];
}): Layout<Name, Readable, Writable, HeaderName> {
  return { readable: [], writable: [], ...given };
}

/** The field of a layout with this name. Undefined if there is none. Fields of the header do not count. */
export function fieldNamed({ fields }: Layout, name: string): Field | undefined {
  return fields.find((field) => field.name === name);
}
