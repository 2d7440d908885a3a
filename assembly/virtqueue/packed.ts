// The packed ring's walker (2.8). It takes available chains in ring order. It writes used descriptors in ring order
// too, one for each chain, in the order in which the requests complete.
import { FAULT_NONE, NOTIFY_INTERRUPT, NOTIFY_NEEDS_RESET, NOTIFY_WAITS } from '../../spec/engine';
import {
  DESC_BYTES,
  DESC_F_WRITE,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
  EVENT_SUPPRESS_BYTES,
  EVENT_SUPPRESS_FLAGS,
  EVENT_SUPPRESS_OFFSET,
  EVENT_WRAP_BIT,
  PACKED_DESC_F_AVAIL,
  PACKED_DESC_F_USED,
} from '../../spec/virtio';
import { Device, breakDevice } from '../device';
import { guestLoad, guestStore, reportWrite } from '../memory/guest';
import { runBatch, useAfterBatch } from '../request/batch';
import { leaveMore, mayRun } from '../statistics';
import { nextUsable } from '../request/deferred';
import { BATCHED, DEFERRED, OUTCOMES, WAITS } from '../request/outcome';
import { packedAvailable, readPackedChain } from './chain';
import { Queue } from './queue';
import { runRequest } from './run';
import { markUsed, writePackedUsed } from './used';

/**
 * Runs the available chains of an enabled queue. Returns NOTIFY_* bits. The notification's budget and the ring's size
 * bound the work of one call: the first used descriptor is marked last, and until then the driver gets no descriptor
 * back that it could offer again.
 */
export function processPackedQueue(device: Device, queue: Queue): u32 {
  const first = <u32>queue.nextUsed;
  let firstFlags: u32 = 0;
  let moved: u32 = 0;
  let taken: u32 = 0;
  let asked: u32 = 0;
  while (moved + queue.inFlightDescriptors < queue.size) {
    if (!packedAvailable(queue)) {
      // 2.8.10: ask for a notification of the next chain, then look again, and run chains that came in between.
      if (!queue.eventIdx || asked == taken) break;
      askForNotification(device, queue);
      asked = taken;
      continue;
    }
    if (!mayRun(device)) break;
    let outcome = readPackedChain(device, queue, queue.size - moved - queue.inFlightDescriptors);
    if (outcome == FAULT_NONE) outcome = runRequest(device, queue);
    if (outcome < OUTCOMES) {
      breakDevice(device, queue.index, outcome);
      break;
    }
    if (outcome == WAITS) {
      leaveMore(device, NOTIFY_WAITS);
      break;
    }
    taken += queue.chainDescriptors;
    advanceAvail(queue);
    if (outcome == DEFERRED) continue;
    const flags = usedFlags(queue);
    if (!moved) firstFlags = flags;
    if (outcome == BATCHED) {
      useAfterBatch(device, queue, queue.nextUsed, moved ? flags : 0);
    } else {
      writeUsed(device, queue);
      if (moved) markUsed(device, queue, queue.nextUsed, flags);
    }
    advanceUsed(queue);
    moved += queue.chainDescriptors;
  }
  runBatch(device);
  // The first used descriptor is marked last. The driver reads in ring order, so it sees no other one before.
  if (moved) markUsed(device, queue, first, firstFlags);
  if (taken && queue.eventIdx && asked != taken) askForNotification(device, queue);
  return answerOf(device, queue, moved);
}

/** Shows the driver the chain of record `index`, and chains that waited for it (IN_ORDER). Returns NOTIFY_* bits. */
export function completePacked(device: Device, queue: Queue, index: u32): u32 {
  let moved: u32 = 0;
  let next = index + 1;
  while (nextUsable(device, queue, next)) {
    writeUsed(device, queue);
    markUsed(device, queue, queue.nextUsed, usedFlags(queue));
    advanceUsed(queue);
    moved += queue.chainDescriptors;
    next = 0;
  }
  return answerOf(device, queue, moved);
}

/** Returns NOTIFY_* bits, after the driver was shown the last `moved` descriptors. */
function answerOf(device: Device, queue: Queue, moved: u32): u32 {
  return faultBit(device) | (moved && wantsInterrupt(queue, moved) ? NOTIFY_INTERRUPT : 0);
}

@inline
function faultBit(device: Device): u32 {
  return device.fault != FAULT_NONE ? NOTIFY_NEEDS_RESET : 0;
}

/** Writes id and length of the used descriptor of the current chain. */
@inline
function writeUsed(device: Device, queue: Queue): void {
  writePackedUsed(queue, queue.nextUsed, queue.chainId, device.usedBytes);
}

/** The flags of the next used descriptor (2.8.1). */
@inline
function usedFlags(queue: Queue): u32 {
  // 2.8.3: WRITE says that the device wrote to the buffers. It always does, because every request gets a status.
  return queue.usedWrap ? DESC_F_WRITE | PACKED_DESC_F_AVAIL | PACKED_DESC_F_USED : DESC_F_WRITE;
}

/** Goes past the current chain. advanceUsed() skips the same number of used descriptors (2.8.6). */
function advanceAvail(queue: Queue): void {
  const nextAvail = <u32>queue.nextAvail + queue.chainDescriptors;
  if (nextAvail >= queue.size) queue.availWrap ^= 1;
  queue.nextAvail = <u16>(nextAvail >= queue.size ? nextAvail - queue.size : nextAvail);
}

function advanceUsed(queue: Queue): void {
  const nextUsed = <u32>queue.nextUsed + queue.chainDescriptors;
  if (nextUsed >= queue.size) queue.usedWrap ^= 1;
  queue.nextUsed = <u16>(nextUsed >= queue.size ? nextUsed - queue.size : nextUsed);
  queue.requests++;
}

/** Asks the driver for a notification when the next descriptor becomes available (2.8.10). */
function askForNotification(device: Device, queue: Queue): void {
  guestStore<u16>(
    queue.used + EVENT_SUPPRESS_OFFSET,
    <u16>((<u32>queue.nextAvail) | (queue.availWrap << EVENT_WRAP_BIT)),
  );
  guestStore<u16>(queue.used + EVENT_SUPPRESS_FLAGS, <u16>EVENT_DESC);
  reportWrite(device, queue.usedAddress, EVENT_SUPPRESS_BYTES);
}

/** Whether the driver wants an interrupt (2.8.10) for the last `moved` descriptors. */
function wantsInterrupt(queue: Queue, moved: u32): bool {
  const flags = (<u32>guestLoad<u16>(queue.avail + EVENT_SUPPRESS_FLAGS)) & 3;
  if (flags == EVENT_ENABLE) return true;
  if (flags == EVENT_DISABLE) return false;
  // The reserved value suppresses no interrupt, nor does DESC if EVENT_IDX was not negotiated.
  if (flags != EVENT_DESC || !queue.eventIdx) return true;
  const event = <u32>guestLoad<u16>(queue.avail + EVENT_SUPPRESS_OFFSET);
  // Puts both places on one scale: 0 is the ring's start in this round, and places of the previous round are negative.
  let place = <i32>(event & ((1 << EVENT_WRAP_BIT) - 1));
  if (event >> EVENT_WRAP_BIT != queue.usedWrap) place -= queue.size;
  const end = <i32>queue.nextUsed;
  return place < end && place >= end - <i32>moved;
}
