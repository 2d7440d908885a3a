/** A field of a request. */
export interface Field {
  /** The part of the request that it is in: its readable or its writable buffers. */
  part: 'readable' | 'writable';
  /** Offset from the start of the part, in bytes. */
  offset: number;
  /** Length in bytes. */
  bytes: number;
  /** Its first bytes, as far as the trace has kept them. */
  data: Uint8Array<ArrayBuffer>;
  /** The specification's name of the field. */
  name: string;
  /** The value in words. */
  value: string;
  /** The section of the specification that defines the field. */
  section: string;
  /** Whether it is a key: show it only on request. */
  secret: boolean;
}

/** A summary of a request, for one line of a list. */
export interface Summary {
  /** The opcode's name without VIRTIO_CRYPTO_ or VIRTIO_ADMIN_CMD_. */
  operation: string;
  /** The names of its algorithms; empty if they are not known. */
  algorithm: string;
  /** Length in bytes of the source, of the keys of a new session, or of an administration command's own data. */
  bytes: number;
  /** The session's name: see sessionName(). '-' for none. */
  session: string;
  /** The status's name without VIRTIO_CRYPTO_ or VIRTIO_ADMIN_STATUS_. */
  status: string;
}
