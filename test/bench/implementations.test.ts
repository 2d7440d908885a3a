import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CASE_NAMES, type CaseName, rowsOf } from '../../src/cli/bench/cases.ts';
import { EngineRunner, engine, engineOver } from '../../src/cli/bench/engine.ts';
import { loadHashWasm } from '../../src/cli/bench/hash_wasm.ts';
import {
  BenchError,
  type Implementation,
  type ImplementationName,
  resultDigest,
} from '../../src/cli/bench/implementation.ts';
import { loadLibsodium } from '../../src/cli/bench/libsodium.ts';
import { startMasked } from '../../src/cli/bench/masked.ts';
import { loadNoble } from '../../src/cli/bench/noble.ts';
import { nodeCrypto } from '../../src/cli/bench/node_crypto.ts';
import { measureOverhead } from '../../src/cli/bench/overhead.ts';
import { RING_KINDS } from '../../src/cli/bench/rings.ts';
import { webCrypto } from '../../src/cli/bench/webcrypto.ts';
import { type Workload, workloadOf } from '../../src/cli/bench/workload.ts';
import { BUILT_CHILD, TINY_MILLISECONDS } from './figures.ts';

const [row] = rowsOf(['aes-128-cbc-encrypt'], [64], [5]);
if (!row) throw new Error('There is no row.');

async function digestOf(implementation: Implementation, workload: Workload): Promise<string> {
  const runner = await implementation.prepare(workload);
  try {
    return await runner.digest();
  } finally {
    runner.dispose();
  }
}

describe('a workload', () => {
  it('is the same each time it is made, and has an IV and a source of its own for each request', () => {
    const workload = workloadOf(row);
    expect(workload).toEqual(workloadOf(row));
    expect(workload.requests).toHaveLength(5);
    for (const part of ['iv', 'source'] as const) {
      const distinct = new Set(workload.requests.map((request) => Buffer.from(request[part]).toString('hex')));
      expect(distinct.size).toBe(5);
    }
  });

  it('is what node encrypts, block for block', async () => {
    const workload = workloadOf(row);
    const results = workload.requests.map(({ iv, source }) =>
      createCipheriv('aes-128-cbc', workload.key, iv).update(source),
    );
    expect(await digestOf(nodeCrypto, workload)).toBe(await resultDigest(results));
  });
});

const CIPHERS: readonly CaseName[] = ['aes-128-cbc-encrypt', 'aes-128-cbc-decrypt', 'aes-128-ctr'];
const AEADS: readonly CaseName[] = ['aes-128-gcm-encrypt', 'chacha20-poly1305-encrypt'];
const HASHES: readonly CaseName[] = ['sha-256', 'sha-512', 'sha1', 'hmac-sha-256'];
const CHAIN: CaseName = 'aes-128-cbc+hmac-sha-256';

describe('every implementation', () => {
  it.each<[ImplementationName, () => Promise<Implementation | undefined>, readonly CaseName[]]>([
    ['engine', async () => engine, CASE_NAMES],
    ['engine', async () => engineOver('packed'), CASE_NAMES],
    ['node-masked', async () => startMasked(BUILT_CHILD), CASE_NAMES],
    ['webcrypto', async () => webCrypto, ['aes-128-ctr', 'aes-128-gcm-encrypt', ...HASHES]],
    ['noble', loadNoble, [...CIPHERS, ...AEADS, ...HASHES, CHAIN]],
    ['hash-wasm', loadHashWasm, HASHES],
    ['libsodium', loadLibsodium, ['chacha20-poly1305-encrypt']],
  ])('%s computes what node computes, in all cases that it has', async (name, load, cases) => {
    const implementation = await load();
    if (!implementation) throw new Error(`${name} is not installed.`);
    try {
      expect(implementation.name).toBe(name);
      expect(CASE_NAMES.filter((each) => implementation.has(each))).toEqual(
        CASE_NAMES.filter((each) => cases.includes(each)),
      );
      for (const each of rowsOf(cases, [16, 48, 1024], [1, 3, 5])) {
        const workload = workloadOf(each);
        const place = `${each.case.name} ${each.bytes} ${each.batch}`;
        expect(await digestOf(implementation, workload), place).toBe(await digestOf(nodeCrypto, workload));
      }
    } finally {
      implementation.dispose();
    }
  });

  it('says how long it took', async () => {
    for (const implementation of [engine, nodeCrypto]) {
      const runner = await implementation.prepare(workloadOf(row));
      expect(await runner.run(3)).toBeGreaterThan(0);
      runner.dispose();
    }
  });
});

describe.each(RING_KINDS)('the engine over a %s ring', (ring) => {
  it('goes on when the ring indices wrap at 65536', async () => {
    const workload = workloadOf(row);
    const runner = await EngineRunner.prepare(workload, ring);
    runner.run(Math.ceil(65536 / row.batch) + 7);
    expect(await runner.digest()).toBe(await digestOf(nodeCrypto, workload));
    runner.dispose();
  });

  it('fills a whole data queue, again and again', async () => {
    const workload = workloadOf({ ...row, batch: 1024 });
    const runner = await EngineRunner.prepare(workload, ring);
    runner.run(3);
    expect(await runner.digest()).toBe(await digestOf(nodeCrypto, workload));
    runner.dispose();
  });

  it('says so when the device does nothing any more', async () => {
    const runner = await EngineRunner.prepare(workloadOf(row), ring);
    runner.dispose();
    expect(() => runner.run(1)).toThrow(BenchError);
  });

  it('is notified of an empty queue without a result', async () => {
    const workload = workloadOf(row);
    const runner = await EngineRunner.prepare(workload, ring);
    expect(runner.runEmpty(5)).toBeGreaterThan(0);
    expect(await runner.digest()).toBe(await digestOf(nodeCrypto, workload));
    runner.dispose();
  });

  it('has its overhead measured', async () => {
    const overhead = await measureOverhead(ring, TINY_MILLISECONDS);
    for (const figure of Object.values(overhead)) expect(figure).not.toBeNaN();
    expect(overhead.emptyNanoseconds).toBeGreaterThan(0);
  });
});

describe('node-masked', () => {
  it('fails by its name when its process is gone', async () => {
    const masked = startMasked(BUILT_CHILD);
    const runner = await masked.prepare(workloadOf(row));
    masked.dispose();
    await expect(Promise.resolve(runner.run(1))).rejects.toThrow(/^node-masked: /);
    await expect(masked.prepare(workloadOf(row))).rejects.toThrow(BenchError);
  });
});
