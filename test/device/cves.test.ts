// Faults that other virtio-crypto devices and drivers had, by their ids: none of them is ours. The sums of chained requests are
// in test/services/chain_sums.test.ts; AKCIPHER is not offered, so that its rows come down to the refusal of its requests.
import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import * as fault from '../../spec/engine.ts';
import { DESC_F_INDIRECT, DESC_F_NEXT } from '../../spec/virtio.ts';
import { cipherRequest, createCipherSession, destroyCipherSession } from '../support/cipher_requests.ts';
import {
  expectChainFault,
  expectFault,
  expectRefused,
  expectSessionRefused,
  ownMemory,
  sendWatched,
} from '../support/expectations.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { noise } from '../support/memory.ts';
import {
  AT,
  closeSession,
  expectWorks,
  expectWorksAfterReset,
  IV,
  KEY,
  openSession,
  prepare,
  reference,
  request,
  send,
  session,
} from '../support/requests.ts';
import { patch, RAM_BYTES, RIGS, Rig } from '../support/rig.ts';
import type { RawBuffer } from '../support/test_ring.ts';

const replaced = (chain: readonly RawBuffer[], index: number, change: Partial<RawBuffer>): RawBuffer[] =>
  chain.map((buffer, i) => (i === index ? { ...buffer, ...change } : buffer));

describe('CVE-2023-3180 (QEMU: src_len and dst_len unequal, heap overflow and leak)', () => {
  test.each([
    [64, 80],
    [64, 48],
    [16, 4096],
    [4096, 16],
    [0, 64],
    [64, 0],
  ])('a source of %i and a destination of %i bytes are refused, nothing is copied out', (source, destination) => {
    const rig = new Rig();
    const data = {
      id: session(rig),
      source: noise(4096, 1),
      fields: { [crypto.DATA_CIPHER_SRC_LEN]: source, [crypto.DATA_CIPHER_DST_LEN]: destination },
    };
    expectRefused(rig, crypto.CRYPTO_ERR, data);
  });
});

describe('CVE-2024-3446 (QEMU: DMA re-entrancy)', () => {
  test('no guest address leads to the device itself: its memory is not RAM', () => {
    const rig = new Rig();
    for (let address = RAM_BYTES; address < rig.memory.buffer.byteLength + RAM_BYTES; address += 65536) {
      for (const index of [2, 3, 4]) {
        const chain = prepare(rig, { id: session(rig) });
        expectChainFault(rig, fault.FAULT_DESCRIPTOR_ADDRESS, replaced(chain, index, { address }));
      }
    }
  });

  test('results that land in the rings and tables of their own queue end the request, not the device', () => {
    const rig = new Rig();
    const { desc, avail, used } = rig.data;
    for (const address of [desc, desc + 16 * 3, avail - 40, avail, avail + 4, used - 8, used, used + 4, AT.table]) {
      const id = session(rig);
      const chain = replaced(prepare(rig, { id }), 3, { address });
      rig.data.describeIndirect(chain, AT.table);
      rig.data.offer(0);
      const snapshot = rig.snapshot();
      rig.device.notify(0);
      const allowed = [rig.guest(address, 64), rig.guest(AT.status, 1)];
      expect(snapshot.changesOutside([...ownMemory(rig, 'data'), ...allowed])).toEqual([]);
      expectWorksAfterReset(rig);
    }
  });

  test('a host that looks at the device from within a write report sees it whole', () => {
    const seen: number[] = [];
    let rig: Rig | undefined;
    rig = new Rig({ onWrite: () => seen.push(rig?.device.status ?? -1, rig?.device.sessionCount ?? -1) });
    expectWorks(rig);
    expect(new Set(seen)).toEqual(new Set([15, 0, 1]));
  });
});

describe('CVE-2025-14876 (QEMU: lengths without a bound, max_size practically infinite)', () => {
  test('whatever a guest asks for, the device takes no more memory than it did at first', () => {
    const rig = new Rig();
    const bytes = rig.memory.buffer.byteLength;
    const id = session(rig);
    for (const length of [65536, 0x7ffffff0, 0xfffffff0]) {
      const fields = { [crypto.DATA_CIPHER_SRC_LEN]: length, [crypto.DATA_CIPHER_DST_LEN]: length };
      expect(request(rig, { id, fields }).status).toBe(crypto.CRYPTO_ERR);
      expect(openSession(rig, { fields: { [crypto.CTRL_CIPHER_KEY_LEN]: length } }).status).toBe(crypto.CRYPTO_ERR);
    }
    expect(rig.memory.buffer.byteLength).toBe(bytes);
  });

  test('5.9.5 max_size is the bound that holds', () => {
    const rig = new Rig({ maxRequestBytes: 1024 });
    const id = session(rig);
    expect(request(rig, { id, source: noise(496, 1) }).status).toBe(crypto.CRYPTO_OK);
    expectRefused(rig, crypto.CRYPTO_ERR, { id, source: noise(512, 1) });
  });
});

test('issue 2274 (QEMU: destroying an unknown session hit an assertion): it is VIRTIO_CRYPTO_ERR', () => {
  const rig = new Rig();
  for (const id of [0n, 1n, 1n << 32n, 2n ** 63n, 2n ** 64n - 1n]) {
    expect(closeSession(rig, id)).toEqual({ completed: true, status: crypto.CRYPTO_ERR, written: 1 });
  }
  expect(rig.device.sessionCount).toBe(0);
  expectWorks(rig);
});

describe('session type (QEMU: an asymmetric opcode on a symmetric session)', () => {
  test.each([0x0400, 0x0401, 0x0402, 0x0403])('the AKCIPHER request 0x%x in a cipher session is refused', (opcode) => {
    const rig = new Rig();
    expectRefused(rig, crypto.CRYPTO_NOTSUPP, { id: session(rig), fields: { [crypto.DATA_OPCODE]: opcode } });
  });

  test('AKCIPHER_DESTROY_SESSION does not close a cipher session', () => {
    const rig = new Rig();
    const id = session(rig);
    expect(closeSession(rig, id, { [crypto.CTRL_OPCODE]: 0x0405 }).status).toBe(crypto.CRYPTO_ERR);
    expect(request(rig, { id }).status).toBe(crypto.CRYPTO_OK);
  });
});

describe.each(RIGS)(
  'throttle path (QEMU: a failed request behind the throttle never completed), %s ring',
  (_, makeRig) => {
    test.each([
      ['in no session', { session: false, fields: {} }, crypto.CRYPTO_INVSESS],
      [
        'of a service that is not offered',
        { session: true, fields: { [crypto.DATA_OPCODE]: 0x0402 } },
        crypto.CRYPTO_NOTSUPP,
      ],
      ['of a wrong length', { session: true, fields: { [crypto.DATA_CIPHER_SRC_LEN]: 63 } }, crypto.CRYPTO_ERR],
    ])(
      'a request %s completes when its turn comes, with its status and an interrupt, as do those behind it',
      (_, bad, status) => {
        const clock = new FakeClock();
        const rig = makeRig({ clock, limits: { requestsPerSecond: 10, burstRequests: 1 } });
        const id = session(rig);
        const good = prepare(rig, { id });
        rig.data.describeIndirect(good, AT.table, 0);
        const header = cipherRequest(bad.session ? id : 99n, 3, 'encrypt', { iv: 16, source: 64, destination: 64 });
        rig.write(AT.free, patch(header, bad.fields));
        const answer = AT.free + 0x100;
        const chain = replaced(replaced(good, 0, { address: AT.free }), 4, { address: answer });
        rig.data.describeIndirect(chain, AT.table2, 1);
        for (const head of [0, 1, 0]) rig.data.offer(head);
        rig.device.notify(0);
        expect(rig.data.usedIdx).toBe(1);
        rig.interrupts = [];
        clock.advance(100);
        expect(rig.data.usedIdx).toBe(2);
        expect(rig.data.usedElement(1)).toEqual({ id: 1, len: 0 });
        expect(rig.read(answer, 1)[0]).toBe(status);
        expect(rig.interrupts).toEqual([{ kind: 'queue', queue: 0 }]);
        clock.advance(100);
        expect(rig.data.usedIdx).toBe(3);
        expect(rig.data.usedElement(2)).toEqual({ id: 0, len: 65 });
        expect(clock.pending).toBe(0);
      },
    );
  },
);

describe('CVE-2018-1059 (DPDK: a guest buffer assumed contiguous in host memory)', () => {
  // Two stretches of RAM, one after the other for the guest, far from each other in the memory.
  const HALF = RAM_BYTES / 2;
  const torn = () =>
    new Rig({
      regions: [
        { guestAddress: 0, bytes: HALF, offset: 65536 },
        { guestAddress: HALF, bytes: HALF, offset: 65536 + 2 * RAM_BYTES },
      ],
    });

  test.each([2, 3, 4])(
    'descriptor %i of a request across the seam is refused, its second half is not taken from the first',
    (index) => {
      for (const before of [1, 8, 63]) {
        const rig = torn();
        const chain = prepare(rig, { id: session(rig) });
        expectChainFault(
          rig,
          fault.FAULT_DESCRIPTOR_ADDRESS,
          replaced(chain, index, { address: HALF - before, bytes: 64 }),
        );
      }
    },
  );

  test('buffers that end at the seam and start at it work', () => {
    const rig = torn();
    const source = noise(64, 13);
    const [header, iv, , , status] = prepare(rig, { id: session(rig), source });
    if (!header || !iv || !status) return expect.unreachable();
    rig.write(HALF - 20, source.subarray(0, 20));
    rig.write(HALF, source.subarray(20));
    const pieces = [
      { address: HALF - 20, bytes: 20 },
      { address: HALF, bytes: 44 },
    ];
    const chain = [header, iv, ...pieces, ...pieces.map((piece) => ({ ...piece, write: true })), status];
    const allowed = [rig.guest(HALF - 20, 20), rig.guest(HALF, 44), rig.guest(AT.status, 1)];
    expect(sendWatched(rig, 'data', chain, allowed)).toEqual({ completed: true, written: 65 });
    const result = Buffer.concat([rig.read(HALF - 20, 20), rig.read(HALF, 44)]);
    expect(new Uint8Array(result)).toEqual(reference('encrypt', KEY, IV, source));
  });
});

test('CVE-2020-10724 (DPDK: key lengths over the fixed arrays): they are refused, and nothing is read', () => {
  for (const length of [33, 48, 64, 128, 512, 4096, 65535, 0x80000000, 0xffffffff]) {
    const rig = new Rig();
    const carried = Math.min(length, 4096);
    rig.write(AT.control, patch(createCipherSession(3, 16, 'encrypt'), { [crypto.CTRL_CIPHER_KEY_LEN]: length }));
    expectSessionRefused(rig, crypto.CRYPTO_ERR, [
      { address: AT.control, bytes: 72 },
      { address: AT.free, bytes: carried },
      { address: AT.input, bytes: 16, write: true },
    ]);
  }
});

describe('CVE-2020-14374 (DPDK: the descriptor length trusted instead of the requested one)', () => {
  test('descriptors longer than the request: as many bytes as were asked for are read and written', () => {
    const rig = new Rig();
    const source = noise(64, 13);
    const chain = prepare(rig, { id: session(rig), source });
    const long = replaced(replaced(chain, 2, { bytes: 4096 }), 3, { bytes: 4096 });
    const allowed = [rig.guest(AT.destination, 64), rig.guest(AT.status, 1)];
    expect(sendWatched(rig, 'data', long, allowed)).toEqual({ completed: true, written: 64 });
    expect(rig.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, source));
  });

  test('descriptors shorter than the request: it is refused', () => {
    for (const index of [2, 3]) {
      const rig = new Rig();
      const data = { id: session(rig) };
      expectRefused(rig, crypto.CRYPTO_ERR, data, replaced(prepare(rig, data), index, { bytes: 48 }));
    }
  });
});

describe('CVE-2020-14375 (DPDK: header and descriptors read twice from guest memory)', () => {
  test('what a guest changes while its request is at work changes nothing', () => {
    let meddle = () => {};
    const rig = new Rig({ onWrite: () => meddle() });
    const id = session(rig);
    const source = noise(64, 13);
    const [header, iv, from, to, status] = prepare(rig, { id, source });
    if (!header || !iv || !from || !to || !status) return expect.unreachable();
    const halves = [
      { ...to, bytes: 32 },
      { ...to, address: AT.destination + 32, bytes: 32 },
    ];
    rig.data.describeIndirect([header, iv, from, ...halves, status], AT.table);
    rig.data.offer(0);
    // At the first half's report: another guest CPU points every descriptor elsewhere and rewrites the header.
    meddle = () => {
      for (let i = 0; i < 6; i++)
        rig.data.describe(i, { address: AT.free, bytes: 0xffff, flags: 3, next: 0 }, AT.table);
      rig.data.describe(0, { address: AT.free, bytes: 0xffff, flags: DESC_F_INDIRECT });
      rig.write(AT.header, new Uint8Array(72).fill(0xff));
    };
    const free = rig.read(AT.free, 0x10000);
    rig.device.notify(0);
    expect(rig.read(AT.destination, 64)).toEqual(reference('encrypt', KEY, IV, source));
    expect(rig.read(AT.status, 1)[0]).toBe(crypto.CRYPTO_OK);
    expect(rig.read(AT.free, 0x10000)).toEqual(free);
    expect(rig.data.usedElement(0)).toEqual({ id: 0, len: 65 });
  });

  test('a result over its own header, IV and descriptors changes nothing of the request', () => {
    const rig = new Rig();
    const id = session(rig);
    const source = noise(160, 13);
    for (const address of [AT.header, AT.iv, AT.table, AT.table + 48]) {
      rig.data.describeIndirect(replaced(prepare(rig, { id, source }), 3, { address }), AT.table);
      expect(send(rig, 'data')).toEqual({ completed: true, written: 161 });
      expect(rig.read(address, 160)).toEqual(reference('encrypt', KEY, IV, source));
      expect(rig.read(AT.status, 1)[0]).toBe(crypto.CRYPTO_OK);
    }
  });
});

test.each([0, 1, 12, 15, 17, 32, 64, 0x10010, 0xffffffff])(
  'CVE-2020-14376, CVE-2020-14377 (DPDK: IV overflow and out-of-bounds read): iv_len %i is refused',
  (length) => {
    const rig = new Rig();
    const data = { id: session(rig), fields: { [crypto.DATA_CIPHER_IV_LEN]: length } };
    const chain = replaced(prepare(rig, data), 1, { address: AT.free, bytes: Math.min(length, 4096) });
    expectRefused(rig, crypto.CRYPTO_ERR, data, chain);
  },
);

describe('CVE-2020-14378 (DPDK: descriptor counter underflow, a very long loop)', () => {
  test('a loop through an indirect table ends at once, however it is entered', () => {
    for (const length of [1, 2, 1024, 4096]) {
      const rig = new Rig();
      for (let i = 0; i < length; i++) {
        rig.data.describe(i, { address: AT.free, bytes: 0, flags: DESC_F_NEXT, next: (i + 1) % length }, AT.table);
      }
      rig.data.describe(9, { address: AT.table, bytes: 16 * length, flags: DESC_F_INDIRECT });
      rig.data.offer(9);
      expectFault(rig, fault.FAULT_DESCRIPTOR_LOOP);
    }
  });
});

describe('use after close (DPDK: a cached session survives its close)', () => {
  test('a session that has just worked is gone once it is closed', () => {
    const rig = new Rig();
    const id = session(rig);
    expect(request(rig, { id }).status).toBe(crypto.CRYPTO_OK);
    expect(closeSession(rig, id).status).toBe(crypto.CRYPTO_OK);
    expectRefused(rig, crypto.CRYPTO_INVSESS, { id });
  });

  test('the next session in its place is another one', () => {
    const rig = new Rig({ maxSessions: 1 });
    const closed = session(rig);
    closeSession(rig, closed);
    const other = noise(32, 50);
    const id = session(rig, { key: other });
    expect(request(rig, { id: closed }).status).toBe(crypto.CRYPTO_INVSESS);
    expect(closeSession(rig, closed).status).toBe(crypto.CRYPTO_ERR);
    expect(request(rig, { id, source: noise(16, 1) }).status).toBe(crypto.CRYPTO_OK);
    expect(rig.read(AT.destination, 16)).toEqual(reference('encrypt', other, IV, noise(16, 1)));
  });
});

test.each([
  [16, 0xfffffff0, 0xfffffff0],
  [16, 0x80000000, 0x80000000],
  [0xfffffff0, 16, 16],
  [0xffffffff, 1, 64],
])('u32 sums (DPDK): iv %i + src %i + dst %i wraps and is refused', (iv, source, destination) => {
  const rig = new Rig();
  const fields = {
    [crypto.DATA_CIPHER_IV_LEN]: iv,
    [crypto.DATA_CIPHER_SRC_LEN]: source,
    [crypto.DATA_CIPHER_DST_LEN]: destination,
  };
  expectRefused(rig, crypto.CRYPTO_ERR, { id: session(rig), fields });
});

test('nested indirect (v86 virtio.js: an endless loop): an indirect table inside itself sets DEVICE_NEEDS_RESET', () => {
  const rig = new Rig();
  rig.data.describe(0, { address: AT.table, bytes: 16, flags: DESC_F_INDIRECT });
  rig.data.describe(0, { address: AT.table, bytes: 16, flags: DESC_F_INDIRECT }, AT.table);
  rig.data.offer(0);
  expectFault(rig, fault.FAULT_INDIRECT_NESTED);
});

test('CVE-2024-26753 (Linux driver: over-read of the request): a request that ends with RAM is read to its end, no further', () => {
  const rig = new Rig();
  const id = session(rig);
  const at = RAM_BYTES - crypto.CTRL_LEGACY_BYTES;
  rig.write(at, destroyCipherSession(id));
  const chain = [
    { address: at, bytes: crypto.CTRL_LEGACY_BYTES },
    { address: AT.input, bytes: 1, write: true },
  ];
  expect(sendWatched(rig, 'control', chain, [rig.guest(AT.input, 1)])).toEqual({ completed: true, written: 1 });
  expect(rig.read(AT.input, 1)[0]).toBe(crypto.CRYPTO_OK);
});

test('CVE-2026-23229 (Linux driver: "id 3 is not a head!" under load): every head comes back once, in any order offered', () => {
  const rig = new Rig();
  const chain = prepare(rig, { id: session(rig) });
  for (let head = 0; head < 64; head++) rig.data.describeIndirect(chain, AT.table, head);
  let taken = 0;
  for (let round = 0; round < 500; round++) {
    const heads = Array.from({ length: 1 + (round % 64) }, (_, i) => (i * 29 + round * 7) % 64);
    for (const head of heads) rig.data.offer(head);
    rig.device.notify(0);
    expect(heads.map((_, i) => rig.data.usedElement(taken + i).id)).toEqual(heads);
    taken = (taken + heads.length) & 0xffff;
    expect(rig.data.usedIdx).toBe(taken);
  }
});
