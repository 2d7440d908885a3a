import { expect, test } from 'vitest';
import { createBench } from '../../src/testing/bench.ts';
import {
  DeviceTracer,
  decodeRequest,
  fromJsonLines,
  type TracedRequest,
  TraceFileError,
  toChromeTrace,
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

test('the Chrome trace has a track a queue and a slice a request, none over another', async () => {
  const requests = await someRequests();
  const { traceEvents } = JSON.parse(toChromeTrace(requests));
  const tracks = traceEvents.filter(({ name }: { name: string }) => name === 'thread_name');
  expect(tracks.map(({ args }: { args: { name: string } }) => args.name).sort()).toEqual(['controlq', 'dataq1']);
  const slices = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X');
  expect(slices).toHaveLength(requests.length);
  expect(slices.map(({ name }: { name: string }) => name)).toContain('CIPHER_ENCRYPT aes-cbc');
  for (const queue of [0, 1]) {
    const track = slices.filter(({ tid }: { tid: number }) => tid === queue);
    for (const [index, { ts, dur }] of track.entries()) {
      expect(dur).toBeGreaterThanOrEqual(0);
      // A microsecond's fraction is what a float has left of the time since 1970.
      if (index + 1 < track.length) expect(ts + dur).toBeLessThanOrEqual(track[index + 1].ts + 1);
    }
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
