// Where a program's requests stand in guest memory: cut into buffers, in place, scattered, and over bytes that others have too.
import type { RequestMode } from '../../src/driver/operations.ts';
import type { Chain, ChainBuffer } from '../../src/driver/queue.ts';
import type { SessionParameters } from '../../src/driver/sessions.ts';
import type { Place, Program, RequestPlan } from './program.ts';
import { pick } from './sessions.ts';
import { type ReadableName, type WritableName, wireOf } from './wire.ts';

/** A part of a request, or a piece of it, in guest memory. */
export interface Piece extends ChainBuffer {
  name: ReadableName | WritableName;
}

/** A request in guest memory. */
export interface Placed {
  session: number;
  /** Whether it carries its keys and names no session. */
  stateless: boolean;
  chain: Chain;
  /** Bytes that its driver writes before any request is made available. */
  contents: { address: number; bytes: Uint8Array }[];
  pieces: Piece[];
}

/** Guest memory for requests: [start, end). */
export interface Arena {
  start: number;
  end: number;
}

const WHOLE = { readableCuts: [], writableCuts: [], joined: false };

/** Room behind a source in place, for a tag in the same buffer. */
const TAG_ROOM = 16;

/**
 * Places a program's requests; those that there is no more room for are left out.
 * @param layoutOf how requests of a session are laid out, without its id
 */
export function placeProgram(
  program: Program,
  sessions: readonly SessionParameters[],
  ids: readonly bigint[],
  layoutOf: (parameters: SessionParameters) => Pick<RequestMode, 'revision1' | 'statelessLayout'>,
  arena: Arena,
): Placed[] {
  const placed: Placed[] = [];
  // What is placed in the shared bytes in place has its tag behind them at most.
  let next = arena.start + program.sharedBytes + TAG_ROOM;
  for (const plan of program.requests) {
    const session = plan.session % sessions.length;
    const parameters = pick(sessions, session);
    const stateless = program.layout === 'stateless' && plan.stateless;
    const id = ids[session] ?? 0n;
    const mode = { ...layoutOf(parameters), ...(stateless ? {} : { session: id }) };
    const placer = new Placer(program.whole ? { ...plan, ...WHOLE } : plan, arena.start, program.sharedBytes, next);
    const request = { session, stateless, ...placer.place(wireOf(plan, parameters, mode, { ids, sessions })) };
    if (placer.next > arena.end) break;
    next = placer.next;
    placed.push(request);
  }
  return placed;
}

class Placer {
  /** The first byte behind all that stands apart. */
  next: number;
  readonly #plan: RequestPlan;
  readonly #shared: number;
  readonly #sharedBytes: number;
  #turn = 0;

  constructor(plan: RequestPlan, shared: number, sharedBytes: number, next: number) {
    this.#plan = plan;
    this.#shared = shared;
    this.#sharedBytes = sharedBytes;
    this.next = next;
  }

  place({ readable, writable }: ReturnType<typeof wireOf>): Omit<Placed, 'session' | 'stateless'> {
    const plan = this.#plan;
    const readableCuts = cutsOf(
      readable.map(({ bytes }) => bytes.length),
      plan.readableCuts,
    );
    const writableCuts = cutsOf(
      writable.map(({ bytes }) => bytes),
      plan.writableCuts,
    );
    const contents: Placed['contents'] = [];
    const read: Piece[] = [];
    let source: Piece[] = [];
    for (const [i, { name, bytes }] of readable.entries()) {
      const pieces = this.#pieces(name, readableCuts[i] ?? []);
      let at = 0;
      for (const piece of pieces) {
        contents.push({ address: piece.address, bytes: bytes.subarray(at, at + piece.bytes) });
        at += piece.bytes;
      }
      if (name === 'source') {
        source = pieces;
        if (plan.inPlace !== 'no') this.next += TAG_ROOM;
      }
      read.push(...pieces);
    }
    const written: Piece[] = [];
    for (const [i, { name, bytes }] of writable.entries()) {
      const inPlace = isInPlace(name, plan, written.length) ? firstOf(source, bytes) : [];
      const left = bytes - inPlace.reduce((sum, piece) => sum + piece.bytes, 0);
      const last = inPlace.at(-1);
      written.push(...inPlace.map((piece) => ({ ...piece, name })));
      if (last && left > 0 && left <= TAG_ROOM) written.push({ name, address: last.address + last.bytes, bytes: left });
      else if (left > 0) written.push(...this.#pieces(name, last ? [left] : (writableCuts[i] ?? [])));
    }
    const chain = {
      readable: buffersOf(read, plan.joined),
      writable: buffersOf(written, plan.joined),
      ...(plan.direct ? { indirect: false } : {}),
    };
    return { chain, contents, pieces: [...read, ...written] };
  }

  /** A part of these pieces: over what others have too, or piece by piece apart. */
  #pieces(name: Piece['name'], lengths: readonly number[]): Piece[] {
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    const place = this.#placeOf(name);
    const isShared = place >= 0 && bytes > 0 && bytes <= this.#sharedBytes;
    let shared = this.#shared + (isShared ? place % (this.#sharedBytes - bytes + 1) : 0);
    return lengths.map((length) => {
      const address = isShared ? shared : this.#apart(length);
      shared += length;
      return { name, address, bytes: length };
    });
  }

  #apart(bytes: number): number {
    const { gaps } = this.#plan;
    this.next += gaps[this.#turn++ % gaps.length] ?? 0;
    const address = this.next;
    this.next += bytes;
    return address;
  }

  #placeOf(name: Piece['name']): Place {
    const { places } = this.#plan;
    return name === 'surplus' || name === 'slack' ? -1 : places[name];
  }
}

/** Whether a writable part stands where the source does. The digest of a chain stands behind its result. */
function isInPlace(name: Piece['name'], { inPlace }: RequestPlan, before: number): boolean {
  return (name === 'result' && inPlace !== 'no') || (name === 'digest' && inPlace === 'digest' && before === 0);
}

/** Lengths of the pieces of each part, where cuts fall into it. */
function cutsOf(parts: readonly number[], cuts: readonly number[]): number[][] {
  const total = parts.reduce((sum, bytes) => sum + bytes, 0);
  const places = cuts.map((cut) => cut % (total + 1)).sort((a, b) => a - b);
  let start = 0;
  return parts.map((bytes) => {
    const end = start + bytes;
    const inside = places.filter((place) => place > start && place < end);
    const bounds = [start, ...inside, end];
    start = end;
    return bounds.slice(1).map((bound, i) => bound - (bounds[i] ?? 0));
  });
}

/** The pieces that the first `bytes` of others are. */
function firstOf(pieces: readonly Piece[], bytes: number): Piece[] {
  let left = bytes;
  return pieces.flatMap((piece) => {
    const length = Math.min(left, piece.bytes);
    left -= length;
    return length > 0 ? [{ ...piece, bytes: length }] : [];
  });
}

/** A buffer a piece, or one for those that stand behind each other. */
function buffersOf(pieces: readonly Piece[], joined: boolean): ChainBuffer[] {
  const buffers: ChainBuffer[] = [];
  for (const { address, bytes } of pieces) {
    const last = buffers.at(-1);
    if (joined && last && last.address + last.bytes === address) last.bytes += bytes;
    else buffers.push({ address, bytes });
  }
  return buffers;
}
