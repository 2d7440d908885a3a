// Requests of one notification may run side by side. What the driver sees is what one after the other would have given,
// also where requests share bytes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CIPHER_AES_CBC, CRYPTO_INVSESS, CRYPTO_OK } from '../../spec/crypto.ts';
import type { Direction } from '../../src/driver/wire.ts';
import { cipherRequest } from '../support/cipher_requests.ts';
import { ownMemory } from '../support/expectations.ts';
import { noise } from '../support/memory.ts';
import { AT, reference, session, UNWRITTEN } from '../support/requests.ts';
import { RIGS } from '../support/rig.ts';
import type { RawBuffer } from '../support/test_ring.ts';

const ARENA = 0x80000;
const ARENA_BYTES = 2048;

interface Session {
  key: Uint8Array;
  direction: Direction;
  id: bigint;
}

interface Piece {
  session: Session;
  blocks: number;
  from: number;
  to: number;
  /** Bytes of the first of two buffers that source and destination are cut into; 0 for one. */
  sourceCut: number;
  destinationCut: number;
}

const headerAt = (i: number) => AT.header + 0x100 * i;
const ivAt = (i: number) => headerAt(i) + 0x80;
const statusAt = (i: number) => headerAt(i) + 0xa0;

function buffers(address: number, bytes: number, cut: number, write: boolean): RawBuffer[] {
  if (cut <= 0 || cut >= bytes) return [{ address, bytes, write }];
  return [
    { address, bytes: cut, write },
    { address: address + cut, bytes: bytes - cut, write },
  ];
}

/** What the arena holds after the requests, one after the other. */
function expected(arena: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const after = arena.slice();
  for (const [i, { session, blocks, from, to }] of pieces.entries()) {
    const source = after.slice(from, from + 16 * blocks);
    after.set(reference(session.direction, session.key, noise(16, 60 + i), source), to);
  }
  return after;
}

const apart = (i: number, session: Session, blocks: number): Piece => ({
  session,
  blocks,
  from: 256 * i,
  to: 256 * i + 128,
  sourceCut: 0,
  destinationCut: 0,
});

describe.each(RIGS)('%s ring', (_, makeRig) => {
  const rig = makeRig({ maxSessions: 8 });
  const sessions: Session[] = [16, 16, 24, 32].flatMap((bytes, i) =>
    (['encrypt', 'decrypt'] as const).map((direction) => {
      const key = noise(bytes, 40 + i);
      return { key, direction, id: session(rig, { key, direction }) };
    }),
  );

  /** Offers a request at descriptors from 8i on. */
  function offer(i: number, { session, blocks, from, to, sourceCut, destinationCut }: Piece, id = session.id): void {
    const bytes = 16 * blocks;
    const lengths = { iv: 16, source: bytes, destination: bytes };
    rig.write(headerAt(i), cipherRequest(id, CIPHER_AES_CBC, session.direction, lengths));
    rig.write(ivAt(i), noise(16, 60 + i));
    rig.write(statusAt(i), Uint8Array.of(UNWRITTEN));
    const chain = [
      { address: headerAt(i), bytes: 72 },
      { address: ivAt(i), bytes: 16 },
      ...buffers(ARENA + from, bytes, sourceCut, false),
      ...buffers(ARENA + to, bytes, destinationCut, true),
      { address: statusAt(i), bytes: 1, write: true },
    ];
    rig.data.describeChain(chain, 8 * i);
    rig.data.offer(8 * i);
  }

  /** Sends the requests with one notification and compares all of memory. */
  function runBatch(pieces: readonly Piece[], seed: number): void {
    const arena = noise(ARENA_BYTES, seed);
    rig.write(ARENA, arena);
    const before = rig.data.usedIdx;
    for (const [i, piece] of pieces.entries()) offer(i, piece);
    const allowed = pieces.flatMap(({ to, blocks }, i) => [
      rig.guest(ARENA + to, 16 * blocks),
      rig.guest(statusAt(i), 1),
    ]);
    const snapshot = rig.snapshot();
    rig.device.notify(0);
    expect(snapshot.changesOutside([...ownMemory(rig, 'data'), ...allowed])).toEqual([]);
    expect((rig.data.usedIdx - before) & 0xffff).toBe(pieces.length);
    for (const [i, { blocks }] of pieces.entries()) {
      expect(rig.data.usedElement(before + i)).toEqual({ id: 8 * i, len: 16 * blocks + 1 });
      expect(rig.read(statusAt(i), 1)[0]).toBe(CRYPTO_OK);
    }
    expect(rig.read(ARENA, ARENA_BYTES)).toEqual(expected(arena, pieces));
  }

  const pick = (i: number): Session => sessions[i] ?? expect.unreachable();

  describe('a batch of requests in one notification', () => {
    test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i encryptions of one session, of one length or of several', (count) => {
      const numbers = Array.from({ length: count }, (_, i) => i);
      runBatch(
        numbers.map((i) => apart(i, pick(0), 4)),
        1,
      );
      runBatch(
        numbers.map((i) => apart(i, pick(0), 1 + (i % 8))),
        2,
      );
      runBatch(
        numbers.map((i) => apart(i, pick(0), 8 - (i % 8))),
        3,
      );
    });

    test('encryptions of several keys, key sizes and directions', () => {
      for (let turn = 0; turn < sessions.length; turn++) {
        runBatch(
          sessions.map((_, i) => apart(i, pick((i * 3 + turn) % sessions.length), 1 + ((i * 5 + turn) % 8))),
          turn,
        );
      }
    });

    test('a request whose source is the result of the one before', () => {
      const steps = Array.from({ length: 7 }, (_, i) => ({ ...apart(0, pick(0), 4), from: 64 * i, to: 64 * (i + 1) }));
      runBatch(steps, 4);
      runBatch(
        steps.map((step) => ({ ...step, from: 0, to: 0 })),
        5,
      );
      runBatch(
        steps.map((step) => ({ ...step, from: step.to, to: step.from })),
        6,
      );
    });

    test('requests that share sources and destinations in any way, cut in any way', () => {
      const piece = fc
        .record({
          session: fc.constantFrom(...sessions),
          blocks: fc.integer({ min: 1, max: 12 }),
          from: fc.integer({ min: 0, max: 600 }),
          distance: fc.oneof(fc.constant(0), fc.integer({ min: -200, max: 600 })),
          sourceCut: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 192 })),
          destinationCut: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 192 })),
        })
        .map(({ distance, ...rest }) => ({ ...rest, to: Math.max(0, rest.from + distance) }));
      fc.assert(
        fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), fc.integer(), (pieces, seed) =>
          runBatch(pieces, seed),
        ),
        { numRuns: 500 },
      );
    });

    test('encryptions of one key size, which run side by side, over each other in any way', () => {
      const piece = fc
        .record({
          session: fc.constantFrom(pick(0), pick(2)),
          blocks: fc.integer({ min: 1, max: 8 }),
          from: fc.nat(300),
          other: fc.nat(300),
          inPlace: fc.boolean(),
        })
        .map(({ other, inPlace, ...rest }) => ({
          ...rest,
          to: inPlace ? rest.from : other,
          sourceCut: 0,
          destinationCut: 0,
        }));
      fc.assert(
        fc.property(fc.array(piece, { minLength: 3, maxLength: 8 }), fc.integer(), (pieces, seed) =>
          runBatch(pieces, seed),
        ),
        { numRuns: 500 },
      );
    });

    test('a refused request between others costs them nothing', () => {
      const arena = noise(ARENA_BYTES, 9);
      rig.write(ARENA, arena);
      const good = [0, 1, 3].map((i) => apart(i, pick(0), 2));
      const before = rig.data.usedIdx;
      offer(0, apart(0, pick(0), 2));
      offer(1, apart(1, pick(0), 2));
      offer(2, apart(2, pick(0), 2), 12345n);
      offer(3, apart(3, pick(0), 2));
      rig.device.notify(0);
      expect((rig.data.usedIdx - before) & 0xffff).toBe(4);
      expect([0, 1, 2, 3].map((i) => rig.read(statusAt(i), 1)[0])).toEqual([0, 0, CRYPTO_INVSESS, 0]);
      expect(rig.data.usedElement(before + 2)).toEqual({ id: 16, len: 0 });
      for (const [nth, i] of [0, 1, 3].entries()) {
        const { from, to, session } = good[nth] ?? expect.unreachable();
        const result = reference('encrypt', session.key, noise(16, 60 + i), arena.slice(from, from + 32));
        expect(rig.read(ARENA + to, 32)).toEqual(result);
      }
    });

    test('2.1.2 requests before a broken chain are finished: their results stand when the driver hears of it', () => {
      const arena = noise(ARENA_BYTES, 10);
      rig.write(ARENA, arena);
      const before = rig.data.usedIdx;
      for (const i of [0, 1, 2]) offer(i, apart(i, pick(0), 2));
      rig.data.describeChain([{ address: 2n ** 40n, bytes: 1 }], 24);
      rig.data.offer(24);
      rig.device.notify(0);
      expect(rig.needsReset).toBe(true);
      expect((rig.data.usedIdx - before) & 0xffff).toBe(3);
      for (const i of [0, 1, 2]) {
        const result = reference('encrypt', pick(0).key, noise(16, 60 + i), arena.slice(256 * i, 256 * i + 32));
        expect(rig.read(ARENA + 256 * i + 128, 32)).toEqual(result);
      }
    });
  });
});
