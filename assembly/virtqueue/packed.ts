// The packed ring's walker (2.8): available descriptors are taken in ring order, and each chain's used descriptor is
// written over its first one.
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
 * Runs what is available on an enabled queue. Returns NOTIFY_* bits. The work of one call is bounded by the
 * notification's budget, and by the ring's size: its first used descriptor is shown last, and before that the driver
 * gets none back that it could offer again.
 */
export function processPackedQueue(device: Device, queue: Queue): u32 {
  const first = <u32>queue.nextUsed;
  let firstFlags: u32 = 0;
  let moved: u32 = 0;
  let taken: u32 = 0;
  let asked: u32 = 0;
  while (moved + queue.inFlightDescriptors < queue.size) {
    if (!packedAvailable(queue)) {
      // 2.8.10: ask for a notification of the next chain, then look again; whatever came in between is run now.
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
  // The first one is shown last: the driver sees nothing behind it before that.
  if (moved) markUsed(device, queue, first, firstFlags);
  if (taken && queue.eventIdx && asked != taken) askForNotification(device, queue);
  return answerOf(device, queue, moved);
}

/** Shows the driver the chain of record `index`, and of others that waited for it. Returns NOTIFY_* bits. */
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

/** NOTIFY_* bits: whether the driver wants an interrupt for the last `moved` descriptors, which it was shown. */
function answerOf(device: Device, queue: Queue, moved: u32): u32 {
  return faultBit(device) | (moved && wantsInterrupt(queue, moved) ? NOTIFY_INTERRUPT : 0);
}

@inline
function faultBit(device: Device): u32 {
  return device.fault != FAULT_NONE ? NOTIFY_NEEDS_RESET : 0;
}

/** Writes id and length of the used descriptor of the chain that was run. */
@inline
function writeUsed(device: Device, queue: Queue): void {
  writePackedUsed(queue, queue.nextUsed, queue.chainId, device.usedBytes);
}

/** The flags of the next used descriptor (2.8.1). */
@inline
function usedFlags(queue: Queue): u32 {
  // 2.8.3: WRITE says that the device wrote to a part of the buffers. Every request is answered with a status at least.
  return queue.usedWrap ? DESC_F_WRITE | PACKED_DESC_F_AVAIL | PACKED_DESC_F_USED : DESC_F_WRITE;
}

/** Goes past the chain that was run. A chain takes as many places among the used descriptors as it had (2.8.6). */
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

/** 2.8.10: a notification is wanted when the descriptor after the last one taken becomes available. */
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
  // DESC without the feature, and the reserved value, suppress nothing.
  if (flags != EVENT_DESC || !queue.eventIdx) return true;
  const event = <u32>guestLoad<u16>(queue.avail + EVENT_SUPPRESS_OFFSET);
  // Both places on one scale, on which the ring's start in this round is 0 and a place of the round before is negative.
  let place = <i32>(event & ((1 << EVENT_WRAP_BIT) - 1));
  if (event >> EVENT_WRAP_BIT != queue.usedWrap) place -= queue.size;
  const end = <i32>queue.nextUsed;
  return place < end && place >= end - <i32>moved;
}
