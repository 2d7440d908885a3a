import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/virtio.ts';
import { PackedQueue } from '../../src/driver/packed_queue.ts';
import type { QueueFeatures } from '../../src/driver/queue.ts';
import { RamAllocator } from '../../src/driver/ram.ts';

const { PACKED_DESC_F_AVAIL: AVAIL, PACKED_DESC_F_USED: USED, DESC_F_NEXT, DESC_F_WRITE, DESC_F_INDIRECT } = spec;

/** A queue whose device is the test. */
function queueOf(size: number, features: Partial<QueueFeatures> = {}) {
  const memory = new Uint8Array(65536);
  const view = new DataView(memory.buffer);
  const allocator = new RamAllocator(0x1000, 65536);
  const choice = { indirect: true, eventIdx: true, inOrder: false, ...features };
  const queue = new PackedQueue(0, size, () => memory, allocator, choice);
  let place = 0;
  let wrap = 1;
  return {
    queue,
    view,
    allocator,
    descriptor: (index: number, at = queue.desc) => ({
      address: Number(view.getBigUint64(at + 16 * index, true)),
      bytes: view.getUint32(at + 16 * index + spec.DESC_LEN, true),
      id: view.getUint16(at + 16 * index + spec.PACKED_DESC_ID, true),
      flags: view.getUint16(at + 16 * index + spec.PACKED_DESC_FLAGS, true),
    }),
    /** Device event suppression (2.8.14). */
    setDeviceEvent: (flags: number, offset = 0, eventWrap = 0) => {
      view.setUint16(queue.used + spec.EVENT_SUPPRESS_OFFSET, offset | (eventWrap << spec.EVENT_WRAP_BIT), true);
      view.setUint16(queue.used + spec.EVENT_SUPPRESS_FLAGS, flags, true);
    },
    /** The device uses a list of `descriptors`. */
    use: (id: number, descriptors: number, written = 1) => {
      const at = queue.desc + 16 * place;
      view.setUint16(at + spec.PACKED_DESC_ID, id, true);
      view.setUint32(at + spec.DESC_LEN, written, true);
      const write = written > 0 ? DESC_F_WRITE : 0;
      view.setUint16(at + spec.PACKED_DESC_FLAGS, wrap ? AVAIL | USED | write : write, true);
      place += descriptors;
      if (place >= size) wrap ^= 1;
      place %= size;
    },
  };
}

const one = { readable: [{ address: 16, bytes: 8 }], writable: [], indirect: false };
const three = {
  readable: [
    { address: 16, bytes: 8 },
    { address: 32, bytes: 4 },
  ],
  writable: [{ address: 48, bytes: 1 }],
};

describe('2.8.21.1 placing available buffers into the ring', () => {
  test('a list of three, with NEXT on all but the last, AVAIL and USED as the round has them', () => {
    const { queue, descriptor, use } = queueOf(4);
    const id = queue.add({ ...three, indirect: false });
    expect([0, 1, 2].map((i) => descriptor(i))).toEqual([
      { address: 16, bytes: 8, id, flags: AVAIL | DESC_F_NEXT },
      { address: 32, bytes: 4, id, flags: AVAIL | DESC_F_NEXT },
      { address: 48, bytes: 1, id, flags: AVAIL | DESC_F_WRITE },
    ]);
    use(id, 3, 1);
    expect(queue.takeUsed()).toEqual([{ head: id, written: 1 }]);
    const next = queue.add({ ...three, indirect: false });
    expect([3, 0, 1].map((i) => descriptor(i).flags)).toEqual([
      AVAIL | DESC_F_NEXT,
      USED | DESC_F_NEXT,
      USED | DESC_F_WRITE,
    ]);
    use(next, 3);
    expect(queue.takeUsed()).toEqual([{ head: next, written: 1 }]);
    expect(queue.takeUsed()).toEqual([]);
  });

  test('2.8.7 an indirect table has no flag but WRITE, and takes one descriptor', () => {
    const { queue, descriptor, allocator } = queueOf(2);
    const before = allocator.taken;
    const id = queue.add(three);
    const { address, bytes, flags } = descriptor(0);
    expect({ bytes, flags }).toEqual({ bytes: 48, flags: AVAIL | DESC_F_INDIRECT });
    expect([0, 1, 2].map((i) => descriptor(i, address).flags)).toEqual([0, 0, DESC_F_WRITE]);
    expect(allocator.taken).toBe(before + 48);
    expect(queue.add(three)).not.toBe(id);
    expect(() => queue.add(three)).toThrow('Queue 0 has no 1 descriptors left.');
  });

  test('2.8.17 no list is longer than what is left of the ring', () => {
    const { queue } = queueOf(5);
    queue.add({ ...three, indirect: false });
    expect(() => queue.add({ ...three, indirect: false })).toThrow('Queue 0 has no 3 descriptors left.');
    queue.add(one);
    queue.add(one);
    expect(queue.inFlight).toBe(3);
  });

  test('a completion of what is not in flight breaks the queue, and what came before it is taken', () => {
    const { queue, use } = queueOf(4);
    const [first, second] = [queue.add(three), queue.add(three)];
    use(first, 1);
    use(first, 1);
    expect(queue.takeUsed()).toEqual([{ head: first, written: 1 }]);
    expect(queue.broken?.message).toBe(
      `Queue 0 is broken: the device completed chain ${first}, which it does not hold (2.8.22). Reset the queue or the device.`,
    );
    use(second, 1);
    expect(queue.takeUsed()).toEqual([]);
  });

  test('2.8.4 a length beyond the writable buffers breaks the queue; without WRITE it is none', () => {
    const { queue, use, view } = queueOf(4);
    use(queue.add(three), 1, 2);
    view.setUint16(queue.desc + spec.PACKED_DESC_FLAGS, AVAIL | USED, true);
    expect(queue.takeUsed()).toMatchObject([{ written: 0 }]);
    const id = queue.add(three);
    use(id, 1, 2);
    expect(queue.takeUsed()).toEqual([]);
    expect(queue.broken?.message).toContain(
      `says that it wrote 2 bytes into chain ${id}, of which 1 bytes may be written (2.8.4)`,
    );
  });

  test('release() gives ring and tables back', () => {
    const { queue, allocator } = queueOf(4);
    queue.add(three);
    queue.release();
    expect(allocator.taken).toBe(0);
  });
});

describe('2.8.10 available buffer notifications', () => {
  test('ENABLE wants every one, DISABLE none, the reserved value every one', () => {
    const { queue, setDeviceEvent } = queueOf(8);
    for (const [flags, expected] of [
      [spec.EVENT_ENABLE, true],
      [spec.EVENT_DISABLE, false],
      [3, true],
    ] as const) {
      setDeviceEvent(flags);
      queue.add(one);
      expect(queue.needsNotification()).toBe(expected);
    }
  });

  test.each([1, 2, 3, 7])(
    'DESC wants one when the descriptor that it names becomes available, in a ring of %i',
    (size) => {
      const { queue, setDeviceEvent, use } = queueOf(size);
      let total = 0;
      for (let turn = 0; turn < 50; turn++) {
        const lists = 1 + (turn % size);
        const ahead = (turn % (lists + 2)) - 1;
        if (total + ahead < 0) continue;
        const event = total + ahead;
        setDeviceEvent(spec.EVENT_DESC, event % size, Math.floor(event / size) % 2 ? 0 : 1);
        const ids = Array.from({ length: lists }, () => queue.add(one));
        expect(queue.needsNotification(), `turn ${turn}`).toBe(ahead >= 0 && ahead < lists);
        for (const id of ids) use(id, 1, 0);
        expect(queue.takeUsed().map(({ head }) => head)).toEqual(ids);
        total += lists;
        expect(queue.nextOffset).toBe((total % size) | (Math.floor(total / size) % 2 ? 0 : 0x8000));
      }
    },
  );
});

describe('2.8.10 used buffer notifications', () => {
  test('with EVENT_IDX the driver asks for the next used descriptor, wrap counter and all', () => {
    const { queue, view, use } = queueOf(3);
    for (let i = 1; i <= 8; i++) {
      use(queue.add(one), 1, 0);
      queue.takeUsed();
      const offset = view.getUint16(queue.avail + spec.EVENT_SUPPRESS_OFFSET, true);
      expect(offset).toBe((i % 3) | (Math.floor(i / 3) % 2 ? 0 : 0x8000));
      expect(view.getUint16(queue.avail + spec.EVENT_SUPPRESS_FLAGS, true)).toBe(spec.EVENT_DESC);
    }
  });

  test('without EVENT_IDX it leaves them enabled', () => {
    const { queue, view, use } = queueOf(3, { indirect: false, eventIdx: false });
    use(queue.add(one), 1, 0);
    queue.takeUsed();
    expect(view.getUint32(queue.avail, true)).toBe(spec.EVENT_ENABLE);
  });
});

describe('2.8.8 in-order use of descriptors', () => {
  test('one used descriptor stands for all lists up to its own', () => {
    const { queue, use } = queueOf(8, { inOrder: true });
    const ids = [one, three, one].map((chain) => queue.add({ ...chain, indirect: false }));
    use(ids[2] ?? 0, 5, 0);
    expect(queue.takeUsed()).toEqual([
      { head: ids[0], written: 0 },
      { head: ids[1], written: 1 },
      { head: ids[2], written: 0 },
    ]);
    expect(queue.inFlight).toBe(0);
  });

  test('ids are used in turn', () => {
    const { queue, use } = queueOf(3, { inOrder: true });
    const given: number[] = [];
    for (let i = 0; i < 9; i++) {
      given.push(queue.add(one));
      use(given[i] ?? 0, 1, 0);
      queue.takeUsed();
    }
    expect(given).toEqual([2, 1, 0, 2, 1, 0, 2, 1, 0]);
  });
});
