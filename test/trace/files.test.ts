import { describe, expect, test } from 'vitest';
import { createBench } from '../../src/testing/bench.ts';
import {
  DeviceTracer,
  decodeRequest,
  fromJsonLines,
  type TracedRequest,
  TraceFileError,
  toJsonLines,
  withoutKeys,
} from '../../src/trace/index.ts';
import { noise } from '../support/memory.ts';

const KEY = noise(32, 99);

async function someRequests(): Promise<TracedRequest[]> {
  const bench = await createBench();
  const tracer = new DeviceTracer(bench.device);
  for (const bytes of [16, 4096]) {
    await bench.driver.cipher({
      algorithm: 'aes-cbc',
      direction: 'encrypt',
      key: KEY,
      iv: noise(16),
      data: noise(bytes),
    });
  }
  await bench.dispose();
  return tracer.requestsSince(0);
}

test('JSON lines carry every request there and back, with its keys blanked', async () => {
  const requests = await someRequests();
  const text = toJsonLines(requests);
  expect(text.trimEnd().split('\n')).toHaveLength(requests.length + 1);
  expect(text).not.toContain(Buffer.from(KEY).toString('hex'));
  expect(fromJsonLines(text)).toEqual(requests.map(withoutKeys));
  for (const request of fromJsonLines(text)) {
    const key = decodeRequest(request).find(({ secret }) => secret);
    if (key) expect(key.data).toEqual(new Uint8Array(KEY.length));
  }
});

test.each([
  ['', 'no trace'],
  ['{"format":"virtio-crypto-trace","version":2}', 'no trace'],
  ['{"traceEvents":[]}', 'no trace'],
  ['{"format":"virtio-crypto-trace","version":1}\n{}', 'Line 2'],
  ['{"format":"virtio-crypto-trace","version":1}\nnonsense', 'Line 2'],
])('a file that is no sound trace is refused: %j', (text, message) => {
  expect(() => fromJsonLines(text)).toThrow(TraceFileError);
  expect(() => fromJsonLines(text)).toThrow(message);
});

test('a trace in which a number is out of range is refused with the line and the field', async () => {
  const [header = '', line = ''] = toJsonLines(await someRequests()).split('\n');
  const damaged = JSON.stringify({ ...JSON.parse(line), usedBytes: -1 });
  expect(() => fromJsonLines(`${header}\n${line}\n${damaged}\n`)).toThrow(/Line 3.*usedBytes/);
});

describe('a trace that no tracer can have written is refused, and the line and the field are named', () => {
  const damaged = async (change: (request: Record<string, unknown>) => unknown) => {
    const [header = '', first = '', second = ''] = toJsonLines(await someRequests()).split('\n');
    const line = JSON.stringify(change(JSON.parse(second)));
    return [header, first, line].join('\n').replace('"1e999"', '1e999');
  };
  const buffer = { address: 0, bytes: 300_000, writable: false, data: '00'.repeat(300_000) };
  const descriptor = { table: 'ring', index: 0, address: 0, bytes: 0, flags: 0, last: 0 };

  test.each([
    ['batch', { batch: 0 }],
    ['duration', { duration: '1e999' }],
    ['duration', { duration: -1 }],
    ['startedAt', { startedAt: -1e308 }],
    ['startedAt', { startedAt: 8.64e15 + 2 }],
    ['queue', { queue: 65536 }],
    ['head', { head: 1.5 }],
    ['usedBytes', { usedBytes: 2 ** 32 }],
    ['serial', { serial: 0 }],
    ['serial', { serial: 1 }],
    ['algorithm', { algorithm: 'x'.repeat(101) }],
    ['descriptors', { descriptors: Array.from({ length: 1025 }, () => descriptor), buffers: [] }],
    ['descriptors.0.address', { descriptors: [{ ...descriptor, address: 2 ** 65 }], buffers: [] }],
    ['descriptors.0.flags', { descriptors: [{ ...descriptor, flags: 65536 }], buffers: [] }],
    ['buffers.0.data', { descriptors: [{ ...descriptor, bytes: 300_000 }], buffers: [buffer] }],
    [
      'buffers.0.data',
      { descriptors: [{ ...descriptor, bytes: 1 }], buffers: [{ ...buffer, bytes: 1, data: '0000' }] },
    ],
    ['buffers.0.data', { descriptors: [descriptor], buffers: [{ ...buffer, bytes: 0, data: 'g0' }] }],
    ['buffers', { descriptors: [descriptor], buffers: [] }],
    ['buffers', { descriptors: [descriptor], buffers: [{ ...buffer, bytes: 0, data: '', writable: true }] }],
    [
      'buffers',
      {
        descriptors: Array.from({ length: 17 }, () => ({ ...descriptor, bytes: 256 })),
        buffers: Array.from({ length: 17 }, () => ({ ...buffer, bytes: 256, data: '00'.repeat(256) })),
      },
    ],
  ])('%s', async (field, change) => {
    const text = await damaged((request) => ({ ...request, ...change }));
    expect(() => fromJsonLines(text)).toThrow(TraceFileError);
    expect(() => fromJsonLines(text)).toThrow(`Line 3 of the trace is damaged: ${field}: `);
  });

  test('5.9.2 control: a queue that was a data queue a line ago', async () => {
    const lines = toJsonLines(await someRequests())
      .trimEnd()
      .split('\n');
    const last = JSON.parse(lines.at(-1) ?? '');
    const text = [...lines, JSON.stringify({ ...last, serial: last.serial + 1, control: !last.control })].join('\n');
    expect(() => fromJsonLines(text)).toThrow(`control: Expected what earlier lines say of queue ${last.queue}`);
  });

  test('more requests than can be shown, and ends of lines without number', async () => {
    const [header = '', line = ''] = toJsonLines(await someRequests()).split('\n');
    expect(() => fromJsonLines(`${header}\n${`${line}\n`.repeat(200_001)}`)).toThrow('more than 200000 requests');
    expect(fromJsonLines(`${header}${'\n'.repeat(5_000_000)}`)).toEqual([]);
  });
});
