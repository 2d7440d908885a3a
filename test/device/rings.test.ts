import { describe, expect, test } from 'vitest';
import { CIPHER_AES_CBC, CRYPTO_ERR, CRYPTO_OK } from '../../spec/crypto.ts';
import { FAULT_AVAIL_INDEX } from '../../spec/engine.ts';
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE } from '../../spec/virtio.ts';
import { cipherRequest } from '../support/cipher_requests.ts';
import { noise } from '../support/memory.ts';
import {
  AT,
  expectWorks,
  expectWorksAfterReset,
  IV,
  KEY,
  prepare,
  reference,
  request,
  send,
  session,
} from '../support/requests.ts';
import { EVENT_IDX, INDIRECT, Rig, type RigOptions, VERSION_1 } from '../support/rig.ts';

/** A rig with the chain of a good request at descriptor 0. */
function ready(options: RigOptions = {}) {
  const rig = new Rig(options);
  const id = session(rig);
  const chain = prepare(rig, { id });
  rig.data.describeChain(chain);
  rig.interrupts = [];
  return { rig, id, chain };
}

const SOURCE = noise(64, 13);
const expectResult = (rig: Rig) => {
  expect(rig.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
  expect(rig.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, SOURCE));
};

describe('2.7 queue sizes', () => {
  const RAM = [{ guestAddress: 0, bytes: 4 * 1024 * 1024, offset: 65536 }];
  const sizes = Array.from({ length: 16 }, (_, i) => 2 ** i);

  test.each(sizes)('a queue of %i entries, filled to the last again and again', (queueSize) => {
    const rig = new Rig({ queueSize, regions: RAM, features: VERSION_1 | INDIRECT, start: false });
    // Away from the requests of test/support: the rings of the largest queue take 900 KiB.
    rig.data = rig.ringAt(0x100000, queueSize);
    rig.bringUp();
    const chain = prepare(rig, { id: session(rig) });
    for (let head = 0; head < queueSize; head++) rig.data.describeIndirect(chain, AT.table, head);
    const rounds = queueSize > 4096 ? 3 : 5;
    for (let round = 1; round <= rounds; round++) {
      rig.write(AT.destination, new Uint8Array(64));
      for (let head = 0; head < queueSize; head++) rig.data.offer(queueSize - 1 - head);
      rig.device.notify(0);
      expect(rig.needsReset).toBe(false);
      expect(rig.data.usedIdx).toBe((queueSize * round) & 0xffff);
      for (const n of [0, queueSize >> 1, queueSize - 1]) {
        expect(rig.data.usedElement(n)).toEqual({ id: queueSize - 1 - n, len: 65 });
      }
      expectResult(rig);
    }
    expect(rig.device.requests(0)).toBe(queueSize * rounds);
  });

  test('a driver may make a queue smaller than what is offered', () => {
    for (const ringSize of [1, 2, 8, 32]) {
      const { rig } = ready({ ringSize, features: VERSION_1 | INDIRECT, start: true, queueSize: 64, maxSessions: 2 });
      if (ringSize < 8) rig.data.describeIndirect(prepare(rig, { id: session(rig) }), AT.table);
      for (let i = 0; i < 3 * ringSize; i++) expect(send(rig, 'data').completed).toBe(true);
      expectResult(rig);
    }
  });

  test('2.7.6 avail and used index run past 65536 and go on', () => {
    const { rig } = ready();
    for (let i = 0; i < 66_000; i++) {
      rig.data.offer(0);
      if (i % 50 === 49) rig.device.notify(0);
    }
    expect(rig.needsReset).toBe(false);
    expect(rig.data.usedIdx).toBe(66_000 - 65_536);
    expect(rig.device.requests(0)).toBe(66_000);
    expectWorks(rig);
  });

  test('each data queue has positions of its own', () => {
    const rig = new Rig({ dataQueues: 3, start: false });
    rig.negotiate();
    rig.enableQueues();
    const third = rig.ringAt(0x60000, 64);
    rig.enable(2, third);
    rig.device.writeStatus(0xf);
    const id = session(rig);
    for (let i = 0; i < 3; i++) expect(request(rig, { id }).status).toBe(CRYPTO_OK);
    third.describeChain(prepare(rig, { id }));
    third.offer(0);
    rig.device.notify(0);
    rig.device.notify(1);
    expect(third.usedIdx).toBe(0);
    rig.device.notify(2);
    expect(third.usedIdx).toBe(1);
    expect([0, 1, 2, 3].map((queue) => rig.device.requests(queue))).toEqual([3, 0, 1, 1]);
    expectResult(rig);
  });
});

describe('2.7.5.3 indirect descriptors', () => {
  test('2.7.5.3.2 the write-only flag of a descriptor that refers to a table is ignored [2.7.5.3.2-1]', () => {
    const { rig, chain } = ready();
    rig.data.describeIndirect(chain, AT.table, 3, DESC_F_WRITE);
    expect(send(rig, 'data', 3)).toEqual({ completed: true, written: 65 });
    expectResult(rig);
  });

  test('2.7.5.3.2 normal chained descriptors may be followed by one that refers to a table [2.7.5.3.2-2]', () => {
    for (const direct of [1, 2, 3, 4]) {
      const { rig, chain } = ready();
      rig.data.describeChain(chain.slice(direct), 0, AT.table);
      rig.data.describeChain(chain.slice(0, direct), 10);
      const last = chain[direct - 1] ?? expect.unreachable();
      const flags = DESC_F_NEXT | (last.write ? DESC_F_WRITE : 0);
      rig.data.describe(9 + direct, { ...last, flags, next: 30 });
      rig.data.describe(30, { address: AT.table, bytes: 16 * (5 - direct), flags: DESC_F_INDIRECT });
      expect(send(rig, 'data', 10)).toEqual({ completed: true, written: 65 });
      expectResult(rig);
    }
  });

  test('a table may be longer than its chain, and the chain stand in it in any order, unaligned', () => {
    const { rig, chain } = ready();
    const table = AT.table + 3;
    const order = [0, 17, 4, 9, 2];
    chain.forEach(({ address, bytes, write }, i) => {
      const next = order[i + 1];
      const flags = (write ? DESC_F_WRITE : 0) | (next === undefined ? 0 : DESC_F_NEXT);
      rig.data.describe(order[i] ?? 0, { address, bytes, flags, next: next ?? 0xffff }, table);
    });
    rig.data.describe(5, { address: table, bytes: 20 * 16, flags: DESC_F_INDIRECT, next: 0xffff });
    expect(send(rig, 'data', 5)).toEqual({ completed: true, written: 65 });
    expectResult(rig);
  });

  test('the feature off: chains of direct descriptors, in any order', () => {
    const { rig, chain } = ready({ features: VERSION_1 });
    const order = [63, 0, 31, 62, 1];
    chain.forEach(({ address, bytes, write }, i) => {
      const next = order[i + 1];
      const flags = (write ? DESC_F_WRITE : 0) | (next === undefined ? 0 : DESC_F_NEXT);
      rig.data.describe(order[i] ?? 0, { address, bytes, flags, next: next ?? 0xffff });
    });
    expect(send(rig, 'data', 63)).toEqual({ completed: true, written: 65 });
    expectResult(rig);
  });

  test('a chain of 1024 buffers in a queue of 4', () => {
    const rig = new Rig({ queueSize: 4 });
    const chain = prepare(rig, { id: session(rig) });
    const [header, iv, source, , status] = chain;
    if (!header || !iv || !source || !status) return expect.unreachable();
    const scattered = Array.from({ length: 1019 }, (_, i) => ({ address: AT.destination + i, bytes: 1, write: true }));
    rig.data.describeIndirect(
      [header, iv, { ...source, bytes: 32 }, { ...source, address: AT.source + 32, bytes: 32 }, ...scattered, status],
      AT.table,
    );
    expect(send(rig, 'data')).toEqual({ completed: true, written: 64 });
    expectResult(rig);
  });

  test('buffers of no bytes stand anywhere, at any address, with any flag', () => {
    const { rig, chain } = ready();
    const mixed = chain.flatMap((buffer, i) => [{ address: 2n ** 63n, bytes: 0, write: i % 2 === 0 }, buffer]);
    rig.data.describeChain([...mixed, { address: 0, bytes: 0 }]);
    expect(send(rig, 'data')).toEqual({ completed: true, written: 65 });
    expectResult(rig);
  });
});

describe('2.7.7.2 used buffer notification suppression', () => {
  const runs = (rig: Rig, count: number) => {
    rig.interrupts = [];
    for (let i = 0; i < count; i++) rig.data.offer(0);
    rig.device.notify(0);
    return rig.interrupts.length;
  };

  test('without EVENT_IDX: flags 0 asks for a notification, 1 for none; used_event is ignored [2.7.7.2-1] [2.7.7.2-2] [2.7.7.2-3]', () => {
    const { rig } = ready();
    rig.data.setUsedEvent(12345);
    expect(runs(rig, 1)).toBe(1);
    expect(runs(rig, 7)).toBe(1);
    rig.data.setAvailFlags(1);
    expect(runs(rig, 1)).toBe(0);
    expect(runs(rig, 7)).toBe(0);
    expect(rig.data.usedIdx).toBe(16);
    rig.data.setAvailFlags(0);
    expect(runs(rig, 1)).toBe(1);
  });

  test('with EVENT_IDX: a notification when the entry that used_event names was used; flags are ignored [2.7.7.2-4] [2.7.7.2-5] [2.7.7.2-6]', () => {
    const { rig } = ready({ features: VERSION_1 | INDIRECT | EVENT_IDX });
    rig.data.setAvailFlags(1);
    expect(runs(rig, 1)).toBe(1);
    expect(runs(rig, 1)).toBe(0);
    rig.data.setUsedEvent(5);
    expect(runs(rig, 3)).toBe(0);
    expect(runs(rig, 1)).toBe(1);
    expect(runs(rig, 1)).toBe(0);
    rig.data.setUsedEvent(20);
    expect(runs(rig, 14)).toBe(1);
    expect(rig.data.usedIdx).toBe(21);
  });

  test('with EVENT_IDX: as the specification notes, used_event 0 notifies after the first buffer and the 65537th', () => {
    const { rig } = ready({ features: VERSION_1 | INDIRECT | EVENT_IDX });
    let interrupts = 0;
    for (let i = 0; i < 65_600; i += 32) interrupts += runs(rig, 32);
    expect(interrupts).toBe(2);
  });
});

describe('2.7.10.2 available buffer notification suppression', () => {
  test('flags of the used ring are 0, with EVENT_IDX and without [2.7.10.2-1] [2.7.10.2-2]', () => {
    for (const features of [VERSION_1, VERSION_1 | EVENT_IDX]) {
      const { rig } = ready({ features });
      for (let i = 0; i < 5; i++) {
        send(rig, 'data');
        expect(rig.data.usedFlags).toBe(0);
      }
    }
  });

  test('with EVENT_IDX avail_event asks for a notification of the next buffer', () => {
    const { rig } = ready({ features: VERSION_1 | EVENT_IDX });
    for (const count of [1, 3, 64, 17]) {
      for (let i = 0; i < count; i++) rig.data.offer(0);
      rig.device.notify(0);
      expect(rig.data.availEvent).toBe(rig.data.availIdx);
    }
  });

  test('without EVENT_IDX avail_event is not written', () => {
    const { rig } = ready();
    rig.view(rig.data.availEventAt, 2).setUint16(0, 0xabcd, true);
    send(rig, 'data');
    expect(rig.data.availEvent).toBe(0xabcd);
  });

  test('spurious notifications do nothing [2.7.10.2-3]', () => {
    for (const features of [VERSION_1, VERSION_1 | EVENT_IDX]) {
      const { rig } = ready({ features });
      send(rig, 'data');
      rig.interrupts = [];
      const snapshot = rig.snapshot();
      for (let i = 0; i < 100; i++) rig.device.notify(i % 2);
      expect(snapshot.changesOutside([rig.engine])).toEqual([]);
      expect(rig.interrupts).toEqual([]);
      expectWorks(rig);
    }
  });
});

describe('work that makes more work', () => {
  // CBC decryption of a block C with an IV gives D(C) + IV: where D(C) is known, a request writes any bytes that its driver
  // likes, and any function x -> x + c of bytes that the device itself writes.
  test('2.7.13 chains that offer themselves again and again through their own results end in DEVICE_NEEDS_RESET', () => {
    const queueSize = 32768;
    const rig = new Rig({
      queueSize,
      regions: [{ guestAddress: 0, bytes: 4 * 1024 * 1024, offset: 65536 }],
      features: VERSION_1 | INDIRECT | EVENT_IDX,
      start: false,
    });
    rig.data = rig.ringAt(0x100000, queueSize);
    rig.bringUp();
    const id = session(rig, { direction: 'decrypt' });
    // A request that sets avail.idx to avail_event + 0x8000, so that each quarter of the ring offers the quarter after next.
    const plain = new Uint8Array(16);
    plain[1] = 0x80;
    const block = reference('encrypt', KEY, new Uint8Array(16), plain);
    rig.write(AT.header, cipherRequest(id, CIPHER_AES_CBC, 'decrypt', { iv: 16, source: 16, destination: 16 }));
    rig.write(AT.source, block);
    rig.write(AT.iv, new Uint8Array(16));
    rig.data.describeIndirect(
      [
        { address: AT.header, bytes: 72 },
        { address: rig.data.availEventAt, bytes: 2 },
        { address: AT.iv, bytes: 14 },
        { address: AT.source, bytes: 16 },
        { address: rig.data.avail + 2, bytes: 2, write: true },
        { address: AT.destination, bytes: 14, write: true },
        { address: AT.status, bytes: 1, write: true },
      ],
      AT.table,
    );
    rig.data.setAvailIdx(0x4000);
    rig.device.notify(0);
    expect(rig.device.fault?.code).toBe(FAULT_AVAIL_INDEX);
    expect(rig.data.usedIdx).toBe(queueSize);
    expectWorksAfterReset(rig);
  });

  test('2.7.10.2 what becomes available while the device is at work is run in the same notification', () => {
    const rig = new Rig();
    const id = session(rig, { direction: 'decrypt' });
    const good = session(rig);
    const plain = new Uint8Array(16);
    plain[0] = 2;
    const block = reference('encrypt', KEY, IV, plain);
    const chain = prepare(rig, { id, direction: 'decrypt', source: block });
    const moved = chain.map((buffer, i) => (i === 3 ? { address: rig.data.avail + 2, bytes: 2, write: true } : buffer));
    moved.splice(4, 0, { address: AT.free, bytes: 14, write: true });
    rig.data.describeChain(moved);
    rig.write(AT.free + 0x100, cipherRequest(good, CIPHER_AES_CBC, 'encrypt', { iv: 16, source: 15, destination: 15 }));
    rig.data.describeChain(
      [
        { address: AT.free + 0x100, bytes: 72 },
        { address: AT.free + 0x200, bytes: 1, write: true },
      ],
      20,
    );
    rig.data.offer(0);
    rig.data.offer(20);
    rig.data.setAvailIdx(1);
    rig.device.notify(0);
    expect(rig.data.usedIdx).toBe(2);
    expect(rig.read(AT.free + 0x200, 1)[0]).toBe(CRYPTO_ERR);
  });
});
