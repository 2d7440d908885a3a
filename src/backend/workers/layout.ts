// The memory that a device shares with its workers: control words, then a region of the engine for each of them and for the device
// itself, then the slots. Nothing else passes between them while requests run.
import { JOBS_AT_ONCE, NONCE_SLACK_BYTES } from '../../../spec/engine.ts';
import type { EngineExports } from '../../engine/exports.ts';

/** Where the control words stand, from the layout's origin on: 32 bits each, all of them accessed atomically. */
export const CONTROL = 1024;
/** Jobs that were ever posted; workers wait for it to change. */
export const POSTED = 0;
/** Jobs that were ever taken from the ring, as far as somebody has noticed. */
export const TAKEN = 1;
/** Jobs that were ever finished; the device waits for it to change. */
export const FINISHED = 2;
/** Not 0: workers end. */
export const STOP = 3;
/** Workers that sleep, or are about to: whoever posts wakes them. */
export const SLEEPING = 4;
/** How the device waits for FINISHED to change: BY_NOTIFICATION, BY_MESSAGE, or 0 for not at all. */
export const LISTENING = 5;
/** Jobs that were finished since the device last looked, about: nobody counts on it. */
export const UNSEEN = 6;
/** The ring of slots that were posted, then the state of each slot. */
export const RING = 16;
export const RING_ENTRIES = 1024;
/** Slots, at most: of the entries in the ring, others are those of jobs that the device took back. */
export const SLOTS_MAX = 64;
export const STATES = RING + RING_ENTRIES;
export const CONTROL_WORDS = STATES + SLOTS_MAX + 1;
/** Where each worker lists the jobs that it hands to the engine, from the layout's origin on. */
export const LISTS = 8192;
const LIST_BYTES = 4 * JOBS_AT_ONCE;
export const WORKERS_MAX = 64;

/** The device listens by Atomics.waitAsync. */
export const BY_NOTIFICATION = 1;
/** It has no Atomics.waitAsync: the worker that announces something next puts 0 there, and sends FINISHED_MESSAGE. */
export const BY_MESSAGE = 2;
export const FINISHED_MESSAGE = 'finished';

/** States of a slot. A number from RUNNING on is that of the worker that runs it. */
export const FREE = 0;
export const WAITING = 1;
export const DONE = 2;
export const RUNNING = 16;

export const PAGE_BYTES = 65536;
/** What all slots together may take: fewer of them, where requests may be large. */
const SLOTS_BYTES_MAX = 256 * 1024 * 1024;
/** Beyond a request's content and result: what comes with a nonce, the status, and the alignment of both. */
const SLACK_BYTES = NONCE_SLACK_BYTES + 240;
/** Sessions that stay when nothing of them is under way. */
const SESSIONS_KEPT = 64;

/** How the shared memory is laid out; places are those in the memory. */
export interface SharedLayout {
  /** Where it begins: 0 in a memory of its own, a multiple of 65536 in the guest's. */
  origin: number;
  workers: number;
  slots: number;
  slotBytes: number;
  slotsAt: number;
  /** Copies of sessions that requests have used. */
  sessions: number;
  sessionBytes: number;
  sessionsAt: number;
  /** Content and result of one request, in bytes. */
  maxRequestBytes: number;
  regionsAt: number;
  regionBytes: number;
  pages: number;
}

/** Capacities of a worker's device: no queue of it is ever used. */
export function workerCapacities(layout: { maxRequestBytes: number }): [number, number, number, number] {
  return [1, 1, JOBS_AT_ONCE, layout.maxRequestBytes + SLACK_BYTES];
}

/** @param engine any instance: it knows how large things are */
export function sharedLayout(
  engine: EngineExports,
  workers: number,
  maxRequestBytes: number,
  slotsMax = SLOTS_MAX,
): SharedLayout {
  const regionBytes = aligned(engine.regionBytes(...workerCapacities({ maxRequestBytes })));
  const slotBytes = aligned(engine.jobBytes(maxRequestBytes + SLACK_BYTES, SLACK_BYTES));
  const slots = Math.max(1, Math.min(slotsMax, Math.floor(SLOTS_BYTES_MAX / slotBytes)));
  const origin = 0;
  const regionsAt = PAGE_BYTES;
  // The last region is the device's own, and the last slot, which is never posted, too.
  const slotsAt = regionsAt + (workers + 1) * regionBytes;
  const sessionsAt = slotsAt + (slots + 1) * slotBytes;
  const sessionBytes = engine.sessionBytes();
  const sessions = slots + SESSIONS_KEPT;
  const pages = Math.ceil((sessionsAt + sessions * sessionBytes) / PAGE_BYTES);
  return {
    origin,
    workers,
    slots,
    slotBytes,
    slotsAt,
    sessions,
    sessionBytes,
    sessionsAt,
    maxRequestBytes,
    regionsAt,
    regionBytes,
    pages,
  };
}

/** The same layout from another origin on. */
export function movedTo(origin: number, layout: SharedLayout): SharedLayout {
  const by = origin - layout.origin;
  return {
    ...layout,
    origin,
    regionsAt: layout.regionsAt + by,
    slotsAt: layout.slotsAt + by,
    sessionsAt: layout.sessionsAt + by,
  };
}

/** The control words of a layout, in its memory. */
export function controlOf(layout: SharedLayout, memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, layout.origin + CONTROL, CONTROL_WORDS);
}

export function endOf({ sessionsAt, sessions, sessionBytes }: SharedLayout): number {
  return sessionsAt + sessions * sessionBytes;
}

export function slotAt(layout: SharedLayout, slot: number): number {
  return layout.slotsAt + slot * layout.slotBytes;
}

export function listAt(layout: SharedLayout, worker: number): number {
  return layout.origin + LISTS + worker * LIST_BYTES;
}

export function regionAt(layout: SharedLayout, worker: number): number {
  return layout.regionsAt + worker * layout.regionBytes;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
