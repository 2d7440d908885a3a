// AES-CBC in objects of node:crypto that stay with their sessions: each result is that of a new object, and no key outlives its session.
import crypto, { randomBytes, randomInt } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KEPT_BYTES_MAX, KeptCbc } from '../../src/backend/node/kept_cbc.ts';
import type { Direction } from '../../src/driver/wire.ts';
import { createBench } from '../../src/testing/index.ts';
import { numbers } from '../support/flight.ts';
import { noise } from '../support/memory.ts';
import { AT, closeSession, IV, KEY, reference, request, session } from '../support/requests.ts';
import { type AnyRig, Rig } from '../support/rig.ts';

interface Stream {
  update(data: Uint8Array): Uint8Array;
}
/** Those that the code under test made. */
const streams: Stream[] = [];
/** Whether OpenSSL's context is freed: node:crypto refuses to go on with one that is not there. The stream is of no use afterwards. */
const hasEnded = (stream: Stream) => {
  try {
    stream.update(new Uint8Array(16));
    return false;
  } catch {
    return true;
  }
};
const standing = () => streams.filter((stream) => !hasEnded(stream)).length;

const { createCipheriv, createDecipheriv } = crypto;
const remember = <S extends Stream>(stream: S): S => {
  streams.push(stream);
  return stream;
};
const watched = {
  createCipheriv: (name: string, key: Uint8Array, iv: Uint8Array) => remember(createCipheriv(name, key, iv)),
  createDecipheriv: (name: string, key: Uint8Array, iv: Uint8Array) => remember(createDecipheriv(name, key, iv)),
} as typeof crypto;
afterEach(() => {
  streams.length = 0;
});

describe('a kept object', () => {
  const KEYS = numbers(6).map((place) => randomBytes(16 + 8 * (place % 3)));
  const directionOf = (place: number): Direction => (place % 2 ? 'decrypt' : 'encrypt');
  const run = (cbc: KeptCbc, place: number, id: number, key: Uint8Array, bytes: number) => {
    const [iv, source] = [new Uint8Array(randomBytes(16)), new Uint8Array(randomBytes(bytes))];
    const before = source.slice();
    const direction = directionOf(place);
    const name = `aes-${8 * key.length}-cbc`;
    const result = cbc.run(place, id, { name, key, decrypts: direction === 'decrypt', iv, source });
    expect(new Uint8Array(result)).toEqual(reference(direction, key, iv, source));
    expect(source).toEqual(before);
  };

  test('gives what a new one gives, for each IV and after whatever came before', () => {
    const cbc = new KeptCbc(watched);
    for (const turn of numbers(600)) {
      const place = randomInt(KEYS.length);
      const most = turn % 10 === 0 ? KEPT_BYTES_MAX / 16 : 50;
      run(cbc, place, 1, KEYS[place] ?? KEY, 16 * (turn < 20 ? turn + 1 : randomInt(most) + 1));
    }
    expect(streams).toHaveLength(KEYS.length);
  });

  test('is never used for another session that stands in the same place', () => {
    const cbc = new KeptCbc(watched);
    run(cbc, 0, 1, KEYS[0] ?? KEY, 64);
    run(cbc, 0, 2, KEYS[1] ?? KEY, 64);
    expect(streams.map(hasEnded)).toEqual([true, false]);
  });

  test('goes with its session, or with all of them', () => {
    const cbc = new KeptCbc(watched);
    for (const place of numbers(6)) run(cbc, place, 1, KEY, 4096);
    cbc.forget(3);
    expect(streams.map(hasEnded)).toEqual([false, false, false, true, false, false]);
    cbc.forget();
    expect(standing()).toBe(0);
    run(cbc, 3, 1, KEY, 64);
    expect(standing()).toBe(1);
  });

  test('that fails is not used again', () => {
    const cbc = new KeptCbc(watched);
    run(cbc, 0, 1, KEY, 64);
    const [stream] = streams;
    if (!stream) throw new Error('There is no stream.');
    const update = vi.spyOn(stream, 'update').mockImplementation(() => {
      throw new Error('out of memory');
    });
    expect(() => run(cbc, 0, 1, KEY, 64)).toThrow('out of memory');
    update.mockRestore();
    expect(hasEnded(stream)).toBe(true);
    run(cbc, 0, 1, KEY, 64);
    expect(streams).toHaveLength(2);
  });

  test('of 256 sessions stay: those of more take the place of the first', () => {
    const cbc = new KeptCbc(watched);
    for (const round of [0, 1]) for (const place of numbers(300)) run(cbc, place, 1, KEY, 16 * (1 + round));
    expect(standing()).toBe(256);
  });
});

describe('on a device', () => {
  let rig: AnyRig;
  beforeEach(() => {
    for (const name of ['createCipheriv', 'createDecipheriv'] as const) {
      vi.spyOn(crypto, name).mockImplementation(watched[name] as never);
    }
    rig = new Rig({ backend: 'host' });
  });
  afterEach(() => {
    rig.device.dispose();
    vi.restoreAllMocks();
  });

  function encrypt(id: bigint, key = KEY, bytes = 160) {
    const source = noise(bytes, 21);
    const host = rig.device.statistics().elsewhere.host;
    request(rig, { id, source });
    expect(rig.read(AT.destination, bytes)).toEqual(reference('encrypt', key, IV, source));
    expect(rig.device.statistics().elsewhere.host).toBe(host + 1);
  }
  /** Two sessions whose objects node:crypto has. */
  function two() {
    const ids = [session(rig), session(rig, { key: noise(32, 3) })] as const;
    for (const _round of numbers(3)) {
      encrypt(ids[0]);
      encrypt(ids[1], noise(32, 3));
    }
    expect(standing()).toBe(2);
    return ids;
  }

  test('a session that is closed takes its key with it, and the next one in its place has its own', () => {
    const [first] = two();
    closeSession(rig, first);
    expect(streams.filter(hasEnded)).toHaveLength(1);
    encrypt(session(rig, { key: noise(24, 5) }), noise(24, 5));
    expect(standing()).toBe(2);
  });

  test.each([
    ['2.4 a reset of the device', () => rig.device.reset()],
    ['another backend', () => void rig.device.useBackend({ backend: 'inline' })],
    ['the end of the device', () => rig.device.dispose()],
    ['a state that is restored', () => rig.device.restore(rig.device.save({ includeKeys: true }))],
  ])('%s ends them all', (_, act) => {
    two();
    act();
    expect(standing()).toBe(0);
  });

  test.each([
    ['aes-ctr', 1024],
    ['aes-ecb', 1024],
    ['aes-xts', 1024],
    ['aes-cbc', 2 * KEPT_BYTES_MAX],
  ] as const)(
    '%s, %d bytes: an object of one request is gone with it, while its session is open',
    async (algorithm, bytes) => {
      const bench = await createBench({ backend: 'host', algorithms: 'all' });
      for (const direction of ['encrypt', 'decrypt'] as const) {
        const { id } = await bench.driver.createCipherSession(algorithm, direction, randomBytes(32));
        const iv = randomBytes(algorithm === 'aes-ecb' ? 0 : 16);
        const request = { algorithm, direction, iv, data: randomBytes(bytes) };
        expect((await bench.driver.cipherInSession(id, request)).status).toBe('ok');
      }
      expect(streams).toHaveLength(2);
      expect(standing()).toBe(0);
      bench.dispose();
    },
  );
});
