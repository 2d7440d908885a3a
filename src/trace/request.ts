import type { RequestBackend } from '../backend/contract.ts';

/** A descriptor as the driver wrote it (2.7.5, 2.8.13). */
export interface TracedDescriptor {
  /** The table that it is in: the ring's own table, or an indirect table (2.7.5.3, 2.8.7). */
  table: 'ring' | 'indirect';
  /** Its index in the table. */
  index: number;
  /** Guest-physical address of the buffer. */
  address: number;
  /** Length of the buffer in bytes. */
  bytes: number;
  /** VIRTQ_DESC_F_* bits. */
  flags: number;
  /** `next` in a split ring; the buffer id in a packed ring. */
  last: number;
}

/** A buffer of a request. */
export interface TracedBuffer {
  /** Guest-physical address. */
  address: number;
  /** Length in bytes. */
  bytes: number;
  /** Whether the device may write it. */
  writable: boolean;
  /** Its first bytes, at most 256, written by the driver or by the device. */
  data: Uint8Array<ArrayBuffer>;
}

/** One request, from the descriptor chain to the used element. */
export interface TracedRequest {
  /** Serial number, from 1 on; 0 for a request that still waits. */
  serial: number;
  /** Number of the virtqueue. */
  queue: number;
  /** Whether the queue is the control queue (5.9.2). */
  control: boolean;
  /** Whether the queue is the administration queue (virtio 1.4, 2.13). Left out if it is not. */
  admin?: boolean;
  ring: 'split' | 'packed';
  /** Whether VIRTIO_CRYPTO_F_REVISION_1 was negotiated: without it headers are padded (5.9.7). */
  layout: 'legacy' | 'revision1';
  /** Whether the stateless mode of the request's service was negotiated: the service's data requests then have other fields (5.9.7.3). */
  stateless: boolean;
  /** Head of the chain in a split ring; the buffer id in a packed ring. */
  head: number;
  descriptors: TracedDescriptor[];
  buffers: TracedBuffer[];
  /** Length in the used element: bytes that the device wrote. */
  usedBytes: number;
  /** The last writable byte: the status of a data request (5.9.7.3). */
  lastByte: number;
  /** The session's algorithm; undefined if the session is not known. */
  algorithm: string | undefined;
  /** When the device took it, in milliseconds since 1970. */
  startedAt: number;
  /** Milliseconds until it was completed. */
  duration: number;
  /** Number of requests of one notification that share the duration. */
  batch: number;
  /** Where it ran. */
  backend: RequestBackend;
}
