import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import { noise } from '../support/memory.ts';
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
