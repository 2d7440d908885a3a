import * as virtio from '../../../spec/virtio.ts';
import type { CryptoDevice } from '../../device/device.ts';
import type { GuestView } from '../../trace/index.ts';
import { packedList, type ReadChain, splitChain } from '../checker/descriptors.ts';

const WRAP = 1 << virtio.EVENT_WRAP_BIT;

/** The chains that the device would take next from a queue. */
export function availableChains(device: CryptoDevice, view: GuestView, queue: number): ReadChain[] {
  const registers = device.queues[queue];
  if (!registers?.enabled) return [];
  const { ring, size } = registers;
  const table = Number(registers.desc);
  const { nextAvail } = device.positions(queue);
  const chains: ReadChain[] = [];
  if (ring === 'split') {
    const avail = Number(registers.driver);
    const idx = view.uint16(avail + virtio.AVAIL_IDX) ?? nextAvail;
    const count = Math.min((idx - nextAvail) & 0xffff, size);
    for (let i = 0; i < count; i++) {
      const slot = (nextAvail + i) & (size - 1);
      const head = view.uint16(avail + virtio.AVAIL_RING + slot * virtio.AVAIL_ELEM_BYTES) ?? 0;
      chains.push(splitChain(view, table, size, head));
    }
    return chains;
  }
  let place = nextAvail & (WRAP - 1);
  let wrap = (nextAvail & WRAP) !== 0;
  for (let left = size; left > 0 && isAvailable(view, table, place, wrap); ) {
    const list = packedList(view, table, size, place);
    if (list.own.length === 0) break;
    chains.push(list);
    left -= list.own.length;
    place += list.own.length;
    if (place >= size) {
      place -= size;
      wrap = !wrap;
    }
  }
  return chains;
}

function isAvailable(view: GuestView, table: number, place: number, wrap: boolean): boolean {
  const flags = view.uint16(table + place * virtio.DESC_BYTES + virtio.PACKED_DESC_FLAGS) ?? 0;
  const marks = flags & (virtio.PACKED_DESC_F_AVAIL | virtio.PACKED_DESC_F_USED);
  return marks === (wrap ? virtio.PACKED_DESC_F_AVAIL : virtio.PACKED_DESC_F_USED);
}

/** The id by which a used element names a chain: the head in a split ring, the id of the last descriptor in a packed ring. */
export function idOf(chain: ReadChain, ring: 'split' | 'packed'): number {
  return ring === 'split' ? chain.head : (chain.own.at(-1)?.last ?? 0);
}

/** Guest-physical address of the last byte that the device may write: the status of a data request (5.9.7.3). */
export function statusAddress({ own, indirect }: ReadChain): number | undefined {
  const last = [...own, ...indirect].findLast(({ flags, bytes }) => flags & virtio.DESC_F_WRITE && bytes > 0);
  return last && last.address + last.bytes - 1;
}

/** Bytes that the device may write. */
export function writableBytes({ own, indirect }: ReadChain): number {
  return [...own, ...indirect].reduce((sum, { flags, bytes }) => sum + (flags & virtio.DESC_F_WRITE ? bytes : 0), 0);
}
