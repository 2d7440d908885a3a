import * as virtio from '../../../spec/virtio.ts';
import type { CryptoDevice } from '../../device/device.ts';
import type { GuestView } from '../../trace/index.ts';
import { advance, isAvailableAt, placeOf } from '../../trace/packed_position.ts';
import { packedList, type ReadChain, splitChain } from '../checker/descriptors.ts';

/** The most descriptors that are read, because a guest may offer one long chain many times. */
const DESCRIPTORS_MAX = 65536;

/** The chains that the device would take next from a queue. */
export function availableChains(device: CryptoDevice, view: GuestView, queue: number): ReadChain[] {
  const registers = device.queues[queue];
  if (!registers?.enabled) return [];
  const { ring, size } = registers;
  const table = Number(registers.desc);
  const { nextAvail } = device.positions(queue);
  const chains: ReadChain[] = [];
  let left = DESCRIPTORS_MAX;
  const take = (chain: ReadChain) => {
    chains.push(chain);
    left -= chain.own.length + chain.indirect.length;
  };
  if (ring === 'split') {
    const avail = Number(registers.driver);
    const idx = view.uint16(avail + virtio.AVAIL_IDX) ?? nextAvail;
    const count = Math.min((idx - nextAvail) & 0xffff, size);
    for (let i = 0; i < count && left > 0; i++) {
      const slot = (nextAvail + i) & (size - 1);
      const head = view.uint16(avail + virtio.AVAIL_RING + slot * virtio.AVAIL_ELEM_BYTES) ?? 0;
      take(splitChain(view, table, size, head));
    }
    return chains;
  }
  let position = nextAvail;
  let room = size;
  while (left > 0 && room > 0 && isAvailableAt(view, table, position)) {
    const list = packedList(view, table, size, placeOf(position));
    if (list.own.length === 0) break;
    take(list);
    room -= list.own.length;
    position = advance(position, list.own.length, size);
  }
  return chains;
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
