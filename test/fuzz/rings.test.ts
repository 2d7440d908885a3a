import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import { cipherRequest } from '../support/cipher_requests.ts';
import { ownMemory } from '../support/expectations.ts';
import { contains, noise, stretch } from '../support/memory.ts';
import { AT, expectWorks, KEY, session } from '../support/requests.ts';
import { type AnyRig, EVENT_IDX, INDIRECT, PackedRig, patch, RAM_BYTES, Rig, VERSION_1 } from '../support/rig.ts';

// A guest that writes what it likes into its rings and requests, on both rings. Whatever it is, the device must neither throw
// nor hang, write only where the guest said it may, finish or refuse all that was offered, and work after a reset.
const SIZE = 16;
const TABLE_ENTRIES = 8;
const { FUZZ_CASES = '500' } = process.env;
const CASES = Number(FUZZ_CASES);

interface Descriptor {
  address: bigint;
  bytes: number;
  flags: number;
  /** Split: next. Packed: id. */
  link: number;
}

const { DESC_F_NEXT, DESC_F_WRITE, DESC_F_INDIRECT } = virtio;

/** Nothing of the tables themselves is writable: a chain that rewrites its own descriptors has no one right outcome. */
const writable = fc.record({
  address: fc
    .constantFrom(AT.destination, AT.status, AT.free, AT.free + 5, AT.free + 0x8000, RAM_BYTES - 16)
    .map(BigInt),
  bytes: fc.oneof(fc.constantFrom(0, 1, 15, 16, 17, 64, 65, 4096), fc.nat(0x1000)),
});
const readable = fc.record({
  address: fc.oneof(
    fc.constantFrom(AT.header, AT.iv, AT.source, AT.free, 0, RAM_BYTES - 1, RAM_BYTES).map(BigInt),
    fc.constantFrom((1n << 64n) - 1n, (1n << 64n) - 16n, 1n << 63n, (1n << 32n) + BigInt(AT.source)),
    fc.bigInt({ min: 0n, max: BigInt(RAM_BYTES + 4096) }),
  ),
  bytes: fc.oneof(fc.constantFrom(0, 1, 16, 72, 64, 80, 4096, 0x7fffffff, 0xffffffff), fc.nat(0x2000)),
});
const indirect = fc.record({
  address: fc.constantFrom(AT.table, AT.table + 16, AT.table + 1, RAM_BYTES - 8).map(BigInt),
  bytes: fc.constantFrom(0, 15, 16, 32, 48, 64, 80, 128, 0xfffffff0),
});
const link = fc.nat(SIZE);
const more = fc.constantFrom(0, DESC_F_NEXT, DESC_F_NEXT);
const entry: fc.Arbitrary<Descriptor> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(readable, more, link).map(([at, flags, to]) => ({ ...at, flags, link: to })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(writable, more, link)
      .map(([at, flags, to]) => ({ ...at, flags: flags | DESC_F_WRITE, link: to })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(indirect, fc.constantFrom(0, 0, DESC_F_NEXT, DESC_F_WRITE), link)
      .map(([at, flags, to]) => ({ ...at, flags: flags | DESC_F_INDIRECT, link: to })),
  },
);

const attack = fc.record({
  ring: fc.array(entry, { minLength: SIZE, maxLength: SIZE }),
  table: fc.array(entry, { minLength: TABLE_ENTRIES, maxLength: TABLE_ENTRIES }),
  /** Whether a chain as Linux lays it out stands over the first entries, so that requests run beside what is broken. */
  good: fc.boolean(),
  /** What of that chain's buffers for source and destination there is: 64 bytes are asked for. */
  sourceBytes: fc.constantFrom(64, 64, 64, 63, 65, 16, 0),
  destinationBytes: fc.constantFrom(64, 64, 64, 63, 65, 16, 0),
  decrypt: fc.boolean(),
  fields: fc.dictionary(
    fc.constantFrom('0', '8', '24', '28', '32', '64'),
    fc.oneof(fc.constantFrom(0, 1, 16, 64, 0xffffffff), fc.nat()),
    { maxKeys: 2 },
  ),
  heads: fc.array(fc.nat(SIZE), { minLength: 1, maxLength: SIZE }),
  ahead: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xffff) }),
});
type Attack = typeof attack extends fc.Arbitrary<infer T> ? T : never;

/** A Linux request over the entries from 0 on, linked in order. */
function linuxChain(sourceBytes: number, destinationBytes: number): Descriptor[] {
  const places = [
    [AT.header, crypto.DATA_LEGACY_BYTES, 0],
    [AT.iv, 16, 0],
    [AT.source, sourceBytes, 0],
    [AT.destination, destinationBytes, DESC_F_WRITE],
    [AT.status, 1, DESC_F_WRITE],
  ] as const;
  return places.map(([address, bytes, flags], i) => ({
    address: BigInt(address),
    bytes,
    flags: flags | (i < 4 ? DESC_F_NEXT : 0),
    link: i < 4 ? i + 1 : 0,
  }));
}

function writeEntry(rig: AnyRig, at: number, { address, bytes, flags, link: to }: Descriptor, packed: boolean): void {
  const view = rig.view(at, virtio.DESC_BYTES);
  view.setBigUint64(virtio.DESC_ADDR, address, true);
  view.setUint32(virtio.DESC_LEN, bytes, true);
  view.setUint16(packed ? virtio.PACKED_DESC_FLAGS : virtio.DESC_FLAGS, flags, true);
  view.setUint16(packed ? virtio.PACKED_DESC_ID : virtio.DESC_NEXT, to, true);
}

/** Writes an attack into guest memory; answers every descriptor that it may follow. */
function stage(rig: AnyRig, attacked: Attack): Descriptor[] {
  const { ring, table, good, sourceBytes, destinationBytes, decrypt, fields, heads, ahead } = attacked;
  const direction = decrypt ? 'decrypt' : 'encrypt';
  const id = session(rig, { direction });
  const header = cipherRequest(id, crypto.CIPHER_AES_CBC, direction, { iv: 16, source: 64, destination: 64 });
  const patches = Object.fromEntries(Object.entries(fields).map(([offset, value]) => [Number(offset), value]));
  rig.write(AT.header, patch(header, patches));
  rig.write(AT.source, noise(64, 21));
  const packed = rig instanceof PackedRig;
  const entries = good ? [...linuxChain(sourceBytes, destinationBytes), ...ring.slice(5)] : ring;
  for (const [i, item] of entries.entries()) {
    const marks = packed ? virtio.PACKED_DESC_F_AVAIL : 0;
    writeEntry(rig, rig.data.desc + i * virtio.DESC_BYTES, { ...item, flags: item.flags | marks }, packed);
  }
  for (const [i, item] of table.entries()) writeEntry(rig, AT.table + i * virtio.DESC_BYTES, item, packed);
  if (rig instanceof Rig) {
    for (const head of heads) rig.data.offer(head);
    if (ahead) rig.data.setAvailIdx(rig.data.availIdx + ahead);
  }
  return [...entries, ...table];
}

function expectHeld(rig: AnyRig, attacked: Attack): void {
  rig.bringUp();
  const followed = stage(rig, attacked);
  const mayWrite = followed
    .filter(({ flags }) => flags & DESC_F_WRITE)
    .map(({ address, bytes }) => ({ address: Number(address), bytes }))
    .filter(({ address, bytes }) => address + bytes <= RAM_BYTES)
    .map(({ address, bytes }) => stretch(rig.offset(address), bytes));
  const snapshot = rig.snapshot();
  rig.device.notify(0);
  expect(snapshot.changesOutside([...ownMemory(rig, 'data'), ...mayWrite])).toEqual([]);
  for (const place of mayWrite) expect(contains(rig.memory, place, KEY)).toBe(false);
  if (rig instanceof Rig && !rig.needsReset) expect(rig.data.usedIdx).toBe(rig.data.availIdx);
  rig.bringUp();
  expectWorks(rig);
}

describe.each([
  ['split', () => new Rig({ queueSize: SIZE, features: VERSION_1 | INDIRECT })],
  ['split, EVENT_IDX', () => new Rig({ queueSize: SIZE, features: VERSION_1 | INDIRECT | EVENT_IDX })],
  ['packed', () => new PackedRig({ queueSize: SIZE, features: VERSION_1 | INDIRECT })],
  ['packed, EVENT_IDX', () => new PackedRig({ queueSize: SIZE, features: VERSION_1 | INDIRECT | EVENT_IDX })],
] as const)('a hostile guest on a %s ring', (_name, makeRig: () => AnyRig) => {
  test('2.7.5, 2.8.6 neither hangs the device nor makes it write where it must not', () => {
    const rig = makeRig();
    fc.assert(
      fc.property(attack, (attacked) => expectHeld(rig, attacked)),
      { numRuns: CASES },
    );
  }, 300_000);
});
