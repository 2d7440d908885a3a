import type { RequestBackend } from '../backend/contract.ts';

/** A descriptor as the driver wrote it (2.7.5, 2.8.13). */
export interface TracedDescriptor {
  /** Whether it stands in the ring's own table or in an indirect one (2.7.5.3). */
  table: 'ring' | 'indirect';
  index: number;
  address: number;
  bytes: number;
  flags: number;
  /** `next` of a split ring, the buffer id of a packed one. */
  last: number;
}

/** A buffer of a request with its first bytes: what the driver wrote, or what the device answered. */
export interface TracedBuffer {
  address: number;
  bytes: number;
  writable: boolean;
  data: Uint8Array<ArrayBuffer>;
}

/** One request from the descriptor chain to the used element. */
export interface TracedRequest {
  /** Counts the requests that were looked at. */
  serial: number;
  queue: number;
  control: boolean;
  ring: 'split' | 'packed';
  /** Whether VIRTIO_CRYPTO_F_REVISION_1 was negotiated: without it headers are padded (5.9.7). */
  layout: 'legacy' | 'revision1';
  /** Whether the stateless mode of the request's service was negotiated: all of its data requests then have other fields (5.9.7.3). */
  stateless: boolean;
  /** Head of the chain, or the buffer id of a packed ring. */
  head: number;
  descriptors: TracedDescriptor[];
  buffers: TracedBuffer[];
  /** Bytes that the used element says were written. */
  usedBytes: number;
  /** The last writable byte, where a data request has its status (5.9.7.3). */
  lastByte: number;
  /** The session's algorithm, if the session is known. */
  algorithm: string | undefined;
  /** Milliseconds since 1970 at which the device took it. */
  startedAt: number;
  /** Milliseconds until it was answered, and how many requests of one notification shared them. */
  duration: number;
  batch: number;
  /** Where it ran. */
  backend: RequestBackend;
}
