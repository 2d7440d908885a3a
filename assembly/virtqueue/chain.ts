// The chain reader turns descriptors into checked buffers. It loads each descriptor once, because the guest may change
// it meanwhile. Each kind of ring has its own walk, and the two share the checks of indirect descriptors.
import {
  FAULT_CHAIN_LENGTH,
  FAULT_DESCRIPTOR_INDEX,
  FAULT_DESCRIPTOR_LOOP,
  FAULT_INDIRECT_ADDRESS,
  FAULT_INDIRECT_LENGTH,
  FAULT_INDIRECT_NESTED,
  FAULT_INDIRECT_NEXT,
  FAULT_INDIRECT_NOT_NEGOTIATED,
  FAULT_NONE,
} from '../../spec/engine';
import {
  DESC_ADDR,
  DESC_BYTES,
  DESC_F_INDIRECT,
  DESC_F_NEXT,
  DESC_FLAGS,
  DESC_LEN,
  DESC_NEXT,
  PACKED_DESC_F_AVAIL,
  PACKED_DESC_F_USED,
  PACKED_DESC_FLAGS,
  PACKED_DESC_ID,
} from '../../spec/virtio';
import { Device } from '../device';
import { GuestPointer, NO_RAM, fetch, guestLoad, translate } from '../memory/guest';
import { chargeDescriptors } from '../statistics';
import { addBuffer, beginBuffers, endBuffers } from '../chain/buffers';
import { Queue } from './queue';

/** `next` has 16 bits, so a walk through a longer indirect table reaches no more descriptors than this. */
const NAMEABLE_DESCRIPTORS: u32 = 0x10000;

/**
 * Reads the split ring's chain that starts at descriptor `head` into the device's buffer list. A walk has no more steps
 * than its table has descriptors, so a loop ends. Returns FAULT_NONE or the fault of the chain.
 */
export function readSplitChain(device: Device, queue: Queue, head: u32): u32 {
  let table = queue.desc;
  let tableSize = queue.size;
  let index = head;
  let visited: u32 = 0;
  let inIndirect = false;
  beginBuffers(device);
  while (true) {
    if (index >= tableSize) return FAULT_DESCRIPTOR_INDEX;
    if (visited++ == tableSize) return FAULT_DESCRIPTOR_LOOP;
    const descriptor = fetch(device, table + index * DESC_BYTES, DESC_BYTES);
    const address = load<u64>(descriptor + DESC_ADDR);
    const bytes = load<u32>(descriptor + DESC_LEN);
    const flags = <u32>load<u16>(descriptor + DESC_FLAGS);
    const next = <u32>load<u16>(descriptor + DESC_NEXT);
    if (flags & DESC_F_INDIRECT) {
      if (inIndirect) return FAULT_INDIRECT_NESTED;
      const fault = checkIndirect(queue, bytes, flags);
      if (fault != FAULT_NONE) return fault;
      table = translate(device, address, bytes);
      if (table == NO_RAM) return FAULT_INDIRECT_ADDRESS;
      tableSize = min<u32>(bytes / DESC_BYTES, NAMEABLE_DESCRIPTORS);
      index = 0;
      visited = 0;
      inIndirect = true;
      continue;
    }
    const fault = addBuffer(device, address, bytes, flags);
    if (fault != FAULT_NONE) return fault;
    if (!(flags & DESC_F_NEXT)) break;
    index = next;
  }
  chargeDescriptors(device, visited);
  endBuffers(device);
  return FAULT_NONE;
}

/**
 * Reads the packed ring's next chain into the device's buffer list. Leaves the chain's buffer id and its number of
 * descriptors in the queue. Reads AVAIL and USED of the head alone, because DPDK does not set them in the others.
 * @param left the most descriptors that the driver can have made available: a longer chain is a loop
 * @returns FAULT_NONE or the fault of the chain
 */
export function readPackedChain(device: Device, queue: Queue, left: u32): u32 {
  let index: u32 = queue.nextAvail;
  let count: u32 = 0;
  beginBuffers(device);
  while (true) {
    // 2.8.17: no chain is longer than the queue.
    if (count++ == left) return FAULT_DESCRIPTOR_LOOP;
    const descriptor = fetch(device, queue.desc + index * DESC_BYTES, DESC_BYTES);
    const address = load<u64>(descriptor + DESC_ADDR);
    const bytes = load<u32>(descriptor + DESC_LEN);
    const flags = <u32>load<u16>(descriptor + PACKED_DESC_FLAGS);
    const id = <u32>load<u16>(descriptor + PACKED_DESC_ID);
    if (flags & DESC_F_INDIRECT) {
      // 2.8.19: an indirect descriptor is alone in its chain.
      if (count > 1) return FAULT_INDIRECT_NEXT;
      let fault = checkIndirect(queue, bytes, flags);
      if (fault == FAULT_NONE) fault = readPackedTable(device, address, bytes);
      if (fault != FAULT_NONE) return fault;
    } else {
      const fault = addBuffer(device, address, bytes, flags);
      if (fault != FAULT_NONE) return fault;
    }
    if (!(flags & DESC_F_NEXT)) {
      // 2.8.6: the last descriptor holds the buffer id.
      queue.chainId = id;
      break;
    }
    if (++index == queue.size) index = 0;
  }
  queue.chainDescriptors = count;
  chargeDescriptors(device, count);
  endBuffers(device);
  return FAULT_NONE;
}

/** Whether the packed ring's next descriptor is available (2.8.1): AVAIL matches the wrap counter, USED does not. */
@inline
export function packedAvailable(queue: Queue): bool {
  const flags = <u32>guestLoad<u16>(queue.desc + <u32>queue.nextAvail * DESC_BYTES + PACKED_DESC_FLAGS);
  return (
    (flags & (PACKED_DESC_F_AVAIL | PACKED_DESC_F_USED)) == (queue.availWrap ? PACKED_DESC_F_AVAIL : PACKED_DESC_F_USED)
  );
}

/** Reads a packed ring's indirect table (2.8.7): all its descriptors in order. Of their flags only WRITE counts. */
@inline
function readPackedTable(device: Device, address: u64, bytes: u32): u32 {
  // 2.8.18: the device may limit a chain's length. It checks here, because entries of no bytes never fill the list.
  if (bytes / DESC_BYTES > device.bufferCapacity) return FAULT_CHAIN_LENGTH;
  const table: GuestPointer = translate(device, address, bytes);
  if (table == NO_RAM) return FAULT_INDIRECT_ADDRESS;
  chargeDescriptors(device, bytes / DESC_BYTES);
  for (let entry = table; entry < table + bytes; entry += DESC_BYTES) {
    const descriptor = fetch(device, entry, DESC_BYTES);
    const fault = addBuffer(
      device,
      load<u64>(descriptor + DESC_ADDR),
      load<u32>(descriptor + DESC_LEN),
      load<u16>(descriptor + PACKED_DESC_FLAGS),
    );
    if (fault != FAULT_NONE) return fault;
  }
  return FAULT_NONE;
}

/**
 * Checks an indirect descriptor for both kinds of ring (2.7.5.3.1, 2.8.19): the feature is negotiated, NEXT is not set,
 * the table has a whole number of entries. WRITE is ignored (2.7.5.3.2, 2.8.7).
 */
@inline
function checkIndirect(queue: Queue, bytes: u32, flags: u32): u32 {
  if (!queue.indirect) return FAULT_INDIRECT_NOT_NEGOTIATED;
  if (flags & DESC_F_NEXT) return FAULT_INDIRECT_NEXT;
  if (bytes == 0 || bytes % DESC_BYTES != 0) return FAULT_INDIRECT_LENGTH;
  return FAULT_NONE;
}
