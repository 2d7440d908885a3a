import { createCipheriv } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  aeadOperation,
  authOperation,
  chainOperation,
  cipherOperation,
  type OperationChain,
  statelessFeature,
} from '../../src/driver/operations.ts';
import type {
  AeadSession,
  ChainSession,
  CipherSession,
  MacSession,
  SymmetricSession,
} from '../../src/driver/sessions.ts';
import { type Bench, createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';

const MIB = 1024 * 1024;
const OK = 0;
const INVSESS = 4;
const data = noise(96, 4);
const aad = noise(20, 5);
const iv = noise(16, 6);
const nonce = noise(12, 7);

const cipher: CipherSession = { service: 'cipher', algorithm: 'aes-ctr', direction: 'decrypt', key: noise(24, 1) };
const mac: MacSession = { service: 'mac', algorithm: 'cmac-aes', key: noise(32, 2), length: 16 };
const aead: AeadSession = {
  service: 'aead',
  algorithm: 'gcm',
  direction: 'encrypt',
  key: noise(32, 3),
  tagLength: 16,
  aadLength: aad.length,
};
const chain: ChainSession = {
  service: 'chain',
  order: 'cipher-then-hash',
  direction: 'encrypt',
  cipher: { algorithm: 'aes-cbc', key: noise(16, 8) },
  hash: { mode: 'auth', algorithm: 'cmac-aes', key: noise(16, 9) },
  aadLength: 0,
};

/** A request in a session of each kind. */
function operations(bench: Bench, sessions: readonly { parameters: SymmetricSession; id: bigint }[]): OperationChain[] {
  const revision1 = bench.driver.has(0);
  return sessions.map(({ parameters, id }) => {
    const mode = { revision1, statelessLayout: bench.driver.has(statelessFeature(parameters)), session: id };
    switch (parameters.service) {
      case 'cipher':
        return cipherOperation(parameters, { iv, data }, mode);
      case 'aead':
        return aeadOperation(parameters, { iv: nonce, aad, data }, mode);
      case 'chain': {
        const whole = { start: 0, length: data.length };
        const windows = { cipherWindow: whole, hashWindow: whole };
        return chainOperation(parameters, { iv, data, aad: new Uint8Array(), ...windows }, 16, mode);
      }
      default:
        return authOperation(parameters, data, 16, mode);
    }
  });
}

/** What each session answers: status and result. */
async function answers(bench: Bench, chains: readonly OperationChain[]): Promise<{ status: number; bytes: Buffer }[]> {
  const results = [];
  for (const { readable, writable } of chains) {
    const { writable: written } = await bench.driver.submit({ queue: 0, readable, writable });
    results.push({ status: written.at(-1)?.at(-1) ?? -1, bytes: Buffer.concat(written.slice(0, -1)) });
  }
  return results;
}

describe.each(['split', 'packed'] as const)('%s ring', (ring) => {
  describe.each(['legacy', 'revision1'] as const)('%s layout', (layout) => {
    const started = async () => {
      const bench = await createBench({ ring, layout, memoryBytes: MIB });
      const sessions = [];
      for (const parameters of [cipher, mac, aead, chain]) {
        const { status, id } = await bench.driver.createSession(parameters);
        expect(status).toBe('ok');
        sessions.push({ parameters, id });
      }
      return { bench, chains: operations(bench, sessions), ids: sessions.map(({ id }) => id) };
    };

    test('sessions of every kind do after a restore what they did before it', async () => {
      const { bench, chains } = await started();
      const before = await answers(bench, chains);
      expect(before.map(({ status }) => status)).toEqual([OK, OK, OK, OK]);
      const gcm = createCipheriv('aes-256-gcm', aead.key, nonce).setAAD(aad);
      expect(before[2]?.bytes).toEqual(Buffer.concat([gcm.update(data), gcm.final(), gcm.getAuthTag()]));
      bench.device.restore(JSON.parse(JSON.stringify(bench.device.save({ includeKeys: true }))));
      expect(await answers(bench, chains)).toEqual(before);
      await bench.dispose();
    });

    test('saved without keys they are lost: INVSESS, and their ids are not given out again', async () => {
      const { bench, chains, ids } = await started();
      const state = JSON.stringify(bench.device.save());
      for (const key of [cipher.key, mac.key, aead.key, chain.cipher.key]) {
        expect(state).not.toContain(Buffer.from(key).toString('hex'));
      }
      bench.device.restore(JSON.parse(state));
      const after = await answers(bench, chains);
      expect(after.map(({ status }) => status)).toEqual([INVSESS, INVSESS, INVSESS, INVSESS]);
      for (let i = 0; i < 8; i++) expect(ids).not.toContain((await bench.driver.createSession(mac)).id);
      await bench.dispose();
    });

    test('requests of every kind are counted by service, with the bytes that the device read', async () => {
      const { bench, chains } = await started();
      await answers(bench, chains);
      const { services, queues } = bench.device.statistics();
      // 5.9.7.6: a chain is a CIPHER request.
      const content = {
        cipher: 2 * (iv.length + data.length),
        mac: data.length,
        aead: nonce.length + aad.length + data.length,
      };
      expect(services.cipher).toMatchObject({ requests: 2, bytes: content.cipher });
      expect(services.mac).toMatchObject({ requests: 1, bytes: content.mac });
      expect(services.aead).toMatchObject({ requests: 1, bytes: content.aead });
      expect(queues[0]).toMatchObject({ requests: 4, bytes: content.cipher + content.mac + content.aead });
      expect(queues[1]).toMatchObject({ requests: 4, bytes: 24 + 32 + 32 + 16 + 16 });
      await bench.dispose();
    });
  });

  test('5.9.7 in stateless mode the keys are content too', async () => {
    const bench = await createBench({ ring, layout: 'revision1', memoryBytes: MIB });
    const { algorithm, key } = mac;
    expect((await bench.driver.mac({ algorithm, key, data, stateless: true })).status).toBe('ok');
    expect(bench.device.statistics().services.mac).toMatchObject({ requests: 1, bytes: key.length + data.length });
    expect(bench.device.statistics().queues[1]).toMatchObject({ requests: 0 });
    await bench.dispose();
  });

  test('limits.keyBytes holds for every kind of key, in session and in stateless mode', async () => {
    const bench = await createBench({ ring, layout: 'revision1', limits: { keyBytes: 16 }, memoryBytes: MIB });
    for (const parameters of [cipher, mac, aead]) {
      expect((await bench.driver.createSession(parameters)).status).toBe('err');
    }
    expect((await bench.driver.createSession(chain)).status).toBe('ok');
    const { algorithm, key } = mac;
    expect((await bench.driver.mac({ algorithm, key, data, stateless: true })).status).toBe('err');
    expect((await bench.driver.mac({ algorithm, key: key.subarray(16), data, stateless: true })).status).toBe('ok');
    await bench.dispose();
  });
});
