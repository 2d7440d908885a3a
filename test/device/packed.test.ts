import { describe, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import { noise } from '../support/memory.ts';
import { AT, expectWorks, IV, KEY, prepare, reference, request, send, session } from '../support/requests.ts';
import { EVENT_IDX, PackedRig, type RigOptions, VERSION_1 } from '../support/rig.ts';

const { DESC_F_NEXT, DESC_F_WRITE, DESC_F_INDIRECT, PACKED_DESC_F_AVAIL, PACKED_DESC_F_USED } = virtio;
const { EVENT_ENABLE, EVENT_DISABLE, EVENT_DESC } = virtio;
const SOURCE = noise(64, 13);
const USED = PACKED_DESC_F_AVAIL | PACKED_DESC_F_USED | DESC_F_WRITE;

/** A rig with the chain of a good request as list 0, direct, and as list 1, in an indirect table. */
function ready(options: RigOptions = {}) {
  const rig = new PackedRig(options);
  const chain = prepare(rig, { id: session(rig) });
  rig.data.describeChain(chain);
  rig.data.describeIndirect(chain, AT.table, 1);
  rig.interrupts = [];
  return { rig, ring: rig.data, chain };
}

const expectResult = (rig: PackedRig) => {
  expect(rig.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
  expect(rig.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, SOURCE));
};

describe('2.8 queue sizes', () => {
  const RAM = [{ guestAddress: 0, bytes: 4 * 1024 * 1024, offset: 65536 }];

  test.each([1, 2, 3, 5, 7, 63, 100, 1000, 1025, 32767, 32768])(
    'a ring of %i descriptors, filled to the last again and again',
    (queueSize) => {
      const rig = new PackedRig({ queueSize, regions: RAM, start: false });
      // Away from the requests of test/support: the largest ring takes 512 KiB.
      rig.data = rig.ringAt(0x100000, queueSize);
      rig.bringUp();
      rig.data.describeIndirect(prepare(rig, { id: session(rig) }), AT.table, 9);
      const rounds = queueSize > 4096 ? 3 : 5;
      for (let round = 1; round <= rounds; round++) {
        rig.write(AT.destination, new Uint8Array(64));
        for (let i = 0; i < queueSize; i++) rig.data.offer(9);
        rig.device.notify(0);
        expect(rig.needsReset).toBe(false);
        expect(rig.device.requests(0)).toBe(queueSize * round);
        expect(rig.data.usedIdx).toBe((queueSize * round) & 0xffff);
        expectResult(rig);
      }
    },
  );

  test('a driver may make a queue smaller than what is offered, of any size', () => {
    for (const ringSize of [1, 3, 6, 63]) {
      const { rig } = ready({ ringSize });
      for (let i = 0; i < 3 * ringSize; i++) expect(send(rig, 'data', 1).completed).toBe(true);
      expectResult(rig);
    }
  });
});

describe('2.8.6 lists', () => {
  test.each([5, 6, 7, 8, 9, 11, 12, 13, 64])(
    'of five descriptors wrap around a ring of %i wherever it ends [2.8.18-1]',
    (size) => {
      const { rig, ring } = ready({ queueSize: size });
      for (let i = 1; i <= 4 * size; i++) {
        rig.write(AT.destination, new Uint8Array(64));
        expect(send(rig, 'data')).toEqual({ completed: true, written: 65 });
        expectResult(rig);
        expect([ring.usedPlace, ring.usedWrap]).toEqual([(5 * i) % size, Math.floor((5 * i) / size) % 2 ? 0 : 1]);
      }
    },
  );

  test('direct lists and indirect tables stand beside each other in one notification', () => {
    const { rig, ring } = ready({ queueSize: 13 });
    for (let round = 0; round < 20; round++) {
      const before = ring.usedIdx;
      for (const head of [0, 1, 0, 1]) ring.offer(head);
      rig.device.notify(0);
      expect([0, 1, 2, 3].map((i) => ring.usedElement(before + i))).toEqual(
        [0, 1, 0, 1].map((id) => ({ id, len: 65 })),
      );
    }
    expectResult(rig);
  });

  test('2.8.5 the buffer id is that of the last descriptor, and the used one stands over the first [2.8.18-1]', () => {
    const { rig, ring, chain } = ready();
    ring.offer(0);
    chain.forEach(({ address, bytes, write }, i) => {
      const next = i < chain.length - 1 ? DESC_F_NEXT : 0;
      const flags = PACKED_DESC_F_AVAIL | next | (write ? DESC_F_WRITE : 0);
      ring.write(ring.desc + 16 * i, { address, bytes, flags }, 0x100 + i);
    });
    const before = [1, 2, 3, 4, 5].map((place) => ring.descriptor(place));
    rig.device.notify(0);
    expect(ring.descriptor(0)).toEqual({ id: 0x104, len: 65, flags: USED });
    expect([1, 2, 3, 4, 5].map((place) => ring.descriptor(place))).toEqual(before);
  });

  test('DPDK leaves AVAIL and USED out of all descriptors but the first, in every round', () => {
    const { rig, ring } = ready({ queueSize: 7 });
    for (let i = 0; i < 40; i++) {
      ring.offer(0, false);
      rig.device.notify(0);
      expect(ring.usedIdx).toBe(i + 1);
    }
    expectResult(rig);
  });
});

describe('2.8.1 wrap counters', () => {
  test('nothing is available in a ring of zeros, nor in one whose bits are those of another round [2.8.15-3]', () => {
    const { rig, ring, chain } = ready();
    const [header] = chain;
    if (!header) return expect.unreachable();
    for (const flags of [0, PACKED_DESC_F_USED, PACKED_DESC_F_AVAIL | PACKED_DESC_F_USED]) {
      ring.write(ring.desc, { ...header, flags }, 0);
      const before = rig.snapshot();
      rig.device.notify(0);
      expect(before.changesOutside([rig.engine])).toEqual([]);
    }
    expect(rig.interrupts).toEqual([]);
  });

  test('2.8.15 what was used is not run again, however often the driver notifies', () => {
    const { rig, ring } = ready({ queueSize: 5 });
    for (let round = 1; round <= 4; round++) {
      ring.offer(0);
      for (let i = 0; i < 3; i++) rig.device.notify(0);
      expect(rig.device.requests(0)).toBe(round);
    }
  });

  test('each queue has counters of its own, and a reset sets them to 1', () => {
    const { rig } = ready({ queueSize: 5, dataQueues: 2 });
    expect(send(rig, 'data').completed).toBe(true);
    expectWorks(rig);
    rig.bringUp();
    expectWorks(rig);
  });
});

describe('2.8.7 indirect tables', () => {
  const table = (rig: PackedRig, flags: (i: number) => number, at: number = AT.table) => {
    const chain = prepare(rig, { id: session(rig) });
    for (const [i, { address, bytes, write }] of chain.entries()) {
      rig.data.write(at + 16 * i, { address, bytes, flags: (write ? DESC_F_WRITE : 0) | flags(i) }, 0xabcd);
    }
    rig.data.describeList([{ address: at, bytes: 16 * chain.length, flags: DESC_F_INDIRECT }], 2);
  };

  test.each([DESC_F_NEXT, DESC_F_INDIRECT, PACKED_DESC_F_AVAIL, PACKED_DESC_F_USED, 0xffff & ~DESC_F_WRITE])(
    'flag 0x%x of a descriptor inside is ignored, as its buffer id is',
    (flag) => {
      for (const only of [0, 2, 4, -1]) {
        const rig = new PackedRig();
        table(rig, (i) => (only < 0 || i === only ? flag : 0));
        expect(send(rig, 'data', 2)).toEqual({ completed: true, written: 65 });
        expect(rig.data.usedElement(0)).toEqual({ id: 2, len: 65 });
        expectResult(rig);
      }
    },
  );

  test('WRITE of the descriptor that refers to the table is ignored', () => {
    const { rig, ring, chain } = ready();
    ring.describeIndirect(chain, AT.table, 3, DESC_F_WRITE);
    expect(send(rig, 'data', 3)).toEqual({ completed: true, written: 65 });
    expectResult(rig);
  });

  test('a table may stand at any address', () => {
    const rig = new PackedRig();
    table(rig, () => 0, AT.table + 3);
    expect(send(rig, 'data', 2).completed).toBe(true);
    expectResult(rig);
  });
});

describe('2.8.10 used buffer notifications', () => {
  const interrupted = (rig: PackedRig, lists: number): boolean => {
    rig.interrupts = [];
    for (let i = 0; i < lists; i++) rig.data.offer(1);
    rig.device.notify(0);
    const { interrupts } = rig;
    expect(interrupts.length).toBeLessThan(2);
    return interrupts.length === 1;
  };

  test.each([
    ['without EVENT_IDX', VERSION_1],
    ['with EVENT_IDX', VERSION_1 | EVENT_IDX],
  ])('%s ENABLE always interrupts, DISABLE never, the reserved value always', (_, features) => {
    const { rig, ring } = ready({ features: features | (1n << 28n), queueSize: 5 });
    for (const [flags, expected] of [
      [EVENT_ENABLE, true],
      [EVENT_DISABLE, false],
      [3, true],
    ] as const) {
      ring.setDriverEvent(flags);
      for (let i = 0; i < 12; i++) expect(interrupted(rig, 1 + (i % 4)), `flags ${flags}`).toBe(expected);
    }
  });

  test('a notification of nothing interrupts nobody', () => {
    const { rig } = ready();
    expect(interrupted(rig, 0)).toBe(false);
  });

  test('DESC without EVENT_IDX suppresses nothing', () => {
    const { rig, ring } = ready();
    ring.setDriverEvent(EVENT_DESC, 60, 1);
    expect(interrupted(rig, 1)).toBe(true);
  });

  test.each([1, 2, 3, 5, 8])('DESC interrupts when the descriptor that it names is used, in a ring of %i', (size) => {
    const { rig, ring } = ready({ features: VERSION_1 | EVENT_IDX | (1n << 28n), queueSize: size });
    let total = 0;
    const placeOf = (n: number): [number, number] => [n % size, Math.floor(n / size) % 2 ? 0 : 1];
    for (let turn = 0; turn < 60; turn++) {
      const lists = 1 + (turn % size);
      // From the last descriptor of the call before to the one behind those of this call.
      const ahead = (turn % (lists + 2)) - 1;
      if (total + ahead < 0) continue;
      ring.setDriverEvent(EVENT_DESC, ...placeOf(total + ahead));
      const named = ahead >= 0 && ahead < lists;
      expect(interrupted(rig, lists), `turn ${turn}: ${lists} lists, event ${ahead}`).toBe(named);
      total += lists;
    }
  });
});

describe('2.8.10 available buffer notifications', () => {
  test('without EVENT_IDX the device asks for all of them, and writes nothing', () => {
    const { rig, ring } = ready();
    expect(send(rig, 'data').completed).toBe(true);
    expect(ring.deviceEvent).toEqual({ flags: EVENT_ENABLE, place: 0, wrap: 0 });
  });

  test.each([1, 5, 7, 64])(
    'with EVENT_IDX it asks for the next descriptor, in a ring of %i, and runs the full ring too',
    (size) => {
      const { rig, ring } = ready({ features: VERSION_1 | EVENT_IDX | (1n << 28n), queueSize: size });
      for (let turn = 0; turn < 30; turn++) {
        for (let i = 0; i <= turn % size; i++) ring.offer(1);
        rig.device.notify(0);
        expect(ring.deviceEvent).toEqual({ flags: EVENT_DESC, place: ring.place, wrap: ring.wrap });
      }
    },
  );
});

test('2.8.4 a request that is answered with its status alone is used with a length of 1', () => {
  const { rig } = ready();
  expect(request(rig, { id: 77n })).toMatchObject({ completed: true, written: 0 });
});
