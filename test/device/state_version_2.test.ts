// States that an earlier build of the library saved, word for word: the format has a version, and what has this version is restored.
import { expect, test } from 'vitest';
import { createBench } from '../../src/testing/index.ts';

const COMMON = {
  version: 2,
  options: { dataQueues: 1, queueSize: 16, maxSessions: 4, maxRequestBytes: 4096 },
  status: 15,
  hardwareReady: true,
  generation: 0,
  fault: 0,
  faultQueue: 0,
  throttle: { requests: 0, bytes: 0 },
  sessionSerial: 2,
  sessions: [
    {
      id: '4294967296',
      parameters: [0, 1, 3, 1, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      key: '000102030405060708090a0b0c0d0e0f',
    },
  ],
};
const STATES = {
  split: {
    ...COMMON,
    driverFeatures: '1104611901440',
    queues: [
      { size: 16, enabled: true, desc: '65536', driver: '65792', device: '65832', indices: 65537, held: false },
      { size: 64, enabled: true, desc: '65968', driver: '66992', device: '67128', indices: 196611, held: false },
    ],
  },
  packed: {
    ...COMMON,
    driverFeatures: '1121791770624',
    queues: [
      { size: 16, enabled: true, desc: '65536', driver: '65792', device: '65796', indices: 2147581953, held: false },
      { size: 64, enabled: true, desc: '65808', driver: '65800', device: '65804', indices: 2147713027, held: false },
    ],
  },
} as const;

test.each(['split', 'packed'] as const)('a state of version 2 is restored, with a %s ring', async (ring) => {
  const saved = STATES[ring];
  const bench = await createBench({ ring, ...saved.options, backend: 'inline', memoryBytes: 1 << 20 });
  bench.device.restore(structuredClone(saved));
  expect(bench.device.fault).toBeUndefined();
  expect(bench.device.save({ includeKeys: true })).toEqual(saved);
  expect(bench.device.sessions().map(({ id }) => id)).toEqual(['4294967296']);
  await bench.dispose();
});
