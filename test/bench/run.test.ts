import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { CASE_NAMES, defaultRows, rowsOf } from '../../src/cli/bench/cases.ts';
import { engine } from '../../src/cli/bench/engine.ts';
import { IMPLEMENTATIONS, type ImplementationName, resultDigest } from '../../src/cli/bench/implementation.ts';
import { startMasked } from '../../src/cli/bench/masked.ts';
import { measureRounds, median, paceFor } from '../../src/cli/bench/measure.ts';
import { loadNoble } from '../../src/cli/bench/noble.ts';
import { nodeCrypto, nodeCryptoDigest } from '../../src/cli/bench/node_crypto.ts';
import { jsonResults, overheadText, tableText } from '../../src/cli/bench/report.ts';
import { type RowResult, runRows } from '../../src/cli/bench/run.ts';
import { BUILT_CHILD, noted, SMALL_ROWS, TINY_MILLISECONDS } from './figures.ts';

const OF_CBC: readonly ImplementationName[] = ['engine', 'node', 'node-masked', 'noble'];

const [row] = SMALL_ROWS;
if (!row) throw new Error('There is no row.');

describe('the default table', () => {
  const rows = defaultRows();
  const named = (name: string) => rows.filter((each) => each.case.name === name);

  it('has each case alone, four at a time and in long batches, of short, middling and long requests', () => {
    for (const name of CASE_NAMES) {
      const places = named(name).map(({ bytes, batch }) => `${bytes} ${batch}`);
      for (const bytes of [64, 1024, 16384]) {
        for (const batch of [1, 4, 64]) expect(places, name).toContain(`${bytes} ${batch}`);
      }
    }
  });

  it('has the packets of 64 to 16384 bytes, and the smallest requests for the rings', () => {
    const sizes = named('aes-128-cbc+hmac-sha-256').flatMap(({ bytes, batch }) => (batch === 64 ? [bytes] : []));
    expect(sizes).toEqual([64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]);
    expect(named('aes-128-cbc-encrypt')[0]).toMatchObject({ bytes: 16, batch: 64 });
  });

  it('has no row twice', () => {
    const places = rows.map((each) => `${each.case.name} ${each.bytes} ${each.batch}`);
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('the pace', () => {
  it.each([1, 100, 500, 2000])('of %d ms is an odd number of rounds and uses the time', (milliseconds) => {
    const pace = paceFor(milliseconds, 4);
    expect(pace.rounds % 2).toBe(1);
    expect(4 * (pace.warmUp + pace.rounds * pace.round)).toBeCloseTo(milliseconds);
  });

  it('is kept in turns, each implementation being first in its turn', async () => {
    const log: string[] = [];
    const runners = ['a', 'b', 'c'].map((name) => ({
      digest: async () => '',
      run: (times: number) => {
        log.push(name);
        return times;
      },
      dispose: () => {},
    }));
    const seconds = await measureRounds(runners, { warmUp: 1, round: 1, rounds: 3 }, undefined);
    expect(log.join('').slice(-9)).toBe('abcbaccab');
    expect(seconds).toEqual(runners.map(() => [0.001, 0.001, 0.001]));
  });
});

it('takes the median', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

describe('a run', () => {
  it('yields a result for every row and implementation', async () => {
    const noble = await loadNoble();
    if (!noble) throw new Error('@noble/ciphers is not installed.');
    const masked = startMasked(BUILT_CHILD);
    const seen: number[] = [];
    try {
      const results = await runRows({
        rows: SMALL_ROWS,
        implementations: [engine, nodeCrypto, masked, noble],
        expected: nodeCryptoDigest,
        rowMilliseconds: TINY_MILLISECONDS,
        onRow: (_, index) => seen.push(index),
      });
      const json = jsonResults(results);
      expect(json.map((result) => `${result.case} ${result.bytes} ${result.batch} ${result.implementation}`)).toEqual(
        SMALL_ROWS.flatMap((each) =>
          IMPLEMENTATIONS.filter((name) => OF_CBC.includes(name)).map(
            (name) => `${each.case.name} ${each.bytes} ${each.batch} ${name}`,
          ),
        ),
      );
      for (const result of json) {
        expect(Object.keys(result)).toEqual(['case', 'bytes', 'batch', 'implementation', 'MBps', 'opsPerSecond']);
        expect(result.opsPerSecond).toBeGreaterThan(0);
        expect(result.MBps / ((result.opsPerSecond * result.bytes) / 1e6)).toBeCloseTo(1, 3);
      }
      expect(seen).toEqual(SMALL_ROWS.map((_, index) => index));
    } finally {
      masked.dispose();
    }
  });

  it('compares results before timing and after it, and ends every runner', async () => {
    const log: string[] = [];
    await runRows({
      rows: [row],
      implementations: [noted('engine', log), noted('noble', log)],
      expected: nodeCryptoDigest,
      rowMilliseconds: TINY_MILLISECONDS,
    });
    expect(log.slice(0, 2)).toEqual(['engine digest', 'noble digest']);
    expect(log[2]).toMatch(/run/);
    expect(log.slice(-4)).toEqual(['engine digest', 'noble digest', 'engine dispose', 'noble dispose']);
  });

  it('ends with an error that names the implementation whose result is wrong, before anything is timed', async () => {
    const log: string[] = [];
    const wrong = {
      ...engine,
      prepare: async () => ({
        digest: () => resultDigest([new Uint8Array(16)]),
        run: () => log.push('timed'),
        dispose: () => log.push('dispose'),
      }),
    };
    const run = runRows({
      rows: [row],
      implementations: [wrong, nodeCrypto],
      expected: nodeCryptoDigest,
      rowMilliseconds: TINY_MILLISECONDS,
    });
    await expect(run).rejects.toThrow('engine: wrong result for aes-128-cbc-encrypt, 16 bytes, batch 1');
    expect(log).toEqual(['dispose']);
  });

  it('ends when it is aborted', async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const run = runRows({
      rows: SMALL_ROWS,
      implementations: [noted('engine', log)],
      expected: nodeCryptoDigest,
      rowMilliseconds: TINY_MILLISECONDS,
      signal: controller.signal,
      onRow: (_, index) => {
        if (index === 1) controller.abort(new Error('Enough.'));
      },
    });
    await expect(run).rejects.toThrow('Enough.');
    expect(log.at(-1)).toBe('engine dispose');
  });
});

describe('the table', () => {
  const facts = {
    cpu: 'A processor',
    cores: 2,
    platform: 'linux x64',
    node: '20.0.0',
    openssl: '3.0.0',
    library: '0.1.0',
    mask: '~0x1',
    engine: { build: 'simd', bytes: 150_000, milliseconds: 12.34 },
  };
  const speed = (opsPerSecond: number, engineRatio: number) => ({
    opsPerSecond,
    MBps: (opsPerSecond * row.bytes) / 1e6,
    engineRatio,
  });
  const result: RowResult = { ...row, speeds: { engine: speed(5_000_000, 1), node: speed(400_000, 12.5) } };

  const plain = pc.createColors(false);

  it('says where, what and how much, with a column for each implementation that has the case', () => {
    const text = tableText([result], facts, 'split', plain);
    for (const fact of ['A processor', 'Node 20.0.0', 'OpenSSL 3.0.0', 'virtio-crypto-wasm 0.1.0', '~0x1']) {
      expect(text).toContain(fact);
    }
    expect(text).toContain('split ring, simd build of 147 KiB, loaded and compiled in 12.3 ms');
    expect(text).toMatch(/^aes-128-cbc-encrypt\nbytes +batch +requests\/s +engine +node +\/node$/m);
    expect(text).toMatch(/^ *16 +1 +5,000,000 +80\.0 +6\.40 +12\.5$/m);
    expect(text).toContain('Timed for the engine');
  });

  it('leaves a gap where an implementation has a case and no figure', () => {
    const alone: RowResult = { ...row, bytes: 48, speeds: { engine: speed(1_000_000, 1) } };
    expect(tableText([result, alone], facts, 'split', plain)).toMatch(/^ *48 +1 +1,000,000 +16\.0 +- +-$/m);
  });

  it('counts packets in Mbps and Kpps', () => {
    const [packets] = rowsOf(['aes-128-cbc+hmac-sha-256'], [64], [64]);
    if (!packets) throw new Error('There is no row.');
    const speeds = { engine: { opsPerSecond: 1_250_000, MBps: 80, engineRatio: 1 }, node: speed(125_000, 10) };
    const text = tableText([{ ...packets, speeds }], facts, 'split', plain);
    expect(text).toMatch(/engine Mbps +node Mbps +engine Kpps +node Kpps +\/node$/m);
    expect(text).toMatch(/^ *64 +64 +640 +[0-9.]+ +1250 +125 +10\.0$/m);
  });

  it('has no colour unless it is asked for', () => {
    expect(tableText([result], facts, 'split', plain)).not.toContain('\u001b');
    expect(tableText([result], facts, 'split', pc.createColors(true))).toContain('\u001b[32m12.5');
  });

  it('says what the rings cost', () => {
    const overhead = {
      emptyNanoseconds: 87.6,
      batchMicroseconds: 150,
      batchToKernels: 1.08,
      watched: 1.04,
      watchedAll: 3.5,
    };
    const text = overheadText(overhead, facts, 'packed');
    expect(text).toContain('packed ring');
    expect(text).toContain('A notification of an empty queue: 87.6 ns');
    expect(text).toContain("150 µs, 1.08 times the kernels' own");
    expect(text).toContain(
      '1.04 times as long if the driver is watched, 400 chains a second; 3.50 times if all chains are',
    );
  });
});
