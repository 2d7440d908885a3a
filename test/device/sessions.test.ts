import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import { roundKeys } from '../support/aes_schedule.ts';
import { contains, noise, stretch } from '../support/memory.ts';
import {
  AT,
  closeSession,
  expectWorks,
  IV,
  KEY,
  openSession,
  prepare,
  reference,
  request,
  send,
  session,
} from '../support/requests.ts';
import { Rig } from '../support/rig.ts';

const ENGINE_OPTIONS = { maxSessions: 3, maxRequestBytes: 4096 };

describe('session limits', () => {
  test('5.9.7.2.1 without REVISION_1 a full table is VIRTIO_CRYPTO_ERR, and a closed session makes room', () => {
    const rig = new Rig({ maxSessions: 3 });
    const ids = [session(rig), session(rig), session(rig)];
    expect(rig.device.sessionCount).toBe(3);
    expect(openSession(rig)).toMatchObject({ status: crypto.CRYPTO_ERR, id: 0n, written: 16 });
    expect(rig.device.sessionCount).toBe(3);
    expect(closeSession(rig, ids[1] ?? 0n).status).toBe(crypto.CRYPTO_OK);
    const id = session(rig);
    expect(openSession(rig).status).toBe(crypto.CRYPTO_ERR);
    for (const open of [ids[0] ?? 0n, ids[2] ?? 0n, id])
      expect(request(rig, { id: open }).status).toBe(crypto.CRYPTO_OK);
  });

  test.each([1, 2, 4, 1024])(
    '%i sessions at once, each with its own key [5.9.7.2.1.7-2] [5.9.7.2.1.7-3]',
    (maxSessions) => {
      const rig = new Rig({ maxSessions });
      const keys = Array.from({ length: maxSessions }, (_, i) => noise([16, 24, 32][i % 3] ?? 16, i + 1));
      const ids = keys.map((key) => session(rig, { key }));
      expect(new Set(ids).size).toBe(maxSessions);
      expect(openSession(rig).status).toBe(crypto.CRYPTO_ERR);
      const source = noise(32, 9);
      for (const [i, id] of ids.entries()) {
        expect(request(rig, { id, source }).status).toBe(crypto.CRYPTO_OK);
        expect(rig.read(AT.destination, 32)).toEqual(reference('encrypt', keys[i] ?? KEY, IV, source));
      }
      for (const id of ids) expect(closeSession(rig, id).status).toBe(crypto.CRYPTO_OK);
      expect(rig.device.sessionCount).toBe(0);
      expectWorks(rig);
    },
  );

  test('a session that could not be made takes no place', () => {
    const rig = new Rig({ maxSessions: 1 });
    for (let i = 0; i < 10; i++) {
      expect(openSession(rig, { fields: { [crypto.CTRL_CIPHER_KEY_LEN]: 15 } }).status).toBe(crypto.CRYPTO_ERR);
    }
    expectWorks(rig);
  });
});

describe('session ids', () => {
  test('5.9.7.2.1 an id is unique: none is given out twice, whatever is closed and reset in between [5.9.7.2.1.7-7]', () => {
    const rig = new Rig({ maxSessions: 2 });
    const seen = new Set<bigint>();
    for (let i = 0; i < 2000; i++) {
      if (i % 100 === 99) rig.bringUp();
      const id = session(rig);
      expect(id).not.toBe(0n);
      expect(id).not.toBe(2n ** 64n - 1n);
      expect(seen.has(id)).toBe(false);
      seen.add(id);
      closeSession(rig, id);
    }
  });

  test('the serial number passes over 0 when it wraps: no session has id 0', () => {
    const rig = new Rig({ maxSessions: 2 });
    rig.device.restore({ ...rig.device.save(), sessionSerial: 0xfffffffe });
    for (const serial of [0xffffffffn, 1n, 2n]) {
      const id = session(rig);
      expect(id >> 32n).toBe(serial);
      expect(request(rig, { id }).status).toBe(crypto.CRYPTO_OK);
      expect(closeSession(rig, id).status).toBe(crypto.CRYPTO_OK);
    }
    expect(rig.device.sessionCount).toBe(0);
  });
});

describe('keys', () => {
  const key = noise(32, 77);
  const inEngine = (rig: Rig, bytes: Uint8Array) => contains(rig.memory, rig.engine, bytes);
  const schedule = roundKeys(key);

  /** A session that has worked, in both directions. */
  const withSessions = () => {
    const rig = new Rig(ENGINE_OPTIONS);
    const ids = (['encrypt', 'decrypt'] as const).map((direction) => {
      const id = session(rig, { key, direction });
      expect(request(rig, { id, direction }).status).toBe(crypto.CRYPTO_OK);
      return id;
    });
    expect(inEngine(rig, key)).toBe(true);
    return { rig, ids };
  };

  const expectNoTrace = (rig: Rig) => {
    for (let at = 0; at + 8 <= key.length; at++)
      expect(inEngine(rig, key.subarray(at, at + 8)), `key byte ${at}`).toBe(false);
    for (const [round, words] of schedule.entries()) expect(inEngine(rig, words), `round key ${round}`).toBe(false);
  };

  test('nothing of a key or its schedule stays in the engine after the session is closed', () => {
    const { rig, ids } = withSessions();
    for (const id of ids) closeSession(rig, id);
    expectNoTrace(rig);
  });

  test('nothing of a key or its schedule stays in the engine after a reset', () => {
    const { rig } = withSessions();
    rig.device.writeStatus(0);
    expectNoTrace(rig);
  });

  test('nothing of a key or its schedule stays in the engine after dispose', () => {
    const { rig } = withSessions();
    rig.device.dispose();
    expectNoTrace(rig);
  });

  test('nothing of a key that was refused comes into the engine', () => {
    const rig = new Rig({ ...ENGINE_OPTIONS, maxSessions: 1 });
    session(rig);
    expect(openSession(rig, { key }).status).toBe(crypto.CRYPTO_ERR);
    expectNoTrace(rig);
    expect(openSession(rig, { key, fields: { [crypto.CTRL_CIPHER_KEY_LEN]: 31 } }).status).toBe(crypto.CRYPTO_ERR);
    expectNoTrace(rig);
  });

  // Two devices that differ in their keys alone: where their engines' regions are equal, nothing of a key is left.
  const regionAfter = (secret: Uint8Array, end: (rig: Rig, ids: bigint[]) => void): Buffer => {
    const rig = new Rig(ENGINE_OPTIONS);
    const ids: bigint[] = [];
    for (const direction of ['encrypt', 'decrypt'] as const) {
      const id = session(rig, { key: secret, direction });
      ids.push(id);
      request(rig, { id, direction, source: noise(160, 1) });
      // Scattered, so that the work is done in the engine's own memory.
      const [header, iv, source, destination, status] = prepare(rig, { id, direction, source: noise(160, 1) });
      if (!header || !iv || !source || !destination || !status) expect.unreachable();
      const first = { ...destination, bytes: 100 };
      const rest = { ...destination, address: AT.destination + 100, bytes: 60 };
      rig.data.describeChain([header, iv, source, first, rest, status]);
      expect(send(rig, 'data')).toEqual({ completed: true, written: 161 });
    }
    end(rig, ids);
    const { start, end: stop } = rig.engine;
    return Buffer.from(rig.memory.buffer.slice(start, stop));
  };
  const other = noise(32, 78);

  test('the engine is the same after a reset, whatever the key was', () => {
    const end = (rig: Rig) => rig.device.reset();
    expect(regionAfter(key, end).equals(regionAfter(other, end))).toBe(true);
  });

  test('the engine is the same after dispose, whatever the key was', () => {
    const end = (rig: Rig) => rig.device.dispose();
    expect(regionAfter(key, end).equals(regionAfter(other, end))).toBe(true);
  });

  test('the engine is the same after the sessions were closed and others have worked, whatever the key was', () => {
    const end = (rig: Rig, ids: bigint[]) => {
      for (const id of ids) closeSession(rig, id);
      // The last ciphertexts still stand in scratch: another session's take their place.
      regionWork(rig);
    };
    expect(regionAfter(key, end).equals(regionAfter(other, end))).toBe(true);
  });

  function regionWork(rig: Rig): void {
    for (const direction of ['encrypt', 'decrypt'] as const) {
      const id = session(rig, { key: KEY, direction });
      const [header, iv, source, destination, status] = prepare(rig, { id, direction, source: noise(2032, 1) });
      if (!header || !iv || !source || !destination || !status) expect.unreachable();
      const first = { ...destination, bytes: 100 };
      const rest = { ...destination, address: AT.destination + 100, bytes: 1932 };
      for (const chain of [
        [header, iv, source, destination, status],
        [header, iv, source, first, rest, status],
      ]) {
        rig.data.describeChain(chain);
        expect(send(rig, 'data')).toEqual({ completed: true, written: 2033 });
      }
      closeSession(rig, id);
    }
  }

  test('the scan sees what it looks for', () => {
    // FIPS 197 A.3, w56 to w59.
    const example = Buffer.from('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex');
    expect(Buffer.from(roundKeys(example)[14] ?? []).toString('hex')).toBe('fe4890d1e6188d0b046df344706c631e');
    const rig = new Rig(ENGINE_OPTIONS);
    expect(contains(rig.memory, stretch(rig.engine.start, 64), key)).toBe(false);
    session(rig, { key });
    expect(inEngine(rig, key)).toBe(true);
    const end = () => {};
    expect(regionAfter(key, end).equals(regionAfter(other, end))).toBe(false);
  });
});
