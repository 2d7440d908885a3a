// The memory that a device shares with those who run its deferred requests: a page for their control words, then a region of the engine
// for each of them and for the device itself, then the slots. Nothing else passes between them while requests run.
import { JOBS_AT_ONCE, NONCE_SLACK_BYTES } from '../../../spec/engine.ts';
import type { EngineExports } from '../../engine/exports.ts';

/** Where each runner lists the jobs that it hands to the engine, from the layout's origin on. */
export const LISTS = 8192;
const LIST_BYTES = 4 * JOBS_AT_ONCE;
/** Slots, at most. */
export const SLOTS_MAX = 64;

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
