// Placing a request's chain in guest memory, cut into buffers in any way.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { OperationChain } from '../../src/driver/operations.ts';
import type { ChainBuffer } from '../../src/driver/queue.ts';
import { type PlacedChain, type ServiceRig, slices, UNWRITTEN } from './service_rig.ts';

/** How a chain stands in memory. */
export interface Placement {
  /** Where the readable and the writable part are cut, in bytes from the start, modulo their length; twice makes an empty buffer. */
  readableCuts: readonly number[];
  writableCuts: readonly number[];
  /** Whether each part (header, key, IV, data, status ...) begins a buffer, as drivers have it. */
  atParts: boolean;
  /** Bytes before each buffer, in turn. */
  gaps: readonly number[];
  /** Whether the destination is the source's own buffers. */
  inPlace: boolean;
  /** Writable bytes that no result fills, before the status. */
  slack: number;
}

const cuts = fc.array(fc.oneof(fc.nat(120), fc.nat(200_000)), { maxLength: 5 });

export const placements: fc.Arbitrary<Placement> = fc.record({
  readableCuts: fc.oneof(fc.constant([]), cuts),
  writableCuts: fc.oneof(fc.constant([]), cuts),
  atParts: fc.boolean(),
  gaps: fc.array(fc.nat(33), { minLength: 1, maxLength: 7 }),
  inPlace: fc.boolean(),
  slack: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 70 }) }),
});

/** Room behind an in-place source for a tag in the same buffer. */
const TAG_ROOM = 16;

/** Writes a chain into the rig's arena. `data` is the source among its readable parts. */
export function place(
  rig: ServiceRig,
  { readable, writable }: OperationChain,
  data: Uint8Array,
  placement: Placement,
): PlacedChain {
  const { atParts, gaps, inPlace, slack } = placement;
  let next = rig.arena;
  let turn = 0;
  const take = (bytes: number, room = 0): ChainBuffer => {
    next += gaps[turn++ % gaps.length] ?? 0;
    const buffer = { address: next, bytes };
    next += bytes + room;
    return buffer;
  };

  const bytes = Buffer.concat(readable);
  const source = readable.indexOf(data);
  const sourceStart = readable.slice(0, Math.max(0, source)).reduce((sum, part) => sum + part.length, 0);
  const sourceEnd = sourceStart + data.length;
  const pieces = cut(bytes.length, placement.readableCuts, atParts ? readable.map((part) => part.length) : []);
  let at = 0;
  const readableBuffers = pieces.map((length) => {
    at += length;
    return take(length, inPlace && at === sourceEnd ? TAG_ROOM : 0);
  });

  const total = writable.reduce((sum, length) => sum + length, 0) + slack;
  const shared = inPlace && source >= 0 ? Math.min(data.length, writable[0] ?? 0, total - slack - 1) : 0;
  const own = slices(readableBuffers, sourceStart, shared);
  const parts = [...writable.slice(0, -1), slack + (writable.at(-1) ?? 0)];
  const rest = cut(total - shared, placement.writableCuts, atParts ? boundariesFrom(parts, shared) : []);
  const writableBuffers = [...own];
  const last = own.at(-1);
  if (last && shared === data.length && (rest[0] ?? 0) <= TAG_ROOM && endsBuffer(last, readableBuffers)) {
    last.bytes += rest.shift() ?? 0;
  }
  writableBuffers.push(...rest.map((length) => take(length)));
  if (next > rig.arenaEnd) expect.unreachable('The chain is longer than the arena.');

  for (const buffer of writableBuffers) rig.write(buffer.address, new Uint8Array(buffer.bytes).fill(UNWRITTEN));
  at = 0;
  for (const buffer of readableBuffers) {
    rig.write(buffer.address, bytes.subarray(at, at + buffer.bytes));
    at += buffer.bytes;
  }
  return { readable: readableBuffers, writable: writableBuffers };
}

/** A chain whose every part is a buffer of its own, in place or apart. */
export const PLAIN: Placement = {
  readableCuts: [],
  writableCuts: [],
  atParts: true,
  gaps: [16],
  inPlace: false,
  slack: 0,
};

/** Lengths of the pieces of `total` bytes that cuts modulo its length and the ends of parts make. */
function cut(total: number, at: readonly number[], parts: readonly number[]): number[] {
  const places = at.map((place) => place % (total + 1));
  let end = 0;
  for (const part of parts.slice(0, -1)) {
    end += part;
    places.push(end);
  }
  places.sort((a, b) => a - b);
  return [...places, total].map((place, i) => place - (places[i - 1] ?? 0));
}

/** Lengths of parts, the first `start` bytes of them left out. */
function boundariesFrom(parts: readonly number[], start: number): number[] {
  let skipped = start;
  return parts.flatMap((part) => {
    const gone = Math.min(skipped, part);
    skipped -= gone;
    return part > gone ? [part - gone] : [];
  });
}

const endsBuffer = (buffer: ChainBuffer, buffers: readonly ChainBuffer[]): boolean =>
  buffers.some(({ address, bytes }) => bytes > 0 && address + bytes === buffer.address + buffer.bytes);
