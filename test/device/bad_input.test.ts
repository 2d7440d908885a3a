// Bad input, first half: queues and descriptor chains that break the rules of the virtqueue. Each one costs the driver
// DEVICE_NEEDS_RESET (2.1.2), and nothing else.
import { describe, expect, test } from 'vitest';
import * as fault from '../../spec/engine.ts';
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE } from '../../spec/virtio.ts';
import { expectChainFault, expectFault } from '../support/expectations.ts';
import { AT, expectWorks, prepare, session } from '../support/requests.ts';
import { INDIRECT, RAM_BYTES, Rig, type RigOptions, UP, VERSION_1 } from '../support/rig.ts';

const small = (options: RigOptions = {}) => new Rig(options);

/** A rig, and the chain of a good request in it. */
function goodRequest(options?: RigOptions) {
  const rig = small(options);
  const chain = prepare(rig, { id: session(rig) });
  return { rig, chain };
}

const replaced = <T>(list: readonly T[], index: number, value: Partial<T>): T[] =>
  list.map((entry, i) => (i === index ? { ...entry, ...value } : entry));

describe('descriptor chains', () => {
  test('2.7.5.2 a descriptor that is its own successor sets DEVICE_NEEDS_RESET', () => {
    const rig = small();
    rig.data.describe(0, { address: AT.free, bytes: 16, flags: DESC_F_NEXT, next: 0 });
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_DESCRIPTOR_LOOP);
  });

  test('2.7.5.2 a loop over the whole table sets DEVICE_NEEDS_RESET', () => {
    const rig = small();
    for (let i = 0; i < rig.data.size; i++) {
      rig.data.describe(i, { address: AT.free, bytes: 1, flags: DESC_F_NEXT, next: (i + 1) % rig.data.size });
    }
    rig.data.offer(5);
    expectFault(rig, fault.FAULT_DESCRIPTOR_LOOP);
  });

  test('2.7.5.2 a loop of descriptors without bytes sets DEVICE_NEEDS_RESET', () => {
    const rig = small();
    rig.data.describe(0, { address: 0, bytes: 0, flags: DESC_F_NEXT, next: 1 });
    rig.data.describe(1, { address: 0, bytes: 0, flags: DESC_F_NEXT, next: 0 });
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_DESCRIPTOR_LOOP);
  });

  test('2.7.5.2 a loop inside an indirect table sets DEVICE_NEEDS_RESET', () => {
    const rig = small();
    rig.data.describeIndirect(
      [
        { address: AT.free, bytes: 1 },
        { address: AT.free, bytes: 1 },
      ],
      AT.table,
    );
    rig.data.describe(1, { address: AT.free, bytes: 1, flags: DESC_F_NEXT, next: 0 }, AT.table);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_DESCRIPTOR_LOOP);
  });

  test('2.7.5.2 a loop in a table as large as RAM ends as soon as every index was seen', () => {
    const rig = small({ regions: [{ guestAddress: 0, bytes: 1024 * RAM_BYTES, offset: 65536 }] });
    rig.bringUp();
    rig.data.describe(0, { address: AT.table, bytes: 1000 * RAM_BYTES, flags: DESC_F_INDIRECT });
    rig.data.describe(0, { address: 0, bytes: 0, flags: DESC_F_NEXT, next: 0 }, AT.table);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.device.fault?.code).toBe(fault.FAULT_DESCRIPTOR_LOOP);
  });

  test.each([0, 1, 63])('2.7.5 a next index beyond the table, after descriptor %i, sets DEVICE_NEEDS_RESET', (head) => {
    for (const next of [64, 65, 0x8000, 0xffff]) {
      const rig = small();
      rig.data.describe(head, { address: AT.free, bytes: 16, flags: DESC_F_NEXT, next });
      rig.data.offer(head);
      expectFault(rig, fault.FAULT_DESCRIPTOR_INDEX);
    }
  });

  test.each([64, 0x7fff, 0xffff])('2.7.6 a head of %i, beyond the table, sets DEVICE_NEEDS_RESET', (head) => {
    const rig = small();
    rig.data.offer(head);
    expectFault(rig, fault.FAULT_DESCRIPTOR_INDEX);
  });

  test('2.7.5.3 a next index beyond the indirect table sets DEVICE_NEEDS_RESET', () => {
    const { rig, chain } = goodRequest();
    rig.data.describeIndirect(chain, AT.table);
    rig.data.describe(4, { address: AT.status, bytes: 1, flags: DESC_F_WRITE | DESC_F_NEXT, next: 5 }, AT.table);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_DESCRIPTOR_INDEX);
  });

  test('2.7.4.2 a writable buffer before a readable one sets DEVICE_NEEDS_RESET', () => {
    const { rig, chain } = goodRequest();
    expectChainFault(rig, fault.FAULT_DESCRIPTOR_ORDER, replaced(chain, 1, { write: true }));
  });

  test('2.7.4.2 a writable buffer before a readable one in an indirect table sets DEVICE_NEEDS_RESET', () => {
    const { rig, chain } = goodRequest();
    rig.data.describeIndirect(replaced(chain, 0, { write: true }), AT.table);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_DESCRIPTOR_ORDER);
  });

  test('5.9.7 a data request without a writable byte sets DEVICE_NEEDS_RESET', () => {
    const { rig, chain } = goodRequest();
    expectChainFault(rig, fault.FAULT_REQUEST_STATUS, chain.slice(0, 3));
  });

  test('5.9.7 a data request whose writable buffers are all empty sets DEVICE_NEEDS_RESET', () => {
    const { rig, chain } = goodRequest();
    const empty = chain.map((buffer) => (buffer.write ? { ...buffer, bytes: 0 } : buffer));
    expectChainFault(rig, fault.FAULT_REQUEST_STATUS, empty);
  });

  test.each([1, 23, 24, 71])('5.9.7 a header of %i bytes sets DEVICE_NEEDS_RESET', (bytes) => {
    const { rig, chain } = goodRequest();
    expectChainFault(rig, fault.FAULT_REQUEST_HEADER, [{ address: AT.header, bytes }, ...chain.slice(3)]);
  });

  test('5.9.7 a chain of nothing but one empty buffer sets DEVICE_NEEDS_RESET', () => {
    expectChainFault(small(), fault.FAULT_REQUEST_HEADER, [{ address: 0, bytes: 0 }]);
  });

  test('2.7.4.1 a chain of more buffers than the device can hold sets DEVICE_NEEDS_RESET', () => {
    const rig = small({ regions: [{ guestAddress: 0, bytes: 2 * RAM_BYTES, offset: 65536 }] });
    const chain = Array.from({ length: fault.CHAIN_BUFFERS_MIN + 1 }, () => ({ address: AT.free, bytes: 1 }));
    rig.data.describeIndirect(chain, RAM_BYTES);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_CHAIN_LENGTH);
  });

  test.each([
    ['readable', false],
    ['writable', true],
  ])('2.7.5.2 %s lengths whose sum passes 2^32 set DEVICE_NEEDS_RESET', (_, write) => {
    const rig = small({ queueSize: 8192, ringSize: 64, maxSessions: 1 });
    const { chain } = { chain: prepare(rig, { id: session(rig) }) };
    // 4096 times the whole RAM: 2^32 bytes, so that a 32-bit sum would come out as that of the rest.
    const all = Array.from({ length: 4096 }, () => ({ address: 0, bytes: RAM_BYTES, write }));
    const long = write ? [...chain, ...all] : [...all, ...chain];
    rig.data.describeIndirect(long, AT.table);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_CHAIN_BYTES);
  });
});

describe('addresses', () => {
  const END = BigInt(RAM_BYTES);
  test.each([
    ['one byte past RAM', END, 1],
    ['starting in RAM and ending past it', END - 16n, 17],
    ['starting with the last byte of RAM', END - 1n, 2],
    ['at 2^32 and within RAM if cut to 32 bits', 2n ** 32n + BigInt(AT.source), 16],
    ['at 2^63', 2n ** 63n, 16],
    ['whose end wraps 2^64', 2n ** 64n - 8n, 16],
    ['whose end wraps 2^64 into RAM', 2n ** 64n - 1n, 0xffffffff],
    ['of all but one byte of 4 GiB', BigInt(AT.source), 0xffffffff],
    ['of half of 4 GiB', BigInt(AT.source), 0x80000000],
  ])('2.7.5 a buffer %s sets DEVICE_NEEDS_RESET, readable or writable, direct or indirect', (_, address, bytes) => {
    for (const index of [0, 1, 2, 3, 4]) {
      const { rig, chain } = goodRequest();
      expectChainFault(rig, fault.FAULT_DESCRIPTOR_ADDRESS, replaced(chain, index, { address, bytes }));
    }
    const { rig, chain } = goodRequest();
    rig.data.describeIndirect(replaced(chain, 3, { address, bytes }), AT.table);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_DESCRIPTOR_ADDRESS);
  });

  // RAM from 0 to 640 KiB and from 1 MiB to 2 MiB, with the bytes of the hole in the memory between them, as in v86.
  const HOLE = 0xa0000;
  const holed = (): Rig =>
    small({
      regions: [
        { guestAddress: 0, bytes: HOLE, offset: 65536 },
        { guestAddress: RAM_BYTES, bytes: RAM_BYTES, offset: 65536 + RAM_BYTES },
      ],
    });

  test('2.7.5 RAM on both sides of a hole works', () => {
    const rig = holed();
    const id = session(rig);
    const chain = prepare(rig, { id });
    rig.data.describeIndirect(replaced(chain, 3, { address: RAM_BYTES }), RAM_BYTES + 4096);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.read(AT.status, 1)[0]).toBe(0);
    expectWorks(rig);
  });

  test.each([
    ['in the video hole', HOLE, 16],
    ['in the middle of the video hole', 0xb8000, 4000],
    ['that ends in the video hole', HOLE - 15, 16],
    ['that starts in the video hole and ends in RAM', RAM_BYTES - 1, 16],
    ['that spans the video hole', HOLE - 16, RAM_BYTES - HOLE + 32],
    ['below the second stretch by less than its length, past the first', RAM_BYTES * 2, 16],
  ])('2.7.5 a buffer %s sets DEVICE_NEEDS_RESET', (_, address, bytes) => {
    for (const index of [2, 3]) {
      const rig = holed();
      const chain = prepare(rig, { id: session(rig) });
      expectChainFault(rig, fault.FAULT_DESCRIPTOR_ADDRESS, replaced(chain, index, { address, bytes }));
    }
  });

  test('2.7.5.3 an indirect table in the video hole sets DEVICE_NEEDS_RESET', () => {
    for (const address of [HOLE, HOLE - 16, RAM_BYTES - 16]) {
      const rig = holed();
      rig.data.describe(0, { address, bytes: 32, flags: DESC_F_INDIRECT });
      rig.data.offer(0);
      expectFault(rig, fault.FAULT_INDIRECT_ADDRESS);
    }
  });

  test('2.7 a queue in the video hole sets DEVICE_NEEDS_RESET', () => {
    for (const register of ['desc', 'driver', 'device'] as const) {
      const rig = holed();
      rig.negotiate();
      expectFault(rig, fault.FAULT_QUEUE_ADDRESS, 0, () => rig.enable(0, rig.data, { [register]: BigInt(HOLE - 32) }));
    }
  });
});

describe('indirect descriptors', () => {
  test('2.7.5.3.1 an indirect descriptor without the feature sets DEVICE_NEEDS_RESET', () => {
    const { rig, chain } = goodRequest({ features: VERSION_1 });
    rig.data.describeIndirect(chain, AT.table);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_INDIRECT_NOT_NEGOTIATED);
  });

  test.each([0, DESC_F_NEXT, DESC_F_WRITE])(
    '2.7.5.3.1 an indirect descriptor inside an indirect table sets DEVICE_NEEDS_RESET (other flags: %i)',
    (flags) => {
      const { rig, chain } = goodRequest();
      rig.data.describeChain(chain, 0, AT.table2);
      rig.data.describe(0, { address: AT.table, bytes: 16, flags: DESC_F_INDIRECT });
      rig.data.describe(0, { address: AT.table2, bytes: chain.length * 16, flags: DESC_F_INDIRECT | flags }, AT.table);
      rig.data.offer(0);
      expectFault(rig, fault.FAULT_INDIRECT_NESTED);
    },
  );

  test('2.7.5.3.1 an indirect table that refers to itself sets DEVICE_NEEDS_RESET', () => {
    const rig = small();
    rig.data.describe(0, { address: rig.data.desc, bytes: 16, flags: DESC_F_INDIRECT });
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_INDIRECT_NESTED);
  });

  test('2.7.5.3.1 INDIRECT and NEXT in one descriptor set DEVICE_NEEDS_RESET', () => {
    const { rig, chain } = goodRequest();
    rig.data.describeIndirect(chain, AT.table, 0, DESC_F_NEXT);
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_INDIRECT_NEXT);
  });

  test.each([0, 1, 15, 17, 79, 0xffffffff])(
    '2.7.5.3 an indirect table of %i bytes, no whole number of descriptors, sets DEVICE_NEEDS_RESET',
    (bytes) => {
      const { rig, chain } = goodRequest();
      rig.data.describeIndirect(chain, AT.table);
      rig.data.describe(0, { address: AT.table, bytes, flags: DESC_F_INDIRECT });
      rig.data.offer(0);
      expectFault(rig, fault.FAULT_INDIRECT_LENGTH);
    },
  );

  test.each([
    ['past RAM', BigInt(RAM_BYTES), 80],
    ['that ends past RAM', BigInt(RAM_BYTES - 64), 80],
    ['of 2^31 bytes', BigInt(AT.table), 0x80000000],
    ['of 2^32 - 16 bytes', BigInt(AT.table), 0xfffffff0],
    ['whose end wraps 2^64', 2n ** 64n - 16n, 0xfffffff0],
  ])('2.7.5.3 an indirect table %s sets DEVICE_NEEDS_RESET', (_, address, bytes) => {
    const rig = small();
    rig.data.describe(0, { address, bytes, flags: DESC_F_INDIRECT });
    rig.data.offer(0);
    expectFault(rig, fault.FAULT_INDIRECT_ADDRESS);
  });
});

describe('the available ring', () => {
  test.each([65, 66, 0x7fff, 0x8000, 0xffff])(
    '2.7.6 an avail index %i ahead, by more than the queue size, sets DEVICE_NEEDS_RESET',
    (ahead) => {
      const rig = small();
      rig.data.setAvailIdx(ahead);
      expectFault(rig, fault.FAULT_AVAIL_INDEX);
    },
  );

  test('2.7.6.1 an avail index that was decremented sets DEVICE_NEEDS_RESET', () => {
    const rig = small();
    expectWorks(rig);
    rig.data.setAvailIdx(rig.data.availIdx - 1);
    expectFault(rig, fault.FAULT_AVAIL_INDEX);
  });

  test('2.1.2 what stood before the bad chain is completed, what stands behind it is not', () => {
    const rig = small();
    const id = session(rig);
    rig.data.describeChain(prepare(rig, { id }));
    rig.data.describe(8, { address: AT.free, bytes: 16, flags: DESC_F_NEXT, next: 8 });
    rig.interrupts = [];
    rig.data.offer(0);
    rig.data.offer(8);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.data.usedIdx).toBe(1);
    expect(rig.read(AT.status, 1)[0]).toBe(0);
    expect(rig.interrupts).toEqual([
      { kind: 'queue', queue: 0 },
      { kind: 'config', queue: 0 },
    ]);
    expect(rig.device.fault?.message).toMatch(/loops/);
  });
});

describe('queue registers', () => {
  const enableWrongly = (registers: Parameters<Rig['enable']>[2], expected: number, when: 'before' | 'after') => {
    const rig = small();
    rig.negotiate();
    if (when === 'after') rig.device.writeStatus(UP);
    expectFault(rig, expected, 0, () => rig.enable(0, rig.data, registers));
  };

  test.each([0, 3, 63, 65, 128, 0x8000, 0xffff])('2.7 a queue size of %i sets DEVICE_NEEDS_RESET', (size) => {
    enableWrongly({ size }, fault.FAULT_QUEUE_SIZE, 'before');
    enableWrongly({ size }, fault.FAULT_QUEUE_SIZE, 'after');
  });

  test.each([
    ['desc', 1n],
    ['desc', 8n],
    ['driver', 1n],
    ['device', 1n],
    ['device', 2n],
  ] as const)('2.7.1 a %s area that is misaligned by %i sets DEVICE_NEEDS_RESET', (area, by) => {
    enableWrongly({ [area]: 0x4000n + by }, fault.FAULT_QUEUE_ALIGNMENT, 'before');
  });

  test.each(['desc', 'driver', 'device'] as const)('2.7 a %s area outside RAM sets DEVICE_NEEDS_RESET', (area) => {
    for (const address of [BigInt(RAM_BYTES), BigInt(RAM_BYTES - 16), 2n ** 32n, 2n ** 63n, 2n ** 64n - 16n]) {
      enableWrongly({ [area]: address }, fault.FAULT_QUEUE_ADDRESS, 'before');
    }
    enableWrongly({ [area]: BigInt(RAM_BYTES) }, fault.FAULT_QUEUE_ADDRESS, 'after');
  });

  test('2.7.6, 2.7.8 the event index behind a ring belongs to it: without RAM for it the queue is refused', () => {
    const availBytes = BigInt(4 + 2 * 64);
    const usedBytes = BigInt(4 + 8 * 64);
    enableWrongly({ driver: BigInt(RAM_BYTES) - availBytes }, fault.FAULT_QUEUE_ADDRESS, 'before');
    enableWrongly({ device: BigInt(RAM_BYTES) - usedBytes }, fault.FAULT_QUEUE_ADDRESS, 'before');
    const rig = small();
    rig.negotiate();
    rig.enable(0, rig.data, {
      driver: BigInt(RAM_BYTES) - availBytes - 2n,
      device: BigInt(RAM_BYTES) - usedBytes - 4n - availBytes,
    });
    expect(rig.needsReset).toBe(false);
  });

  test('2.7 the control queue is checked as the data queues are', () => {
    const rig = small({ features: VERSION_1 | INDIRECT });
    rig.negotiate();
    expectFault(rig, fault.FAULT_QUEUE_ADDRESS, 1, () => rig.enable(1, rig.control, { desc: BigInt(RAM_BYTES) }));
  });
});
