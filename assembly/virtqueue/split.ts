// The split ring's walker (2.7). Once for each notification it takes the available chains, runs them, and shows the
// driver the used elements.
import { FAULT_AVAIL_INDEX, FAULT_NONE, NOTIFY_INTERRUPT, NOTIFY_NEEDS_RESET, NOTIFY_WAITS } from '../../spec/engine';
import {
  AVAIL_ELEM_BYTES,
  AVAIL_F_NO_INTERRUPT,
  AVAIL_FLAGS,
  AVAIL_IDX,
  AVAIL_RING,
  USED_ELEM_BYTES,
  USED_FLAGS,
  USED_IDX,
  USED_RING,
} from '../../spec/virtio';
import { Device, breakDevice } from '../device';
import { guestLoad, guestStore, reportWrite } from '../memory/guest';
import { runBatch, useAfterBatch } from '../request/batch';
import { leaveMore, mayRun } from '../statistics';
import { nextUsable } from '../request/deferred';
import { BATCHED, DONE, OUTCOMES, WAITS } from '../request/outcome';
import { readSplitChain } from './chain';
import { Queue } from './queue';
import { runRequest } from './run';
import { writeSplitUsed } from './used';

/** How many chains are available and not taken yet, by the driver's index (2.7.13). The index may be false. */
@inline
export function splitAhead(queue: Queue): u32 {
  return <u32>(<u16>(guestLoad<u16>(queue.avail + AVAIL_IDX) - queue.nextAvail));
}

/**
 * Runs the available chains of an enabled queue, then the batch, then shows the used elements. Returns NOTIFY_* bits.
 * The notification's budget and the queue's size bound the work of one call: a driver cannot offer more chains before
 * it gets some back (2.7.13), and used elements are shown at the end. Without this bound, chains whose results land in
 * the available ring could offer themselves for ever.
 */
export function processSplitQueue(device: Device, queue: Queue): u32 {
  const firstUsed = queue.nextUsed;
  while (true) {
    const available = guestLoad<u16>(queue.avail + AVAIL_IDX);
    const ahead = <u32>(<u16>(available - queue.nextAvail));
    if (!ahead) break;
    if (ahead > queue.size - queue.inFlight - <u32>(<u16>(queue.nextUsed - firstUsed))) {
      breakDevice(device, queue.index, FAULT_AVAIL_INDEX);
      break;
    }
    if (!runChains(device, queue, available)) break;
    // 2.7.7.2, 2.7.10: ask for a notification of the next chain, then look again, and run chains that came in between.
    if (queue.eventIdx) {
      const availEvent = USED_RING + queue.size * USED_ELEM_BYTES;
      guestStore<u16>(queue.used + availEvent, queue.nextAvail);
      reportWrite(device, queue.usedAddress + availEvent, 2);
    }
  }
  runBatch(device);
  return showUsed(device, queue, firstUsed);
}

/**
 * Runs the chains up to avail index `available`. False: a chain broke the device or has to wait, or the budget ended.
 */
function runChains(device: Device, queue: Queue, available: u16): bool {
  const mask = queue.size - 1;
  do {
    if (!mayRun(device)) return false;
    const head = <u32>guestLoad<u16>(queue.avail + AVAIL_RING + (queue.nextAvail & mask) * AVAIL_ELEM_BYTES);
    queue.chainId = head;
    let outcome = readSplitChain(device, queue, head);
    if (outcome == FAULT_NONE) outcome = runRequest(device, queue);
    if (outcome < OUTCOMES) {
      breakDevice(device, queue.index, outcome);
      return false;
    }
    if (outcome == WAITS) {
      leaveMore(device, NOTIFY_WAITS);
      return false;
    }
    queue.nextAvail++;
    if (outcome == DONE) {
      use(device, queue);
    } else if (outcome == BATCHED) {
      const place = (<u32>queue.nextUsed) & mask;
      advanceUsed(queue);
      useAfterBatch(device, queue, place, 0);
    }
  } while (queue.nextAvail != available);
  return true;
}

/** Writes the used element of the current chain. */
@inline
function use(device: Device, queue: Queue): void {
  writeSplitUsed(queue, queue.nextUsed & (queue.size - 1), queue.chainId, device.usedBytes);
  advanceUsed(queue);
}

@inline
function advanceUsed(queue: Queue): void {
  queue.nextUsed++;
  queue.requests++;
}

/** Shows the driver the chain of record `index`, and chains that waited for it (IN_ORDER). Returns NOTIFY_* bits. */
export function completeSplit(device: Device, queue: Queue, index: u32): u32 {
  const firstUsed = queue.nextUsed;
  let taken = index + 1;
  while (nextUsable(device, queue, taken)) {
    use(device, queue);
    taken = 0;
  }
  return showUsed(device, queue, firstUsed);
}

/** Shows the driver the used elements from `firstUsed` on. Returns NOTIFY_* bits, with the interrupt's (2.7.7). */
function showUsed(device: Device, queue: Queue, firstUsed: u16): u32 {
  const completed = <u32>(<u16>(queue.nextUsed - firstUsed));
  let answer: u32 = device.fault != FAULT_NONE ? NOTIFY_NEEDS_RESET : 0;
  if (!completed) return answer;
  guestStore<u16>(queue.used + USED_IDX, queue.nextUsed);
  // One report for flags, idx and the whole ring, which is usually shorter than a page.
  reportWrite(device, queue.usedAddress + USED_FLAGS, USED_RING + queue.size * USED_ELEM_BYTES);
  if (queue.eventIdx) {
    const usedEvent = guestLoad<u16>(queue.avail + AVAIL_RING + queue.size * AVAIL_ELEM_BYTES);
    // 2.7.7.2: interrupt if the element that used_event names is one of the elements just added.
    if (<u32>(<u16>(queue.nextUsed - usedEvent - 1)) < completed) answer |= NOTIFY_INTERRUPT;
  } else if (!(guestLoad<u16>(queue.avail + AVAIL_FLAGS) & AVAIL_F_NO_INTERRUPT)) {
    answer |= NOTIFY_INTERRUPT;
  }
  return answer;
}
