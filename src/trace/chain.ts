import * as spec from '../../spec/virtio.ts';
import type { GuestView } from './guest_view.ts';
import type { TracedBuffer, TracedDescriptor } from './request.ts';

/** A descriptor chain in a ring (2.7.5, 2.8.6). */
export interface Chain {
  /** Its descriptors, at most 1024, in the ring's own table and in an indirect table. */
  descriptors: TracedDescriptor[];
  /** Number of places that it takes in the ring's own table. */
  ringDescriptors: number;
  /** The index of the head in a split ring; the buffer id in a packed ring (2.8.6). */
  id: number;
  /** Its buffers. Readable buffers have their first bytes. Writable buffers have none, because the device has not written yet. */
  buffers: TracedBuffer[];
}

/** A chain is followed up to this many descriptors, because a loop must end. */
export const DESCRIPTORS_MAX = 1024;
/** Bytes that are kept of each buffer, and of all readable or all writable buffers together. */
export const BYTES_KEPT = 256;
export const BYTES_KEPT_TOGETHER = 4096;

/** Reads a descriptor of a table at guest-physical `base`; undefined if it is not in RAM. */
export function readDescriptor(
  view: GuestView,
  table: TracedDescriptor['table'],
  base: number,
  index: number,
  packed: boolean,
): TracedDescriptor | undefined {
  const at = base + index * spec.DESC_BYTES;
  const address = view.uint64(at + spec.DESC_ADDR);
  const bytes = view.uint32(at + spec.DESC_LEN);
  const flags = view.uint16(at + (packed ? spec.PACKED_DESC_FLAGS : spec.DESC_FLAGS));
  const last = view.uint16(at + (packed ? spec.PACKED_DESC_ID : spec.DESC_NEXT));
  if (address === undefined || bytes === undefined || flags === undefined || last === undefined) return undefined;
  return { table, index, address, bytes, flags, last };
}

/** Reads the split ring's chain that starts at `head` (2.7.5). A malformed chain ends at its first wrong descriptor. */
export function readSplitChain(view: GuestView, table: number, size: number, head: number): Chain {
  const descriptors: TracedDescriptor[] = [];
  let index = head;
  let ringDescriptors = 0;
  while (ringDescriptors < Math.min(size, DESCRIPTORS_MAX) && index < size) {
    const descriptor = readDescriptor(view, 'ring', table, index, false);
    if (!descriptor) break;
    descriptors.push(descriptor);
    ringDescriptors++;
    if (descriptor.flags & spec.DESC_F_INDIRECT) {
      readIndirect(view, descriptor, false, descriptors);
      break;
    }
    if (!(descriptor.flags & spec.DESC_F_NEXT)) break;
    index = descriptor.last;
  }
  return { descriptors, ringDescriptors, id: head, buffers: buffersOf(view, descriptors) };
}

/** Reads the packed ring's chain at `place` (2.8.6). */
export function readPackedChain(view: GuestView, table: number, size: number, place: number): Chain {
  const descriptors: TracedDescriptor[] = [];
  let ringDescriptors = 0;
  let id = 0;
  while (ringDescriptors < size) {
    const descriptor = readDescriptor(view, 'ring', table, (place + ringDescriptors) % size, true);
    if (!descriptor) break;
    if (descriptors.length < DESCRIPTORS_MAX) descriptors.push(descriptor);
    ringDescriptors++;
    id = descriptor.last;
    if (descriptor.flags & spec.DESC_F_INDIRECT) readIndirect(view, descriptor, true, descriptors);
    if (!(descriptor.flags & spec.DESC_F_NEXT)) break;
  }
  return { descriptors, ringDescriptors, id, buffers: buffersOf(view, descriptors) };
}

/** Reads an indirect table. In a split ring its entries are chained (2.7.5.3); in a packed ring they are in order (2.8.7). */
function readIndirect(view: GuestView, of: TracedDescriptor, packed: boolean, descriptors: TracedDescriptor[]): void {
  const entries = Math.floor(of.bytes / spec.DESC_BYTES);
  let index = 0;
  while (index < entries && descriptors.length < DESCRIPTORS_MAX) {
    const descriptor = readDescriptor(view, 'indirect', of.address, index, packed);
    if (!descriptor) return;
    descriptors.push(descriptor);
    if (packed) index++;
    else if (descriptor.flags & spec.DESC_F_NEXT) index = descriptor.last;
    else return;
  }
}

function buffersOf(view: GuestView, descriptors: readonly TracedDescriptor[]): TracedBuffer[] {
  const buffers = descriptors
    .filter(({ flags }) => !(flags & spec.DESC_F_INDIRECT))
    .map(({ address, bytes, flags }): TracedBuffer => {
      return { address, bytes, writable: (flags & spec.DESC_F_WRITE) !== 0, data: new Uint8Array() };
    });
  keepBytes(view, buffers, false);
  return buffers;
}

/** Fills in the first bytes of the writable buffers, when the device has written them. */
export function readResults(view: GuestView, buffers: readonly TracedBuffer[]): void {
  keepBytes(view, buffers, true);
}

function keepBytes(view: GuestView, buffers: readonly TracedBuffer[], writable: boolean): void {
  let left = BYTES_KEPT_TOGETHER;
  for (const buffer of buffers) {
    if (buffer.writable !== writable) continue;
    buffer.data = view.copy(buffer.address, Math.min(buffer.bytes, BYTES_KEPT, left));
    left -= buffer.data.length;
    if (left === 0) return;
  }
}

/** The last byte of the writable part, or 0xff when there is none. */
export function lastWritableByte(view: GuestView, buffers: readonly TracedBuffer[]): number {
  const last = buffers.findLast(({ writable, bytes }) => writable && bytes > 0);
  return (last && view.uint8(last.address + last.bytes - 1)) ?? 0xff;
}
