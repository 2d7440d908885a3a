import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rowsOf, type Workload, workloadOf } from '../../src/cli/bench/cases.ts';
import { engine } from '../../src/cli/bench/engine.ts';
import { BenchError, type Implementation, resultDigest } from '../../src/cli/bench/implementation.ts';
import { startMasked } from '../../src/cli/bench/masked.ts';
import { loadNoble } from '../../src/cli/bench/noble.ts';
import { nodeCrypto } from '../../src/cli/bench/node_crypto.ts';
import { BUILT_CHILD, SMALL_ROWS } from './figures.ts';

const [row] = rowsOf([64], [5]);
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
    expect(await digestOf(nodeCrypto, workload)).toBe(resultDigest(results));
  });
});

describe('every implementation', () => {
  it('computes what node computes', async () => {
    const noble = await loadNoble();
    if (!noble) throw new Error('@noble/ciphers is not installed.');
    const masked = startMasked(BUILT_CHILD);
    try {
      for (const each of SMALL_ROWS) {
        const workload = workloadOf(each);
        const expected = await digestOf(nodeCrypto, workload);
        for (const implementation of [engine, masked, noble]) {
          expect(await digestOf(implementation, workload), implementation.name).toBe(expected);
        }
      }
    } finally {
      masked.dispose();
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

describe('the engine', () => {
  it('goes on when the ring indices wrap at 65536', async () => {
    const workload = workloadOf(row);
    const runner = await engine.prepare(workload);
    await runner.run(Math.ceil(65536 / row.batch) + 7);
    expect(await runner.digest()).toBe(await digestOf(nodeCrypto, workload));
    runner.dispose();
  });

  it('fills a whole data queue', async () => {
    const workload = workloadOf({ ...row, batch: 1024 });
    expect(await digestOf(engine, workload)).toBe(await digestOf(nodeCrypto, workload));
  });

  it('says so when the device does nothing any more', async () => {
    const runner = await engine.prepare(workloadOf(row));
    runner.dispose();
    expect(() => runner.run(1)).toThrow(BenchError);
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
