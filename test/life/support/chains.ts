// The chains of a life's driver: where they stand in RAM, what they ask for, and what their answers have to be.
import * as crypto from '../../../spec/crypto.ts';
import { createSessionRequest, destroySessionHeader, serviceOf } from '../../../src/driver/sessions.ts';
import { noise } from '../../support/memory.ts';
import type { RawBuffer } from '../../support/test_ring.ts';
import { type Guest, RAM_BYTES } from './guest.ts';
import type { Shape } from './operations.ts';
import { ivBytes, keyBytes, operationOf, parametersOf, resultOf } from './requests.ts';

/** Rings come first; behind them a place for each chain. */
const RING_BYTES = 0x2000;
const PLACES_AT = 0x10000;
const PLACE_BYTES = 0x1000;
export const PLACES = (RAM_BYTES - PLACES_AT) / PLACE_BYTES;
/** What stands where in a place. */
const AT = { header: 0, iv: 0x60, table: 0x80, key: 0x120, source: 0x200, result: 0x700, status: 0xf00 } as const;
/** Descriptors that a chain has at most where it stands in the ring itself. */
export const DESCRIPTORS = 7;
const UNWRITTEN = 0xee;
/** No RAM is there. */
const BEYOND = 2 ** 40;
/** No session ever has it. */
const WRONG_ID = 0xdead_0000_beefn;

/** Something that a driver must never see. */
export class Wrong extends Error {
  override name = 'Wrong';
}

export function unreachable(): never {
  throw new RangeError('This cannot be.');
}

export interface Session {
  kind: number;
  key: number;
  id: bigint;
  /** `unknown`: the driver cannot tell whether the device has the session. */
  state: 'asked' | 'open' | 'closing' | 'unknown' | 'gone';
}

interface Piece {
  address: number;
  bytes: number;
}

/** A chain as a driver remembers it: plain data. */
export interface Chain {
  head: number;
  place: number;
  /** Places that it needs, its own among them. */
  places: number[];
  /** Whether a session is made or closed, or a session's request is done; no device can walk through a broken one (2.7.5.2). */
  what: 'open' | 'close' | 'data' | 'broken';
  /** The number of its session; undefined: there is none. */
  session: number | undefined;
  kind: number;
  key: number;
  source: Piece[];
  result: Piece[];
  /** Whether its session is gone, or may be when its turn comes. */
  lost: 'no' | 'maybe' | 'yes';
}

/** What a chain consists of before it is in a ring. */
export interface Draft {
  buffers: readonly RawBuffer[];
  chain: Omit<Chain, 'head' | 'place'>;
}

export const ringAt = (queue: number): number => queue * RING_BYTES;
export const tableAt = (place: number): number => placeAt(place) + AT.table;
const placeAt = (place: number) => PLACES_AT + place * PLACE_BYTES;

/** Uses the memory of a place for other things. */
export function scribble(guest: Guest, place: number, seed: number): void {
  guest.write(placeAt(place), noise(PLACE_BYTES, seed));
}

const NONE = { source: [], result: [], lost: 'no', places: [] } as const satisfies Partial<Chain>;

export function openChain(guest: Guest, place: number, session: number, { kind, key }: Session): Draft {
  const at = placeAt(place);
  const { header } = createSessionRequest(parametersOf(kind, key), false);
  const keys = keyBytes(key);
  const result = { address: at + AT.result, bytes: crypto.CREATE_INPUT_BYTES };
  guest.write(at + AT.header, header);
  guest.write(at + AT.key, keys);
  clear(guest, [result]);
  const buffers = [
    { address: at + AT.header, bytes: header.length },
    { address: at + AT.key, bytes: keys.length },
    { ...result, write: true },
  ];
  return { buffers, chain: { ...NONE, what: 'open', session, kind, key, result: [result] } };
}

export function closeChain(guest: Guest, place: number, session: number, { kind, key, id }: Session): Draft {
  const at = placeAt(place);
  const header = destroySessionHeader(serviceOf(parametersOf(kind, key)), id, false);
  const result = { address: at + AT.status, bytes: 1 };
  guest.write(at + AT.header, header);
  clear(guest, [result]);
  const buffers = [
    { address: at + AT.header, bytes: header.length },
    { ...result, write: true },
  ];
  return { buffers, chain: { ...NONE, what: 'close', session, kind, key, result: [result] } };
}

export function brokenChain(): Draft {
  const buffers = [{ address: BEYOND, bytes: 16 }];
  return { buffers, chain: { ...NONE, what: 'broken', session: undefined, kind: 0, key: 0 } };
}

export interface DataRequest {
  session: number | undefined;
  entry: Session | undefined;
  bytes: number;
  shape: Shape;
  /** The chain whose result is the source, where the shape says so. */
  before: Chain | undefined;
  seed: number;
}

export function dataChain(guest: Guest, place: number, request: DataRequest): Draft {
  const { session, entry, bytes, shape, seed } = request;
  const { kind, key, id } = entry ?? { kind: 0, key: 0, id: WRONG_ID };
  const at = placeAt(place);
  const iv = noise(ivBytes(kind), seed);
  const data = noise(bytes, seed + 1);
  const { readable, writable } = operationOf(kind, id, iv, data);
  const [header = unreachable()] = readable;
  const resultBytes = writable.slice(0, -1).reduce((sum, length) => sum + length, 0);
  const before = shape === 'chained' && request.before?.what === 'data' ? request.before : undefined;
  const chained = before?.result[0] && before.result[0].bytes >= bytes ? before : undefined;
  const from = chained?.result[0]?.address ?? at + AT.source;
  const to = shape === 'in place' ? from : at + AT.result;
  const source = shape === 'in pieces' ? pieces(from, bytes) : [{ address: from, bytes }];
  const result = shape === 'in pieces' ? pieces(to, resultBytes) : [{ address: to, bytes: resultBytes }];
  guest.write(at + AT.header, header);
  guest.write(at + AT.iv, iv);
  clear(guest, [...result, { address: at + AT.status, bytes: 1 }]);
  if (!chained) fill(source, data, (address, part) => guest.write(address, part));
  const buffers: RawBuffer[] = [
    { address: at + AT.header, bytes: header.length },
    { address: at + AT.iv, bytes: iv.length },
    ...source,
    ...result.map((piece) => ({ ...piece, write: true })),
    { address: at + AT.status, bytes: 1, write: true },
  ].filter((buffer) => buffer.bytes > 0);
  const gone = entry === undefined || entry.state === 'gone' ? 'yes' : entry.state === 'open' ? 'no' : 'maybe';
  const places = chained ? [chained.place] : [];
  return { buffers, chain: { what: 'data', session, kind, key, source, result, lost: gone, places } };
}

/**
 * The device has answered a request: as node:crypto does, or as its session is gone.
 * @returns its status
 * @throws Wrong for anything else
 */
export function expectData(guest: Guest, chain: Chain, written: number): number {
  const at = placeAt(chain.place) + AT.status;
  const [status = -1] = guest.read(at, 1);
  const ok = status === crypto.CRYPTO_OK;
  if (ok ? chain.lost === 'yes' : status !== crypto.CRYPTO_INVSESS || chain.lost === 'no') {
    throw new Wrong(`status ${status}, and that its session is gone: ${chain.lost}`);
  }
  const bytes = chain.result.reduce((sum, piece) => sum + piece.bytes, 0);
  // 2.7.8.2: bytes at the start of the writable part, which the status ends.
  const expected = ok ? bytes + 1 : 0;
  if (written !== expected) throw new Wrong(`used.len ${written}, want ${expected}`);
  guest.expected[at] = status;
  if (!ok) return status;
  const wanted = (address: number, length: number) => guest.expected.slice(address, address + length);
  const source = Buffer.concat(chain.source.map((piece) => wanted(piece.address, piece.bytes)));
  const iv = wanted(placeAt(chain.place) + AT.iv, ivBytes(chain.kind));
  fill(chain.result, resultOf(chain.kind, chain.key, iv, source), (address, part) => {
    if (Buffer.compare(guest.read(address, part.length), part) !== 0) throw new Wrong('wrong bytes');
    guest.expected.set(part, address);
  });
  return status;
}

/** What the device has answered on the control queue. */
export function readControl(guest: Guest, chain: Chain, written: number): { status: number; id: bigint } {
  const [result = unreachable()] = chain.result;
  if (written !== result.bytes) throw new Wrong(`used.len ${written}, want ${result.bytes}`);
  const answer = guest.read(result.address, result.bytes);
  guest.expected.set(answer, result.address);
  if (chain.what === 'close') return { status: answer[0] ?? -1, id: 0n };
  const view = new DataView(answer.buffer);
  return {
    status: view.getUint32(crypto.CREATE_INPUT_STATUS, true),
    id: view.getBigUint64(crypto.CREATE_INPUT_SESSION_ID, true),
  };
}

function clear(guest: Guest, parts: readonly Piece[]): void {
  for (const { address, bytes } of parts) guest.write(address, new Uint8Array(bytes).fill(UNWRITTEN));
}

/** Puts bytes into pieces, one behind the other. */
function fill(parts: readonly Piece[], bytes: Uint8Array, put: (address: number, part: Uint8Array) => void): void {
  let from = 0;
  for (const piece of parts) {
    put(piece.address, bytes.subarray(from, from + piece.bytes));
    from += piece.bytes;
  }
}

/** So many bytes in two pieces, with a gap between them. */
function pieces(address: number, bytes: number): Piece[] {
  const first = Math.ceil(bytes / 3);
  return [
    { address, bytes: first },
    { address: address + first + 5, bytes: bytes - first },
  ];
}
