// The memory that a device shares with the runners of its deferred requests: one page of control words, then one region of the engine for
// each worker and one for the device itself, then the slots, then copies of sessions. Nothing else passes between them at work.
import { JOBS_AT_ONCE, NONCE_SLACK_BYTES } from '../../../spec/engine.ts';
import type { EngineExports } from '../../engine/exports.ts';

/** Offset, from the layout's origin, of the lists in which each runner names the jobs that it hands to the engine. */
export const LISTS = 8192;
const LIST_BYTES = 4 * JOBS_AT_ONCE;
/** The largest number of slots. */
export const SLOTS_MAX = 64;

export const PAGE_BYTES = 65536;
/** Bytes that all slots together may take. If requests may be large, there are fewer slots. */
const SLOTS_BYTES_MAX = 256 * 1024 * 1024;
/** Bytes of a slot beyond content and result: for the nonce, the status, and the alignment of content and result. */
const SLACK_BYTES = NONCE_SLACK_BYTES + 240;
/** Copies of sessions that are kept although no request under way uses them. */
const SESSIONS_KEPT = 64;

/** The layout of the shared memory. Fields that end in `At` are byte offsets in the memory; fields that end in `Bytes` are lengths. */
export interface SharedLayout {
  /** Where the layout begins: 0 in a memory of its own, a multiple of 65536 in the guest's memory. */
  origin: number;
  workers: number;
  slots: number;
  slotBytes: number;
  slotsAt: number;
  /** Places for copies of sessions. */
  sessions: number;
  sessionBytes: number;
  sessionsAt: number;
  /** Largest content and result of one request, in bytes. */
  maxRequestBytes: number;
  regionsAt: number;
  regionBytes: number;
  pages: number;
}

/** Capacities of a worker's engine. Its queue is never used. */
export function workerCapacities(layout: { maxRequestBytes: number }): [number, number, number, number] {
  return [1, 1, JOBS_AT_ONCE, layout.maxRequestBytes + SLACK_BYTES];
}

/** @param engine any instance: it gives the sizes of regions, slots and sessions */
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
  // The last region is the device's own, and so is the last slot, which is never posted.
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

/** A copy of the layout that begins at `origin`. */
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
