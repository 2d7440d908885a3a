// The whole memory is compared: what the engine writes outside its own region is its part of the ring, the result, and the status.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import type { Direction } from '../../src/driver/wire.ts';
import { ownMemory } from '../support/expectations.ts';
import { noise, type Stretch, stretch } from '../support/memory.ts';
import { AT, IV, KEY, prepare, reference, session } from '../support/requests.ts';
import { type AnyRig, EVENT_IDX, INDIRECT, RIGS, Rig, VERSION_1 } from '../support/rig.ts';
import type { RawBuffer } from '../support/test_ring.ts';
import { usedLength } from '../support/used_length.ts';

const HEADER_BYTES = 72;
const ARENA = 0x80000;
const ARENA_BYTES = 0x40000;

/** The first `bytes` of buffers, and the last byte of all: where result and status stand. */
function resultAndStatus(rig: AnyRig, writable: readonly RawBuffer[], bytes: number): Stretch[] {
  const parts: Stretch[] = [];
  let left = bytes;
  for (const buffer of writable) {
    const step = Math.min(left, buffer.bytes);
    if (step) parts.push(rig.guest(Number(buffer.address), step));
    left -= step;
  }
  const last = writable.findLast((buffer) => buffer.bytes > 0);
  if (last) parts.push(rig.guest(Number(last.address) + last.bytes - 1, 1));
  return parts;
}

/** Sends a chain, checks that nothing changed but result, status and used ring, and answers the result. */
function run(rig: AnyRig, chain: readonly RawBuffer[], bytes: number, indirect: boolean): Uint8Array {
  const writable = chain.filter((buffer) => buffer.write);
  if (indirect) rig.data.describeIndirect(chain, AT.table);
  else rig.data.describeChain(chain);
  const allowed = [...ownMemory(rig, 'data'), ...resultAndStatus(rig, writable, bytes)];
  const before = rig.data.usedIdx;
  rig.data.offer(0);
  const snapshot = rig.snapshot();
  rig.device.notify(0);
  expect(snapshot.changesOutside(allowed)).toEqual([]);
  expect(rig.data.usedIdx).toBe((before + 1) & 0xffff);
  const room = writable.reduce((sum, buffer) => sum + buffer.bytes, 0);
  expect(rig.data.usedElement(before)).toEqual({ id: 0, len: usedLength(bytes, room) });
  const status = resultAndStatus(rig, writable, 0)[0];
  expect(new Uint8Array(rig.memory.buffer)[status?.start ?? -1]).toBe(CRYPTO_OK);
  return gather(rig, writable, bytes);
}

function gather(rig: AnyRig, buffers: readonly RawBuffer[], bytes: number): Uint8Array {
  const all = buffers
    .filter((buffer) => buffer.bytes > 0)
    .map((buffer) => rig.read(Number(buffer.address), buffer.bytes));
  return new Uint8Array(Buffer.concat(all).subarray(0, bytes));
}

/** Cuts a length into pieces at the given fractions. */
function cut(bytes: number, cuts: readonly number[]): number[] {
  const at = [...new Set([0, ...cuts.map((fraction) => Math.floor(fraction * bytes)), bytes])].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => end - (at[i] ?? 0));
}

const directions: Direction[] = ['encrypt', 'decrypt'];
const keySizes = [16, 24, 32];

describe.each(RIGS)('%s ring', (_ring, makeRig) => {
  describe('scattered requests', () => {
    const rig = makeRig({ maxSessions: 6 });
    const sessions = keySizes.flatMap((bytes) =>
      directions.map((direction) => {
        const key = noise(bytes, bytes);
        return { key, direction, id: session(rig, { key, direction }) };
      }),
    );
    const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    const someCuts = fc.array(fraction, { maxLength: 12 });

    test('the result is that of node:crypto and nothing else is written, however the chain is cut and aligned [2.7.4.1-1] [2.7.5.1-1] [2.7.5.1-3] [2.8.15-1]', () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...sessions),
          fc.integer({ min: 1, max: 70 }),
          someCuts,
          someCuts,
          fc.array(fc.integer({ min: 0, max: 33 }), { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 0, max: 50 }),
          fc.boolean(),
          fc.integer(),
          ({ key, direction, id }, blocks, readCuts, writeCuts, gaps, surplus, indirect, seed) => {
            const source = noise(16 * blocks, seed);
            prepare(rig, { id, direction, source });
            const readable = Buffer.concat([rig.read(AT.header, HEADER_BYTES), IV, source]);
            // Buffers one after the other with gaps of any length: any alignment, canaries between.
            let at = ARENA;
            let nth = 0;
            const place = (bytes: number) => {
              const address = at + (gaps[nth++ % gaps.length] ?? 0);
              at = address + bytes;
              return { address, bytes };
            };
            const chain: RawBuffer[] = [];
            let taken = 0;
            for (const bytes of cut(readable.length, readCuts)) {
              const buffer = place(bytes);
              rig.write(buffer.address, readable.subarray(taken, taken + bytes));
              taken += bytes;
              chain.push(buffer);
            }
            // Linux maps destinations that are longer than dst_data_len: the status is the very last byte.
            for (const bytes of cut(source.length + surplus + 1, writeCuts))
              chain.push({ ...place(bytes), write: true });
            expect(run(rig, chain, source.length, indirect)).toEqual(reference(direction, key, IV, source));
          },
        ),
        { numRuns: 400 },
      );
    });

    test('every byte a buffer of its own, readable and writable', () => {
      for (const { key, direction, id } of sessions) {
        const source = noise(48, 21);
        prepare(rig, { id, direction, source });
        const readable = Buffer.concat([rig.read(AT.header, HEADER_BYTES), IV, source]);
        const chain: RawBuffer[] = [];
        readable.forEach((byte, i) => {
          const address = ARENA + 3 * i;
          rig.write(address, Uint8Array.of(byte));
          chain.push({ address, bytes: 1 });
        });
        for (let i = 0; i <= source.length; i++) chain.push({ address: ARENA + 0x1000 + 2 * i, bytes: 1, write: true });
        expect(run(rig, chain, source.length, true)).toEqual(reference(direction, key, IV, source));
      }
    });

    test('empty buffers anywhere in the chain carry nothing', () => {
      const { key, direction, id } = sessions[0] ?? expect.unreachable();
      const source = noise(64, 22);
      const chain = prepare(rig, { id, direction, source });
      const empty = { address: 2n ** 63n, bytes: 0 };
      const mixed = chain.flatMap((buffer) => [empty, buffer, { ...empty, write: buffer.write ?? false }]);
      expect(run(rig, mixed, 64, false)).toEqual(reference(direction, key, IV, source));
    });
  });

  describe('source and destination in one place', () => {
    const lengths = [16, 48, 128, 1040];
    const layouts: [string, (address: number, bytes: number) => RawBuffer[]][] = [
      ['one buffer', (address, bytes) => [{ address, bytes }]],
      [
        'two buffers',
        (address, bytes) => [
          { address, bytes: bytes - 7 },
          { address: address + bytes - 7, bytes: 7 },
        ],
      ],
    ];

    describe.each(directions)('%s', (direction) => {
      test.each(
        layouts.flatMap(([from, source]) =>
          layouts.map(([to, destination]) => [from, to, source, destination] as const),
        ),
      )(
        'source in %s and destination in %s, overlapping at every offset from -40 to 40, aligned and not',
        (_, __, sourceIn, destinationIn) => {
          const rig = makeRig({});
          const id = session(rig, { direction });
          const [header, iv] = prepare(rig, { id, direction });
          if (!header || !iv) return expect.unreachable();
          for (const bytes of lengths) {
            const data = noise(bytes, bytes);
            const expected = reference(direction, KEY, IV, data);
            for (const start of [ARENA, ARENA + 5]) {
              for (let offset = -40; offset <= 40; offset++) {
                prepare(rig, { id, direction, source: data });
                rig.write(start, data);
                const writable = [...destinationIn(start + offset, bytes), { address: AT.status, bytes: 1 }];
                const chain = [
                  header,
                  iv,
                  ...sourceIn(start, bytes),
                  ...writable.map((buffer) => ({ ...buffer, write: true })),
                ];
                expect(run(rig, chain, bytes, false), `offset ${offset}, ${bytes} bytes`).toEqual(expected);
              }
            }
          }
        },
      );

      test('a destination over the IV and the header of its own request', () => {
        const rig = makeRig({});
        const id = session(rig, { direction });
        const data = noise(64, 5);
        const expected = reference(direction, KEY, IV, data);
        for (const over of [AT.iv, AT.iv - 16, AT.header, AT.header + 8, AT.table]) {
          const chain = prepare(rig, { id, direction, source: data });
          const moved = chain.map((buffer, i) => (i === 3 ? { ...buffer, address: over } : buffer));
          expect(run(rig, moved, 64, over === AT.table)).toEqual(expected);
        }
      });
    });

    test('buffers that end with the last byte of RAM, and start with the first', () => {
      const rig = makeRig({});
      const id = session(rig);
      const data = noise(160, 6);
      const [region] = rig.regions;
      const end = region?.bytes ?? 0;
      const [header, iv, source, , status] = prepare(rig, { id, source: data });
      if (!header || !iv || !source || !status) return expect.unreachable();
      const atEnd = { address: end - 160, bytes: 160, write: true };
      expect(run(rig, [header, iv, source, atEnd, status], 160, false)).toEqual(reference('encrypt', KEY, IV, data));
      prepare(rig, { id, source: data });
      const atStart = { address: 0, bytes: 160, write: true };
      expect(run(rig, [header, iv, source, atStart, status], 160, false)).toEqual(reference('encrypt', KEY, IV, data));
      rig.write(end - 160, data);
      prepare(rig, { id, source: data });
      const inPlace = [
        header,
        iv,
        { ...atEnd, write: false },
        { ...atEnd, bytes: 159 },
        { address: end - 1, bytes: 2 },
      ];
      rig.data.describeChain(inPlace);
      rig.data.offer(0);
      rig.device.notify(0);
      expect(rig.needsReset).toBe(true);
    });
  });

  describe('write reports', () => {
    test.each([
      ['without EVENT_IDX', VERSION_1 | INDIRECT],
      ['with EVENT_IDX', VERSION_1 | INDIRECT | EVENT_IDX],
    ])(
      '%s every changed byte of guest RAM was reported, and nothing but used ring and writable buffers',
      (_, features) => {
        const reports: Stretch[] = [];
        const rig = makeRig({ features, onWrite: (start, end) => reports.push({ start, end }) });
        const id = session(rig);
        for (const bytes of [0, 16, 160, 4096]) {
          for (const split of [false, true]) {
            const source = noise(bytes, 7);
            const [header, iv, from, to, status] = prepare(rig, { id, source });
            if (!header || !iv || !from || !to || !status) return expect.unreachable();
            const half = { ...to, bytes: bytes >> 1 };
            const rest = { ...to, address: Number(to.address) + (bytes >> 1), bytes: bytes - (bytes >> 1) };
            rig.data.describeChain([header, iv, from, ...(split ? [half, rest] : [to]), status]);
            rig.data.offer(0);
            reports.length = 0;
            const snapshot = rig.snapshot();
            rig.device.notify(0);
            const reported = reports.map(({ start, end }) => rig.guest(start, end - start));
            expect(snapshot.changesOutside([rig.engine, ...reported])).toEqual([]);
            const given = [
              ...rig.data.deviceWrites.map(({ address, bytes: length }) => stretch(address, length)),
              stretch(Number(to.address), bytes),
              stretch(Number(status.address), 1),
            ];
            for (const { start, end } of reports) {
              expect(start).toBeLessThan(end);
              expect(given.some((part) => start >= part.start && end <= part.end)).toBe(true);
            }
          }
        }
      },
    );

    test('control requests are reported too', () => {
      const reports: Stretch[] = [];
      const rig = makeRig({ onWrite: (start, end) => reports.push({ start, end }) });
      const snapshot = rig.snapshot();
      session(rig);
      const written = [
        rig.guest(AT.control, 72),
        rig.guest(AT.key, 16),
        rig.guest(rig.control.desc, rig.control.used - rig.control.desc),
      ];
      const reported = reports.map(({ start, end }) => rig.guest(start, end - start));
      expect(snapshot.changesOutside([rig.engine, ...written, ...reported, rig.guest(AT.input, 16)])).toEqual([]);
      expect(reports).toContainEqual(stretch(AT.input, 16));
    });
  });
});

test('the arena of these tests lies in RAM', () => {
  expect(() => new Rig({ start: false }).guest(ARENA, ARENA_BYTES)).not.toThrow();
});
