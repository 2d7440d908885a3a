// Positions in a packed ring (2.8.1), as the device has them: a place, and the wrap counter in bit 15.
import * as virtio from '../../spec/virtio.ts';
import type { GuestView } from './guest_view.ts';

/** The wrap counter in a position. */
export const WRAP = 1 << virtio.EVENT_WRAP_BIT;

/** The place of a position. */
export const placeOf = (position: number): number => position & (WRAP - 1);

/** The position that is `places` places further. */
export function advance(position: number, places: number, size: number): number {
  const next = placeOf(position) + places;
  return next >= size ? ((position & WRAP) ^ WRAP) | (next - size) : (position & WRAP) | next;
}

/** Whether the driver has made the descriptor at a position available. @param table guest-physical address of the ring */
export function isAvailableAt(view: GuestView, table: number, position: number): boolean {
  const flags = view.uint16(table + placeOf(position) * virtio.DESC_BYTES + virtio.PACKED_DESC_FLAGS) ?? 0;
  const expected = position & WRAP ? virtio.PACKED_DESC_F_AVAIL : virtio.PACKED_DESC_F_USED;
  return (flags & (virtio.PACKED_DESC_F_AVAIL | virtio.PACKED_DESC_F_USED)) === expected;
}
