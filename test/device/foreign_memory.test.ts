// Guest memory that lies elsewhere, behind a port. What a guest finds is what the other suites say, which a project of their own runs
// with such memory; here stands what only the port sees.
import { afterEach, describe, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import { FAULT_GUEST_MEMORY } from '../../spec/engine.ts';
import { createCryptoDevice } from '../../src/device/device.ts';
import { foreignGuest, MappedMemory } from '../../src/engine/foreign/index.ts';
import type { GuestMemory } from '../../src/engine/memory.ts';
import { turn } from '../support/flight.ts';
import { mappedOf, WatchedPort } from '../support/foreign.ts';
import { noise } from '../support/memory.ts';
import {
  AT,
  expectWorksAfterReset,
  IV,
  KEY,
  prepare,
  reference,
  request,
  session,
  UNWRITTEN,
} from '../support/requests.ts';
import { type AnyRig, EVENT_IDX, INDIRECT, NEEDS_RESET, RAM_BYTES, RIGS, Rig, VERSION_1 } from '../support/rig.ts';

const SOURCE = noise(1024, 20);

/** Options of a rig with a watched port, and the port once the rig is made. */
function watched() {
  const made: WatchedPort[] = [];
  const guestMemory = (memory: GuestMemory) => {
    const mapped = mappedOf(memory);
    const port = new WatchedPort(mapped);
    made.push(port);
    return foreignGuest(port, mapped.regions);
  };
  return { guestMemory, port: () => made[0] ?? expect.unreachable('The rig has no port.') };
}

/** How often bytes were touched: the numbers that there are. */
const touched = (counts: Uint32Array, address: number, bytes: number) => [
  ...new Set(counts.subarray(address, address + bytes)),
];

let rig: AnyRig | undefined;
afterEach(() => rig?.device.dispose());

async function completed(of: AnyRig, before: number): Promise<void> {
  while (of.data.usedIdx === before && !of.needsReset) await turn();
}

describe.each(RIGS)('%s ring', (_ring, makeRig) => {
  test.each(['inline', 'host', 'workers'] as const)('contents are copied once each way: %s', async (backend) => {
    const { guestMemory, port } = watched();
    rig = makeRig({ guestMemory, backend, workers: 1 });
    await rig.device.backendReady;
    const id = session(rig);
    rig.data.describeChain(prepare(rig, { id, source: SOURCE }));
    port().forget();
    const before = rig.data.usedIdx;
    rig.data.offer(0);
    rig.device.notify(0);
    await completed(rig, before);
    expect(rig.read(AT.destination, 1024)).toEqual(reference('encrypt', KEY, IV, SOURCE));
    const { reads, writes } = port();
    expect(touched(reads, AT.header, 24)).toEqual([1]);
    expect(touched(reads, AT.iv, 16)).toEqual([1]);
    expect(touched(reads, AT.source, 1024)).toEqual([1]);
    expect(touched(reads, AT.destination, 1024)).toEqual([0]);
    expect(touched(writes, AT.destination, 1024)).toEqual([1]);
    expect(touched(writes, AT.status, 1)).toEqual([1]);
    expect(touched(writes, AT.source, 1024)).toEqual([0]);
  });

  test.each([
    ['direct', false],
    ['indirect', true],
  ] as const)('address, length, id and next of a descriptor are read once: %s', (_kind, indirect) => {
    const { guestMemory, port } = watched();
    rig = makeRig({ guestMemory, offer: { eventIdx: true }, features: VERSION_1 | INDIRECT | EVENT_IDX });
    const id = session(rig);
    if (indirect) rig.data.describeIndirect(prepare(rig, { id }), AT.table, 0);
    else rig.data.describeChain(prepare(rig, { id }));
    port().forget();
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
    // Of a packed ring the flags say first whether a descriptor is available; of those that are, they are read with the rest.
    for (let i = 0; i < 5; i++) {
      const at = (indirect ? AT.table : rig.data.desc) + 16 * i;
      expect(touched(port().reads, at, 14), `descriptor ${i}`).toEqual([1]);
      if (indirect) expect(touched(port().reads, at + 14, 2)).toEqual([1]);
    }
  });

  test('whenever the port fails, a reset is needed that says so, nothing is thrown, and the port is left alone', () => {
    const { guestMemory, port } = watched();
    rig = makeRig({ guestMemory });
    for (let calls = 0; ; calls++) {
      const id = session(rig);
      rig.data.describeChain(prepare(rig, { id, source: SOURCE }));
      port().callsLeft = calls;
      rig.data.offer(0);
      rig.device.notify(0);
      if (!rig.needsReset) {
        expect(calls).toBeGreaterThan(10);
        return;
      }
      expect(rig.device.fault).toEqual({
        code: FAULT_GUEST_MEMORY,
        queue: 0,
        message: 'Guest memory could not be reached: the guest is gone (2.1.2)',
      });
      expect(rig.interrupts.at(-1)).toEqual({ kind: 'config', queue: 0 });
      const before = port().calls;
      rig.device.notify(0);
      expect(port().calls).toBe(before);
      port().callsLeft = Number.POSITIVE_INFINITY;
      rig.bringUp();
    }
  });

  test.each([0, 1, 2, 3, 4])(
    'a port that fails %i calls into a completion by a worker: nothing hangs',
    async (calls) => {
      const { guestMemory, port } = watched();
      rig = makeRig({ guestMemory, backend: 'workers', workers: 1 });
      await rig.device.backendReady;
      const id = session(rig);
      rig.data.describeChain(prepare(rig, { id, source: SOURCE }));
      const before = rig.data.usedIdx;
      rig.data.offer(0);
      rig.device.notify(0);
      expect(rig.data.usedIdx).toBe(before);
      port().callsLeft = calls;
      await completed(rig, before);
      expect(rig.device.fault?.code ?? 0).toBe(rig.needsReset ? FAULT_GUEST_MEMORY : 0);
      if (calls < 3) expect(rig.needsReset).toBe(true);
      port().callsLeft = Number.POSITIVE_INFINITY;
      rig.bringUp();
      rig.device.settle();
      const again = session(rig);
      const second = rig.data.usedIdx;
      rig.data.describeChain(prepare(rig, { id: again, source: SOURCE }));
      rig.data.offer(0);
      rig.device.notify(0);
      await completed(rig, second);
      expect(rig.read(AT.destination, 1024)).toEqual(reference('encrypt', KEY, IV, SOURCE));
    },
  );

  test('a port that fails while content is gathered for a worker: nothing stays of the request', async () => {
    const { guestMemory, port } = watched();
    rig = makeRig({ guestMemory, backend: 'workers', workers: 1 });
    await rig.device.backendReady;
    const failed: number[] = [];
    for (let calls = 1; calls < 40; calls++) {
      rig.bringUp();
      rig.data.describeChain(prepare(rig, { id: session(rig), source: SOURCE }));
      port().callsLeft = calls;
      rig.data.offer(0);
      rig.device.notify(0);
      port().callsLeft = Number.POSITIVE_INFINITY;
      rig.device.settle();
      if (rig.needsReset) failed.push(calls);
      else expect(rig.read(AT.destination, 1024)).toEqual(reference('encrypt', KEY, IV, SOURCE));
    }
    expect(failed.length).toBeGreaterThan(5);
    expect(failed).not.toContain(39);
  });
});

test('a driver that comes up again after the guest came back', () => {
  const { guestMemory, port } = watched();
  rig = new Rig({ guestMemory });
  port().callsLeft = 0;
  rig.data.offer(0);
  rig.device.notify(0);
  expect(rig.device.status & NEEDS_RESET).toBe(NEEDS_RESET);
  port().callsLeft = Number.POSITIVE_INFINITY;
  expectWorksAfterReset(rig);
});

const HIGH = 0x1_4000_0000;

/** A rig with its rings below, and a region beyond 4 GiB. */
function withHighMemory(options: { onWrite?: (start: number, end: number) => void } = {}) {
  const high = noise(4096, 30);
  const made = new Rig({
    ...options,
    guestMemory: ({ memory }) => {
      const low = new Uint8Array(memory.buffer, 65536, RAM_BYTES);
      const mapped = new MappedMemory([
        { guestAddress: 0, view: low },
        { guestAddress: HIGH, view: high },
      ]);
      return foreignGuest(mapped, mapped.regions);
    },
  });
  return { rig: made, high };
}

test('a chain across two regions, one of them beyond 4 GiB, with reports of what is written there', () => {
  const reports: { start: number; end: number }[] = [];
  const { rig: made, high } = withHighMemory({ onWrite: (start, end) => reports.push({ start, end }) });
  rig = made;
  const [header, iv, source, destination, status] = prepare(rig, { id: session(rig), source: SOURCE });
  if (!header || !iv || !source || !destination || !status) return expect.unreachable();
  const wanted = reference('encrypt', KEY, IV, Uint8Array.of(...SOURCE.subarray(0, 500), ...high.subarray(0, 524)));
  rig.data.describeChain([
    header,
    iv,
    { address: AT.source, bytes: 500 },
    { address: HIGH, bytes: 524 },
    { address: AT.destination, bytes: 24, write: true },
    { address: HIGH + 2000, bytes: 1000, write: true },
    { address: HIGH + 4095, bytes: 1, write: true },
  ]);
  reports.splice(0);
  rig.data.offer(0);
  rig.device.notify(0);
  expect(high[4095]).toBe(CRYPTO_OK);
  expect(Uint8Array.of(...rig.read(AT.destination, 24), ...high.subarray(2000, 3000))).toEqual(wanted);
  expect(reports).toContainEqual({ start: HIGH + 2000, end: HIGH + 3000 });
  expect(reports).toContainEqual({ start: HIGH + 4095, end: HIGH + 4096 });
});

test('a buffer that begins in one region and ends in none is not RAM', () => {
  const { rig: made } = withHighMemory();
  rig = made;
  const [header, iv, , destination, status] = prepare(rig, { id: session(rig), source: SOURCE });
  if (!header || !iv || !destination || !status) return expect.unreachable();
  rig.data.describeChain([header, iv, { address: HIGH + 4000, bytes: 97 }, destination, status]);
  rig.data.offer(0);
  rig.device.notify(0);
  expect(rig.device.fault?.message).toBe('a buffer is not in RAM (2.7.5)');
  expect(rig.read(AT.status, 1)[0]).toBe(UNWRITTEN);
});

test('options that are wrong are named', () => {
  const port = new MappedMemory([{ guestAddress: 0, view: new Uint8Array(65536) }]);
  const create = (guest: unknown) => () => Reflect.apply(createCryptoDevice, undefined, [{ guest }]);
  expect(create({ port: {}, regions: [] })).toThrow('guest.port.read is undefined: give a function.');
  expect(create({ port, regions: port.regions })).toThrow(
    'guest.open is undefined: give the answer of foreignGuest() of virtio-crypto-wasm/foreign as guest.',
  );
  expect(create(foreignGuest(port, [{ guestAddress: -1, bytes: 1 }]))).toThrow(
    'guest.regions[0].guestAddress is -1: give a whole number of bytes.',
  );
  expect(create(foreignGuest(port, [{ guestAddress: 2 ** 53 - 8, bytes: 65536 }]))).toThrow('guest.regions[0] ends at');
});

test('a request finds what foreign memory holds now, also at an odd place', () => {
  const bytes = new Uint8Array(65537);
  const odd = new MappedMemory([{ guestAddress: 4096, view: bytes.subarray(1) }]);
  odd.store16(4098, 0x1234);
  expect([bytes[3], bytes[4]]).toEqual([0x34, 0x12]);
  expect(odd.load16(4098)).toBe(0x1234);
  expect(() => odd.load16(4094)).toThrow('nothing is mapped at 0xffe, 2 bytes.');
  const { rig: made } = withHighMemory();
  rig = made;
  expect(request(rig, { id: session(rig), source: SOURCE }).status).toBe(CRYPTO_OK);
});

test('a copy crosses from one mapping to the next, and ends where there is none', () => {
  const bytes = noise(96, 40);
  const mapped = new MappedMemory([
    { guestAddress: 0x1000, view: bytes.subarray(0, 32) },
    { guestAddress: 0x1020, view: bytes.subarray(32, 64) },
    { guestAddress: 0x1040, view: bytes.subarray(64) },
  ]);
  const copy = new Uint8Array(90);
  mapped.read(0x1003, copy, 0, 90);
  expect(copy).toEqual(bytes.slice(3, 93));
  mapped.write(0x1003, new Uint8Array(90).fill(7), 0, 90);
  expect(bytes.slice(3, 93)).toEqual(new Uint8Array(90).fill(7));
  expect(() => mapped.read(0x1050, copy, 0, 17)).toThrow('nothing is mapped at 0x1060');
});
