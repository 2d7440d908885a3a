// What a trace for Perfetto and chrome://tracing has to be, and that a trace of this device is that.
import { expect, test } from 'vitest';
import { createBench } from '../../src/testing/bench.ts';
import { DeviceTracer, type TracedRequest, toChromeTrace } from '../../src/trace/index.ts';
import { noise } from '../support/memory.ts';
import { traceEventProblems } from '../support/trace_event_rules.ts';

const REQUEST = { algorithm: 'aes-cbc', direction: 'encrypt', key: noise(32, 99), iv: noise(16) } as const;

/** Requests of a device, some of them in one notification, and with workers some beside each other. */
async function someRequests(backend: 'inline' | 'workers'): Promise<TracedRequest[]> {
  const bench = await createBench({ backend, workers: 2 });
  const tracer = new DeviceTracer(bench.device, { perSecond: Number.POSITIVE_INFINITY });
  for (const bytes of [16, 65_536]) {
    await Promise.all(Array.from({ length: 6 }, () => bench.driver.cipher({ ...REQUEST, data: noise(bytes) })));
  }
  await bench.dispose();
  return tracer.requestsSince(0);
}

interface Shown {
  ph: string;
  name: string;
  tid: number;
  ts: number;
  dur: number;
  args: { name?: string; sort_index?: number; serial?: number };
}
const eventsOf = (requests: readonly TracedRequest[]): Shown[] => JSON.parse(toChromeTrace(requests)).traceEvents;
const slicesOf = (requests: readonly TracedRequest[]) => eventsOf(requests).filter(({ ph }) => ph === 'X');
const tracksOf = (requests: readonly TracedRequest[]) =>
  eventsOf(requests).flatMap(({ name, args }) => (name === 'thread_name' ? [args.name] : []));

test.each(['inline', 'workers'] as const)('the trace of a device keeps all rules (%s)', async (backend) => {
  const requests = await someRequests(backend);
  expect(traceEventProblems(toChromeTrace(requests))).toEqual([]);
  const slices = slicesOf(requests);
  expect(slices.map(({ args }) => args.serial).sort((a = 0, b = 0) => a - b)).toEqual(
    requests.map(({ serial }) => serial),
  );
  expect(slices.map(({ name }) => name)).toContain('CIPHER_ENCRYPT aes-cbc');
  expect(tracksOf(requests)).toEqual(expect.arrayContaining(['dataq1', 'controlq']));
});

/** Requests that begin at a time and take some time, both in milliseconds: one of the device's, changed. */
async function timed(...times: [startedAt: number, duration: number, batch?: number][]): Promise<TracedRequest[]> {
  const [request] = (await someRequests('inline')).filter(({ control }) => !control);
  if (!request) return expect.unreachable();
  return times.map(([startedAt, duration, batch = 1], index) => ({
    ...request,
    serial: index + 1,
    startedAt,
    duration,
    batch,
  }));
}

test('times are in microseconds from the first request on', async () => {
  const requests = await timed([1_700_000_000_000, 2], [1_700_000_000_005, 0.5]);
  expect(slicesOf(requests)).toMatchObject([
    { ts: 0, dur: 2000 },
    { ts: 5000, dur: 500 },
  ]);
});

test('requests that are under way at the same time are on tracks of their own, in the order of their queues', async () => {
  // Completed in another order than they began in.
  const requests = await timed([1004, 2], [1001, 10], [1000, 30], [1012, 1]);
  expect(traceEventProblems(toChromeTrace(requests))).toEqual([]);
  expect(tracksOf(requests)).toEqual(['dataq1', 'dataq1, beside (2)', 'dataq1, beside (3)']);
  const slices = slicesOf(requests);
  expect(slices.map(({ args }) => args.serial)).toEqual([3, 2, 1, 4]);
  // The last one begins when a track is free again.
  expect(new Set(slices.map(({ tid }) => tid)).size).toBe(3);
});

test('requests of one notification divide its time, whatever the numbers are', async () => {
  const start = 1_764_000_000_000.123;
  const batch = 7;
  const times = Array.from({ length: batch }, () => [start, 0.0123, batch] as [number, number, number]);
  const requests = await timed(...times, [start + 0.0123, 0.001]);
  expect(traceEventProblems(toChromeTrace(requests))).toEqual([]);
  expect(tracksOf(requests)).toEqual(['dataq1']);
  // Exact in whole nanoseconds.
  for (const { ts, dur } of slicesOf(requests)) expect([ts * 8, dur * 8].every(Number.isInteger)).toBe(true);
});

test('slices without a length, and a trace without a request', async () => {
  const requests = await timed([5, 0], [5, 0], [5, 1], [5, 0], [6, 0]);
  expect(traceEventProblems(toChromeTrace(requests))).toEqual([]);
  expect(traceEventProblems(toChromeTrace([]))).toEqual([]);
});

test('as many requests as a trace may have, all at the same time', async () => {
  const [request] = await timed([0, 1]);
  if (!request) return expect.unreachable();
  const requests = Array.from({ length: 50_000 }, (_, index) => ({
    ...request,
    serial: index + 1,
    startedAt: index / 1000,
    duration: 1000,
  }));
  expect(traceEventProblems(toChromeTrace(requests))).toEqual([]);
});

test('the rules find what they are for', async () => {
  const text = toChromeTrace(await timed([0, 2], [5, 1]));
  const events = (change: (slice: Record<string, unknown>) => unknown) => {
    const trace = JSON.parse(text);
    trace.traceEvents = trace.traceEvents.map((event: Shown) => (event.ph === 'X' ? change({ ...event }) : event));
    return traceEventProblems(JSON.stringify(trace));
  };
  expect(traceEventProblems('[]')).toEqual(['there is no array traceEvents']);
  expect(events((slice) => ({ ...slice, ts: -1 }))).toContainEqual(
    expect.stringContaining('ts is -1, not a time from 0'),
  );
  expect(events(({ dur: _, ...slice }) => slice)).toContainEqual(expect.stringContaining('dur is undefined'));
  expect(events((slice) => ({ ...slice, ph: 'Q' }))).toContainEqual(expect.stringContaining('ph is Q, not X or M'));
  expect(events((slice) => ({ ...slice, tid: 1.5 }))).toContainEqual(expect.stringContaining('tid is 1.5'));
  expect(events((slice) => ({ ...slice, tid: 77 }))).toContain('thread 77 has no name');
  expect(events((slice) => ({ ...slice, dur: 5001 }))).toEqual([
    'thread 1/2: 1 slices overlap others without lying in them',
  ]);
  expect(events((slice) => ({ ...slice, dur: 5000 }))).toEqual([]);
});
