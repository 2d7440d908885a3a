import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import { noise } from '../support/memory.ts';
import { RawPackedRing } from '../support/raw_packed_ring.ts';
import { AT, closeSession, IV, KEY, openSession, prepare, reference, request, session } from '../support/requests.ts';
import { type AnyRig, feature, INDIRECT, PackedRig, RIGS, VERSION_1 } from '../support/rig.ts';

const IN_ORDER = feature(virtio.F_IN_ORDER);
const SOURCE = noise(64, 13);
const RESULT = reference('encrypt', KEY, IV, SOURCE);

describe.each(RIGS)('%s ring', (ring, makeRig) => {
  test('what stood in a writable buffer has no part in the result [2.7.5.1-2] [2.8.15-2]', () => {
    const rig = makeRig({});
    const id = session(rig);
    for (const seed of [1, 2, 3]) {
      const chain = prepare(rig, { id, source: SOURCE });
      rig.write(AT.destination, noise(64, seed));
      rig.write(AT.status, noise(1, seed));
      rig.data.describeChain(chain);
      rig.data.offer(0);
      rig.device.notify(0);
      expect(rig.read(AT.destination, 64)).toEqual(RESULT);
      expect(rig.read(AT.status, 1)[0]).toBe(crypto.CRYPTO_OK);
    }
  });

  test('when a buffer shows as used, its length and all that was written stand in memory [2.7.8.2-1] [2.7.8.2-2]', () => {
    const seen: { used: boolean; len: number; data: Uint8Array; status: number }[] = [];
    let watched: AnyRig | undefined;
    const rig = makeRig({
      onWrite: () => {
        if (!watched) return;
        const used = watched.data.usedIdx === 1;
        const { len } = watched.data.usedElement(0);
        seen.push({ used, len, data: watched.read(AT.destination, 64), status: watched.read(AT.status, 1)[0] ?? -1 });
      },
    });
    const id = session(rig);
    rig.data.describeChain(prepare(rig, { id, source: SOURCE }));
    rig.data.offer(0);
    watched = rig;
    rig.device.notify(0);
    const answered = seen.filter(({ used }) => used);
    expect(answered.length).toBeGreaterThan(0);
    for (const { len, data, status } of answered) {
      expect({ len, data, status }).toEqual({ len: 65, data: RESULT, status: crypto.CRYPTO_OK });
    }
  });

  /** A request whose destination has `bytes` of room, before a status of its own or with the status as its last byte. */
  function answered(rig: AnyRig, id: bigint, room: number, ownStatus: boolean): { len: number; write: boolean } {
    const [header, iv, source] = prepare(rig, { id, source: SOURCE });
    const status = { address: AT.status, bytes: 1, write: true };
    rig.data.describeChain([
      header ?? expect.unreachable(),
      iv ?? expect.unreachable(),
      source ?? expect.unreachable(),
      { address: AT.destination, bytes: room, write: true },
      ...(ownStatus ? [status] : []),
    ]);
    const before = rig.data.usedIdx;
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.data.usedIdx).not.toBe(before);
    const { len } = rig.data.usedElement(before);
    return { len, write: rig.data instanceof RawPackedRing ? rig.data.usedWrites(before) : true };
  }

  test.each([
    ['OK with a result that ends where the status stands: all of it', 0n, 64, 65],
    ['OK with room between result and status: the result alone', 0n, 100, 64],
    ['an error: nothing, for the status stands behind what was not written', 1n, 64, 0],
  ])('used.len counts bytes that were all written, from the first on: %s [2.7.8.2-2]', (_, other, room, len) => {
    const rig = makeRig({});
    const id = session(rig) + other;
    // A packed ring says so even where the length is 0: a status was written (2.8.3).
    expect(answered(rig, id, room, true)).toEqual({ len, write: true });
  });

  test('used.len counts the status of an error where nothing stands before it [2.7.8.2-2]', () => {
    const rig = makeRig({});
    expect(answered(rig, session(rig) + 1n, 1, false)).toEqual({ len: 1, write: true });
    expect(answered(rig, session(rig) + 1n, 2, false)).toEqual({ len: 0, write: true });
  });

  test('used.len counts all of what the control queue answers, however much room there is [2.7.8.2-2]', () => {
    const rig = makeRig({});
    const made = openSession(rig);
    expect(made.written).toBe(crypto.CREATE_INPUT_BYTES);
    expect(closeSession(rig, made.id).written).toBe(crypto.STATUS_BYTES);
    expect(closeSession(rig, made.id).written).toBe(crypto.STATUS_BYTES);
  });

  test('bytes between result and status are left alone: Linux lists a scattered destination again there', () => {
    const rig = makeRig({});
    const id = session(rig);
    const [header, iv, source] = prepare(rig, { id, source: SOURCE });
    const parts = [0, 40, 56].map((at, i, all) => ({
      address: AT.destination + at,
      bytes: (all[i + 1] ?? 64) - at,
      write: true,
    }));
    const [first, second, third] = parts;
    const buffers = [header, iv, source, first, second, third, second, third, third].map(
      (buffer) => buffer ?? expect.unreachable(),
    );
    rig.data.describeChain([...buffers, { address: AT.status, bytes: 1, write: true }]);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.read(AT.destination, 64)).toEqual(RESULT);
    expect(rig.read(AT.status, 1)[0]).toBe(crypto.CRYPTO_OK);
    expect(rig.data.usedElement(0).len).toBe(64);
  });

  test.each([
    ['with IN_ORDER', IN_ORDER],
    ['without IN_ORDER', 0n],
  ])('%s buffers come back in the order in which they were offered [6.2-3] [2.8.12-2]', (_, more) => {
    const rig = makeRig({ features: VERSION_1 | INDIRECT | more });
    const chain = prepare(rig, { id: session(rig) });
    const heads = [35, 0, 20, 5, 40];
    for (const head of heads) rig.data.describeChain(chain, head);
    for (const head of heads) rig.data.offer(head);
    rig.device.notify(0);
    expect(heads.map((_, i) => rig.data.usedElement(i).id)).toEqual(heads);
  });

  test('a request begins when the one before it in the ring is done [2.8.12-1]', () => {
    const rig = makeRig({});
    const chain = prepare(rig, { id: session(rig), source: SOURCE });
    const again = chain.map((buffer) => {
      if (buffer.address === AT.source) return { ...buffer, address: AT.destination };
      return buffer.address === AT.destination ? { ...buffer, address: AT.free } : buffer;
    });
    rig.data.describeChain(again, 20);
    rig.data.describeChain(chain, 3);
    rig.data.offer(3);
    rig.data.offer(20);
    rig.device.notify(0);
    expect(rig.data.usedIdx).toBe(2);
    expect(rig.read(AT.free, 64)).toEqual(reference('encrypt', KEY, IV, RESULT));
  });

  test(`every request of a ${ring} ring is answered with a status [5.9.7.1-1] [5.9.7.2.1.9-1]`, () => {
    const rig = makeRig({});
    const made = openSession(rig);
    expect(made).toMatchObject({ completed: true, status: crypto.CRYPTO_OK });
    expect(openSession(rig, { fields: { [crypto.CTRL_CIPHER_ALGO]: 99 } })).toMatchObject({
      completed: true,
      status: crypto.CRYPTO_NOTSUPP,
    });
    expect(request(rig, { id: made.id })).toMatchObject({ completed: true, status: crypto.CRYPTO_OK });
    expect(request(rig, { id: made.id + 1n })).toMatchObject({ completed: true, status: crypto.CRYPTO_INVSESS });
    expect(closeSession(rig, made.id)).toMatchObject({ completed: true, status: crypto.CRYPTO_OK });
    expect(closeSession(rig, made.id)).toMatchObject({ completed: true, status: crypto.CRYPTO_ERR });
  });
});

test('2.8.15 a descriptor that was used is not changed again before the driver offers it [2.8.15-4]', () => {
  const rig = new PackedRig({ queueSize: 64 });
  const chain = prepare(rig, { id: session(rig) });
  const descriptors = (places: number) => rig.read(rig.data.desc, places * virtio.DESC_BYTES);
  rig.data.describeChain(chain);
  let before: Uint8Array = new Uint8Array();
  for (let lists = 1; lists <= 12; lists++) {
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.data.usedIdx).toBe(lists);
    expect(descriptors(before.length / virtio.DESC_BYTES)).toEqual(before);
    before = descriptors(chain.length * lists);
  }
});
