// The file of measured costs: written, read again, and refused when it is of no use here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RequestCosts } from '../../src/backend/contract.ts';
import { rowsOf } from '../../src/cli/bench/cases.ts';
import { backendOver } from '../../src/cli/bench/flight.ts';
import { workloadOf } from '../../src/cli/bench/workload.ts';
import { FAMILIES } from '../../src/cli/calibrate/families.ts';
import { costsFrom, IN_FLIGHT } from '../../src/cli/calibrate/measure.ts';
import { modelText, readModel, readModelOfThisMachine, thisMachine } from '../../src/cli/calibrate/model_file.ts';

const COSTS: RequestCosts[] = [
  { algorithms: 'sha-256', depth: 'many', bytes: 4096, place: 'host', microseconds: { inline: 5, host: 2.5 } },
];

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'model-'));
  path = join(folder, 'costs.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what is written is read again', () => {
  writeFileSync(path, modelText(COSTS));
  expect(readModelOfThisMachine(path)).toEqual({ machine: thisMachine(), costs: COSTS });
});

describe('refused, with the reason and the remedy:', () => {
  const changed = (change: (file: Record<string, unknown>) => void): string => {
    const file = JSON.parse(modelText(COSTS));
    change(file);
    return JSON.stringify(file);
  };

  test.each([
    ['no JSON', '{', 'It holds no JSON.'],
    ['a file cut short', modelText(COSTS).slice(0, -20), 'It holds no JSON.'],
    ['thresholds', '{"host":{},"workers":{}}', 'It is no file of measured costs: format: '],
    [
      'another version',
      changed((file) => Object.assign(file, { version: 2 })),
      'It is of version 2, and this command knows version 1.',
    ],
    [
      'a field too many',
      changed((file) => Object.assign(file, { more: 1 })),
      'It is no file of measured costs: more: ',
    ],
    [
      'a damaged cost',
      changed((file) => Object.assign(file, { costs: [{ ...COSTS[0], bytes: -1 }] })),
      'It is damaged. costs: 0.bytes: ',
    ],
  ])('%s', (_, text, reason) => {
    writeFileSync(path, text);
    expect(() => readModel(path)).toThrow(reason);
    expect(() => readModel(path)).toThrow('Measure anew: virtio-crypto calibrate --model FILE.');
  });

  test('a file that is not there', () => {
    expect(() => readModel(path)).toThrow('It cannot be read (ENOENT).');
  });

  test.each([
    ['cpu', 'Pentium', 'its processor is Pentium, here it is '],
    ['cores', 96, 'its number of cores is 96, here it is '],
    ['node', '12', 'its Node is 12, here it is '],
    ['mask', '~0x1', 'its OPENSSL_ia32cap is ~0x1, here it is not set.'],
  ])('the %s of another machine', (part, value, reason) => {
    const here = { ...thisMachine(), mask: '' };
    writeFileSync(path, modelText(COSTS, { ...here, [part]: value }));
    expect(() => readModelOfThisMachine(path, here)).toThrow(`It was measured elsewhere: ${reason}`);
    // It can still be looked at.
    expect(readModel(path).costs).toEqual(COSTS);
  });
});

test.each(FAMILIES)(
  'a device that learns calls the sessions of $case by the name that calibrate writes, $sessions',
  async ({ case: name, sessions }) => {
    const [row = expect.unreachable()] = rowsOf([name], [1024], [1]);
    const runner = await backendOver('auto', { backend: 'auto' }).prepare(workloadOf(row));
    try {
      let costs: RequestCosts[] = [];
      while (costs.length === 0) {
        await runner.run(64);
        costs = runner.costs?.() ?? expect.unreachable();
      }
      expect(costs).toMatchObject([{ algorithms: sessions, bytes: 1024, depth: 'few' }]);
    } finally {
      runner.dispose();
    }
  },
);

test('the costs of measured rows: microseconds of a request, and the cheapest place, which is not a worker for few', () => {
  const speed = (opsPerSecond: number) => ({ MBps: 1, opsPerSecond, engineRatio: 1 });
  const rows = rowsOf(['sha-256'], [4096], [IN_FLIGHT.few, IN_FLIGHT.many]).map((row) => ({
    ...row,
    speeds: { inline: speed(1e5), host: speed(2e5), workers: speed(4e5) },
  }));
  const microseconds = { inline: 10, host: 5, workers: 2.5 };
  expect(costsFrom(rows)).toEqual([
    { algorithms: 'sha-256', depth: 'few', bytes: 4096, place: 'host', microseconds },
    { algorithms: 'sha-256', depth: 'many', bytes: 4096, place: 'workers', microseconds },
  ]);
});
