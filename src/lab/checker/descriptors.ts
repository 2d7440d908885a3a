// Reads descriptor chains for the checker: all of them, also those that a device would refuse, but none of their contents.
import * as virtio from '../../../spec/virtio.ts';
import { readDescriptor } from '../../trace/chain.ts';
import type { GuestView, TracedDescriptor } from '../../trace/index.ts';

/** A chain of a split ring, or a list of a packed ring. */
export interface ReadChain {
  /** The head's index in a split ring, the first descriptor's place in a packed ring. */
  head: number;
  /** The descriptors in the ring's own table. */
  own: TracedDescriptor[];
  /** The descriptors in the indirect table of the last of them. */
  indirect: TracedDescriptor[];
  /** Whether it goes on behind the last descriptor that was read: it is too long, or its `next` leads back. */
  endless: boolean;
}

/** The most descriptors of an indirect table that are read. */
const INDIRECT_MAX = 1024;

/** Reads the chain of a split ring that begins at `head` (2.7.5). */
export function splitChain(view: GuestView, table: number, size: number, head: number): ReadChain {
  const own: TracedDescriptor[] = [];
  let next: number | undefined = head;
  while (next !== undefined && next < size && own.length < size) {
    const descriptor = readDescriptor(view, 'ring', table, next, false);
    if (!descriptor) break;
    own.push(descriptor);
    next = descriptor.flags & virtio.DESC_F_NEXT ? descriptor.last : undefined;
  }
  const endless = next !== undefined && own.length === size;
  return { head, own, indirect: indirectOf(view, own.at(-1), false), endless };
}

/** Reads the list of a packed ring that begins at `place` (2.8.5). */
export function packedList(view: GuestView, table: number, size: number, place: number): ReadChain {
  const own: TracedDescriptor[] = [];
  let goesOn = true;
  while (goesOn && own.length < size) {
    const descriptor = readDescriptor(view, 'ring', table, (place + own.length) % size, true);
    if (!descriptor) break;
    own.push(descriptor);
    goesOn = (descriptor.flags & virtio.DESC_F_NEXT) !== 0;
  }
  return { head: place, own, indirect: indirectOf(view, own.at(-1), true), endless: goesOn && own.length === size };
}

/** The entries of an indirect table, in their order in the table. Which of them form the chain, `next` says in a split ring. */
function indirectOf(view: GuestView, of: TracedDescriptor | undefined, packed: boolean): TracedDescriptor[] {
  if (!of || !(of.flags & virtio.DESC_F_INDIRECT)) return [];
  const entries = Math.min(Math.floor(of.bytes / virtio.DESC_BYTES), INDIRECT_MAX);
  const read: TracedDescriptor[] = [];
  let index = 0;
  while (index < entries && read.length < entries) {
    const descriptor = readDescriptor(view, 'indirect', of.address, index, packed);
    if (!descriptor) break;
    read.push(descriptor);
    if (packed) index++;
    else if (descriptor.flags & virtio.DESC_F_NEXT) index = descriptor.last;
    else break;
  }
  return read;
}

/** Whether two descriptors hold the same bytes. */
export function sameDescriptor(a: TracedDescriptor, b: TracedDescriptor | undefined): boolean {
  return b !== undefined && a.address === b.address && a.bytes === b.bytes && a.flags === b.flags && a.last === b.last;
}
