// What a hostile driver may put into a packed ring: the device stops, the driver hears of it, and nothing outside the
// engine's own memory has changed.
import { describe, expect, test } from 'vitest';
import * as fault from '../../spec/engine.ts';
import * as virtio from '../../spec/virtio.ts';
import { expectFault, expectFaultOf, ownMemory } from '../support/expectations.ts';
import { noise } from '../support/memory.ts';
import { AT, expectWorksAfterReset, IV, KEY, prepare, reference, session } from '../support/requests.ts';
import { feature, INDIRECT, NEEDS_RESET, PACKED, PackedRig, RAM_BYTES, VERSION_1 } from '../support/rig.ts';

const { DESC_F_NEXT, DESC_F_WRITE, DESC_F_INDIRECT } = virtio;
const RING = 8;
const small = () => new PackedRig({ queueSize: RING });

/** Offers a list, and expects it to break the device. */
function expectListFault(rig: PackedRig, code: number, entries: Parameters<typeof rig.data.describeList>[0]): void {
  rig.data.describeList(entries);
  rig.data.offer(0);
  expectFault(rig, code);
}

const good = (i: number, flags = 0) => ({ address: AT.free + 16 * i, bytes: 16, flags });

describe('2.8.17 lists', () => {
  test.each([0, 16])('that never end, of descriptors of %i bytes, set DEVICE_NEEDS_RESET', (bytes) => {
    const entries = Array.from({ length: RING }, (_, i) => ({ ...good(i, DESC_F_NEXT), bytes }));
    expectListFault(small(), fault.FAULT_DESCRIPTOR_LOOP, entries);
  });

  test('longer than the ring, from the middle of it on, set DEVICE_NEEDS_RESET', () => {
    const rig = small();
    const chain = prepare(rig, { id: session(rig) });
    rig.data.describeChain(chain);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.data.usedIdx).toBe(1);
    expectListFault(
      rig,
      fault.FAULT_DESCRIPTOR_LOOP,
      Array.from({ length: RING }, (_, i) => good(i, DESC_F_NEXT)),
    );
  });

  test('that run into descriptors which the device has not given back set DEVICE_NEEDS_RESET', () => {
    const rig = small();
    rig.data.describeChain(prepare(rig, { id: session(rig) }));
    rig.data.offer(0);
    // Five descriptors are taken by the first list: a second of four has no room.
    for (const [i, place] of [5, 6, 7].entries()) {
      rig.data.write(rig.data.desc + 16 * place, good(i, DESC_F_NEXT | virtio.PACKED_DESC_F_AVAIL), 1);
    }
    rig.device.notify(0);
    expectFaultOf(rig, fault.FAULT_DESCRIPTOR_LOOP);
    expect(rig.data.usedIdx).toBe(1);
    expectWorksAfterReset(rig);
  });

  test('with a readable buffer behind a writable one set DEVICE_NEEDS_RESET', () => {
    expectListFault(small(), fault.FAULT_DESCRIPTOR_ORDER, [good(0, DESC_F_WRITE | DESC_F_NEXT), good(1)]);
  });
});

describe('2.8.4 buffers', () => {
  const END = BigInt(RAM_BYTES);
  test.each([
    ['at the end of RAM', END, 1],
    ['across the end of RAM', END - 1n, 2],
    ['with an end that wraps around', 2n ** 64n - 1n, 2],
    ['at the last address', 2n ** 64n - 1n, 1],
    ['at 4 GiB', 2n ** 32n, 16],
    ['longer than RAM', 0n, RAM_BYTES + 1],
    ['as long as can be', 0n, 0xffffffff],
  ])('%s set DEVICE_NEEDS_RESET, readable and writable, in the ring and in a table', (_, address, bytes) => {
    for (const flags of [0, DESC_F_WRITE]) {
      expectListFault(small(), fault.FAULT_DESCRIPTOR_ADDRESS, [{ address, bytes, flags }]);
      expectListFault(small(), fault.FAULT_DESCRIPTOR_ADDRESS, [good(0, DESC_F_NEXT), { address, bytes, flags }]);
      const rig = small();
      rig.data.describeIndirect([good(0), { address, bytes, write: flags !== 0 }], AT.table);
      rig.data.offer(0);
      expectFault(rig, fault.FAULT_DESCRIPTOR_ADDRESS);
    }
  });

  test.each([true, false])('whose lengths pass 2^32 together set DEVICE_NEEDS_RESET (writable: %s)', (write) => {
    const rig = new PackedRig({ queueSize: 8192, ringSize: 64, maxSessions: 1 });
    const all = Array.from({ length: 4097 }, () => ({ address: 0, bytes: RAM_BYTES, write }));
    rig.data.describeIndirect(all, AT.table);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_CHAIN_BYTES);
  });
});

describe('2.8.19 indirect tables', () => {
  const table = { address: AT.table, bytes: 32, flags: DESC_F_INDIRECT };
  const withTable = () => {
    const rig = small();
    rig.data.describeChain([good(0), { ...good(1), write: true }], 0, AT.table);
    return rig;
  };

  test('without the feature set DEVICE_NEEDS_RESET', () => {
    const rig = new PackedRig({ queueSize: RING, features: VERSION_1 });
    rig.data.describeIndirect([good(0)], AT.table);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_INDIRECT_NOT_NEGOTIATED);
  });

  test('with NEXT set DEVICE_NEEDS_RESET', () => {
    expectListFault(withTable(), fault.FAULT_INDIRECT_NEXT, [
      { ...table, flags: DESC_F_INDIRECT | DESC_F_NEXT },
      good(2),
    ]);
  });

  test('behind a direct descriptor set DEVICE_NEEDS_RESET', () => {
    expectListFault(withTable(), fault.FAULT_INDIRECT_NEXT, [good(2, DESC_F_NEXT), table]);
  });

  test.each([0, 1, 15, 17, 0xffffffff])(
    'of %i bytes, no whole number of descriptors, set DEVICE_NEEDS_RESET',
    (bytes) => {
      expectListFault(withTable(), fault.FAULT_INDIRECT_LENGTH, [{ ...table, bytes }]);
    },
  );

  test.each([BigInt(RAM_BYTES) - 16n, 2n ** 32n, 2n ** 64n - 16n])(
    'at 0x%x, out of RAM, set DEVICE_NEEDS_RESET',
    (address) => {
      expectListFault(withTable(), fault.FAULT_INDIRECT_ADDRESS, [{ ...table, address }]);
    },
  );

  test('2.8.18 with more entries than a list may have set DEVICE_NEEDS_RESET, empty ones too', () => {
    expectListFault(small(), fault.FAULT_CHAIN_LENGTH, [{ ...table, bytes: 16 * 1025 }]);
    const rig = small();
    rig.data.describeIndirect(
      Array.from({ length: 1024 }, () => ({ address: 0, bytes: 0 })),
      AT.table,
    );
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_REQUEST_HEADER);
  });
});

describe('requests without room', () => {
  test('5.9.7 for a header or a status set DEVICE_NEEDS_RESET', () => {
    expectListFault(small(), fault.FAULT_REQUEST_HEADER, [
      { ...good(0, DESC_F_NEXT), bytes: 71 },
      { ...good(1, DESC_F_WRITE), bytes: 1 },
    ]);
    expectListFault(small(), fault.FAULT_REQUEST_STATUS, [{ address: AT.free, bytes: 72, flags: 0 }]);
  });
});

describe('a broken list behind good ones', () => {
  test('2.1.2 the good ones are completed, the broken one is not, and what stands behind it is not looked at', () => {
    const rig = small();
    const chain = prepare(rig, { id: session(rig) });
    rig.data.describeIndirect(chain, AT.table, 1);
    rig.data.describeList([{ address: 2n ** 40n, bytes: 1, flags: 0 }], 2);
    rig.interrupts = [];
    for (const head of [1, 1, 2, 1]) rig.data.offer(head);
    const broken = rig.data.descriptor(2);
    const snapshot = rig.snapshot();
    rig.device.notify(0);
    const result = [rig.guest(AT.destination, 64), rig.guest(AT.status, 1)];
    expect(snapshot.changesOutside([...ownMemory(rig, 'data'), ...result])).toEqual([]);
    expect(rig.device.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(rig.data.usedIdx).toBe(2);
    expect(rig.data.descriptor(2)).toEqual(broken);
    expect(rig.interrupts.map(({ kind }) => kind)).toEqual(['queue', 'config']);
    expect(rig.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, noise(64, 13)));
    expectWorksAfterReset(rig);
  });
});

describe('requests that write into their own ring', () => {
  test('2.8.15 cannot make the device work for ever: one notification runs no more than the ring holds', () => {
    const rig = small();
    const decrypt = session(rig, { direction: 'decrypt' });
    const chain = prepare(rig, { id: decrypt, direction: 'decrypt', source: noise(16 * RING, 3) });
    // The result is a whole ring of descriptors, available in this round but for the first: that one is in the next.
    const ring = new Uint8Array(16 * RING);
    for (let i = 0; i < RING; i++) {
      const view = new DataView(ring.buffer, 16 * i);
      view.setBigUint64(0, BigInt(AT.table), true);
      view.setUint32(8, 80, true);
      view.setUint16(14, DESC_F_INDIRECT | (i ? virtio.PACKED_DESC_F_AVAIL : virtio.PACKED_DESC_F_USED), true);
    }
    rig.write(AT.source, reference('encrypt', KEY, IV, ring));
    const moved = chain.map((buffer, i) => (i === 3 ? { ...buffer, address: rig.data.desc } : buffer));
    rig.data.describeIndirect(moved, AT.table);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.device.requests(0)).toBe(RING);
    expect(rig.needsReset).toBe(false);
    expectWorksAfterReset(rig);
  });
});

describe('queue registers', () => {
  const BASE = 0x60000n;
  const enabled = (registers: { size?: number; desc?: bigint; driver?: bigint; device?: bigint }) => {
    const rig = new PackedRig({ queueSize: 100, start: false });
    rig.negotiate();
    const ring = rig.ringAt(Number(BASE), 100);
    rig.enable(0, ring, registers);
    return rig;
  };

  test.each([
    ['size 0', { size: 0 }, fault.FAULT_QUEUE_SIZE],
    ['a size beyond what is offered', { size: 101 }, fault.FAULT_QUEUE_SIZE],
    ['a size of 2^16', { size: 65536 }, fault.FAULT_QUEUE_SIZE],
    ['a ring that is not 16-byte aligned', { desc: BASE + 8n }, fault.FAULT_QUEUE_ALIGNMENT],
    ['a driver area that is not 4-byte aligned', { driver: BASE + 0x2002n }, fault.FAULT_QUEUE_ALIGNMENT],
    ['a device area that is not 4-byte aligned', { device: BASE + 0x2002n }, fault.FAULT_QUEUE_ALIGNMENT],
    ['a ring across the end of RAM', { desc: BigInt(RAM_BYTES) - 1584n }, fault.FAULT_QUEUE_ADDRESS],
    ['a driver area out of RAM', { driver: BigInt(RAM_BYTES) }, fault.FAULT_QUEUE_ADDRESS],
    ['a device area at 4 GiB', { device: 2n ** 32n }, fault.FAULT_QUEUE_ADDRESS],
  ] as const)('2.8.10.1 %s sets DEVICE_NEEDS_RESET', (_, registers, code) => {
    const rig = enabled(registers);
    expectFaultOf(rig, code);
    expect(rig.needsReset).toBe(true);
    expectWorksAfterReset(rig);
  });

  test('2.8.10.1 a ring and areas that end with the last byte of RAM are fine', () => {
    const rig = enabled({
      desc: BigInt(RAM_BYTES) - 1616n,
      driver: BigInt(RAM_BYTES) - 8n,
      device: BigInt(RAM_BYTES) - 4n,
    });
    expect(rig.device.fault).toBeUndefined();
  });

  test('2.7 a size that is no power of two breaks a split ring only', () => {
    const rig = new PackedRig({ queueSize: 100, start: false });
    rig.negotiate(VERSION_1 | INDIRECT);
    rig.enable(0, rig.ringAt(Number(BASE), 6));
    expectFaultOf(rig, fault.FAULT_QUEUE_SIZE);
    rig.negotiate(VERSION_1 | PACKED | feature(28));
    rig.enable(0, rig.ringAt(Number(BASE), 6));
    expect(rig.device.fault).toBeUndefined();
  });
});
