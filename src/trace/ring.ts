import * as spec from '../../spec/virtio.ts';
import type { CryptoDevice } from '../device/device.ts';
import { hasFeature } from '../device/features.ts';
import type { QueueKind } from '../device/queue_registers.ts';
import { GuestView } from './guest_view.ts';

/** A descriptor of a ring's own table (2.7.5, 2.8.13). */
export interface RingDescriptor {
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
  /** Packed ring: whether the descriptor is available to the device, or used (2.8.1). */
  state: 'available' | 'used' | '';
}

/** A snapshot of a virtqueue in guest memory, around the device's position. */
export interface RingSnapshot {
  /** Number of the virtqueue. */
  queue: number;
  /** The specification's name: dataq1 and so on, controlq (5.9.2), or adminq. */
  name: string;
  kind: 'split' | 'packed';
  enabled: boolean;
  /** Number of entries. */
  size: number;
  /** Number of requests completed since the driver enabled the queue. */
  requests: number;
  /** The device's positions: see QueuePositions. */
  nextAvail: number;
  nextUsed: number;
  /** Up to 16 descriptors around the next one. */
  descriptors: RingDescriptor[];
  /** Split ring only: the indices, and up to 16 elements of each ring around them. */
  availIdx: number;
  usedIdx: number;
  avail: { place: number; head: number }[];
  used: { place: number; id: number; bytes: number }[];
  /** Event suppression (2.7.10, 2.8.10), as the two sides wrote it. */
  usedEvent: number;
  availEvent: number;
}

/** Elements shown of each table. */
const WINDOW = 16;

/** Makes a snapshot of a device's queue. If the queue is not enabled, the lists are empty. */
export function ringSnapshot(device: CryptoDevice, index: number): RingSnapshot {
  const queue = device.queues[index];
  const positions = device.positions(index);
  const packed = hasFeature(device.driverFeatures, spec.F_RING_PACKED);
  const snapshot: RingSnapshot = {
    queue: index,
    name: nameOf(queue?.kind, index),
    kind: packed ? 'packed' : 'split',
    enabled: queue?.enabled ?? false,
    size: queue?.size ?? 0,
    requests: device.requests(index),
    ...positions,
    descriptors: [],
    availIdx: 0,
    usedIdx: 0,
    avail: [],
    used: [],
    usedEvent: 0,
    availEvent: 0,
  };
  if (!queue?.enabled) return snapshot;
  const view = new GuestView(device.guest);
  const addresses = { desc: Number(queue.desc), driver: Number(queue.driver), device: Number(queue.device) };
  if (packed) readPacked(view, addresses, snapshot);
  else readSplit(view, addresses, snapshot);
  return snapshot;
}

function nameOf(kind: QueueKind = 'data', index: number): string {
  if (kind === 'data') return `dataq${index + 1}`;
  return kind === 'control' ? 'controlq' : 'adminq';
}

interface Addresses {
  desc: number;
  driver: number;
  device: number;
}

function readSplit(view: GuestView, { desc, driver, device }: Addresses, ring: RingSnapshot): void {
  const { size } = ring;
  ring.availIdx = view.uint16(driver + spec.AVAIL_IDX) ?? 0;
  ring.usedIdx = view.uint16(device + spec.USED_IDX) ?? 0;
  ring.usedEvent = view.uint16(driver + spec.AVAIL_RING + size * spec.AVAIL_ELEM_BYTES) ?? 0;
  ring.availEvent = view.uint16(device + spec.USED_RING + size * spec.USED_ELEM_BYTES) ?? 0;
  const count = Math.min(WINDOW, size);
  // Windows start at multiples of their length, so that each step moves the position in the window, not the window itself.
  const first = Math.floor((ring.availIdx & (size - 1)) / count) * count;
  for (let place = first; place < first + count; place++) {
    ring.avail.push({ place, head: view.uint16(driver + spec.AVAIL_RING + place * spec.AVAIL_ELEM_BYTES) ?? 0 });
    const element = device + spec.USED_RING + place * spec.USED_ELEM_BYTES;
    ring.used.push({
      place,
      id: view.uint32(element + spec.USED_ELEM_ID) ?? 0,
      bytes: view.uint32(element + spec.USED_ELEM_LEN) ?? 0,
    });
  }
  const head = ring.avail[(ring.nextAvail & (size - 1)) - first]?.head ?? 0;
  readTable(view, desc, ring, Math.floor(head / count) * count, count);
}

function readPacked(view: GuestView, { desc, driver, device }: Addresses, ring: RingSnapshot): void {
  ring.usedEvent = view.uint16(driver + spec.EVENT_SUPPRESS_OFFSET) ?? 0;
  ring.availEvent = view.uint16(device + spec.EVENT_SUPPRESS_OFFSET) ?? 0;
  const count = Math.min(WINDOW, ring.size);
  const place = ring.nextAvail & ((1 << spec.EVENT_WRAP_BIT) - 1);
  readTable(view, desc, ring, Math.floor(place / count) * count, count);
}

function readTable(view: GuestView, table: number, ring: RingSnapshot, first: number, count: number): void {
  const packed = ring.kind === 'packed';
  for (let index = first; index < Math.min(first + count, ring.size); index++) {
    const at = table + index * spec.DESC_BYTES;
    const flags = view.uint16(at + (packed ? spec.PACKED_DESC_FLAGS : spec.DESC_FLAGS)) ?? 0;
    ring.descriptors.push({
      index,
      address: view.uint64(at + spec.DESC_ADDR) ?? 0,
      bytes: view.uint32(at + spec.DESC_LEN) ?? 0,
      flags,
      last: view.uint16(at + (packed ? spec.PACKED_DESC_ID : spec.DESC_NEXT)) ?? 0,
      state: packed ? packedState(flags) : '',
    });
  }
}

/** 2.8.1: AVAIL and USED differ in an available descriptor, and are equal in a used descriptor. */
function packedState(flags: number): RingDescriptor['state'] {
  const avail = (flags & spec.PACKED_DESC_F_AVAIL) !== 0;
  const used = (flags & spec.PACKED_DESC_F_USED) !== 0;
  return avail === used ? 'used' : 'available';
}
