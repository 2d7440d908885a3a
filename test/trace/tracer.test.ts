import { createCipheriv } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DATA_SESSION_ID } from '../../spec/crypto.ts';
import { DeviceTracer, decodeRequest, GuestView, ringSnapshot, summarise } from '../../src/trace/index.ts';
import { type Bench, createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';

const KEY = noise(16);
const IV = noise(16);
let bench: Bench;

afterEach(() => bench.dispose());

const encrypt = (data: Uint8Array) =>
  bench.driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: IV, data });

const turn = () => new Promise((resolve) => setImmediate(resolve));

function onNode(data: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-cbc', KEY, IV).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(data), cipher.final()]));
}

describe.each(['split', 'packed'] as const)('over a %s ring', (ring) => {
  test('each field of a request equals what the driver wrote, and its results what the device answered', async () => {
    bench = await createBench({ ring });
    const tracer = new DeviceTracer(bench.device);
    const data = noise(64);
    await encrypt(data);
    const [create, request] = tracer.requestsSince(0);
    if (!create || !request) throw new Error('nothing was traced');
    expect(summarise(create)).toMatchObject({ operation: 'CIPHER_CREATE_SESSION', algorithm: 'aes-cbc', status: 'OK' });
    expect(summarise(request)).toMatchObject({
      operation: 'CIPHER_ENCRYPT',
      algorithm: 'aes-cbc',
      bytes: 64,
      session: summarise(create).session,
      status: 'OK',
    });
    const fields = new Map(decodeRequest(request).map((field) => [field.name, field]));
    expect(fields.get('iv')?.data).toEqual(IV);
    expect(fields.get('src_data')?.data).toEqual(data);
    expect(fields.get('dst_data')?.data).toEqual(onNode(data));
    expect(fields.get('src_data_len')).toMatchObject({ value: '64 bytes', section: '5.9.7.6' });
    expect(request).toMatchObject({ ring, usedBytes: 65, batch: 1, control: false });
    const key = decodeRequest(create).find(({ secret }) => secret);
    expect(key?.data).toEqual(KEY);
  });

  test('a chain is shown as it stands in guest memory, its indirect table with it', async () => {
    bench = await createBench({ ring });
    const tracer = new DeviceTracer(bench.device);
    await encrypt(noise(32));
    const request = tracer.requestsSince(0).find(({ control }) => !control);
    expect(request?.buffers.map(({ writable }) => writable)).toEqual([false, false, false, true, true]);
    expect(request?.buffers.map(({ bytes }) => bytes)).toEqual([72, 16, 32, 32, 1]);
  });

  test('held requests wait in the ring, go on one at a time, and are all answered when they are released', async () => {
    bench = await createBench({ ring });
    await encrypt(noise(16));
    const tracer = new DeviceTracer(bench.device);
    const heard: number[] = [];
    tracer.hold((queue) => heard.push(queue));
    const before = bench.device.requests(0);
    const data = [noise(16), noise(32), noise(48)];
    const results = Promise.all(data.map(encrypt));
    // The device has not asked for more notifications than the first: the others come unannounced (2.7.10, 2.8.10).
    while (heard.length === 0) await turn();
    for (let i = 0; i < 20; i++) await turn();
    expect(bench.device.requests(0)).toBe(before);
    expect(tracer.waiting(0)?.buffers[2]?.bytes).toBe(16);
    expect(tracer.step(0)).toBe(true);
    await expect.poll(() => bench.device.requests(0)).toBe(before + 1);
    expect(tracer.waiting(0)?.buffers[2]?.bytes).toBe(32);
    tracer.release();
    const answers = await results;
    expect(answers.map((answer) => answer.data)).toEqual(data.map(onNode));
    expect(tracer.step(0)).toBe(false);
  });

  test('a request that is changed while it waits gets the answer to what it says then', async () => {
    bench = await createBench({ ring });
    await encrypt(noise(16));
    const tracer = new DeviceTracer(bench.device);
    const held = new Promise<void>((resolve) => tracer.hold(() => resolve()));
    const answer = encrypt(noise(16));
    await held;
    const header = tracer.waiting(0)?.buffers[0]?.address ?? 0;
    bench.ram().set([0xff, 0xff], header + DATA_SESSION_ID);
    tracer.release();
    expect((await answer).status).toBe('invsess');
    expect(tracer.requestsSince(0).findLast(({ control }) => !control)?.lastByte).toBe(4);
  });

  test('a request that waits is decoded before the device has seen it', async () => {
    bench = await createBench({ ring });
    await encrypt(noise(16));
    const tracer = new DeviceTracer(bench.device);
    expect(tracer.waitingRequest(0)).toBeUndefined();
    const held = new Promise<void>((resolve) => tracer.hold(() => resolve()));
    const data = noise(48);
    const answer = encrypt(data);
    await held;
    const request = tracer.waitingRequest(0) ?? expect.unreachable();
    expect(summarise(request)).toMatchObject({ operation: 'CIPHER_ENCRYPT', algorithm: 'aes-cbc', bytes: 48 });
    const fields = new Map(decodeRequest(request).map((field) => [field.name, field]));
    expect(fields.get('src_data')?.data).toEqual(data);
    expect(request).toMatchObject({ serial: 0, ring, queue: 0, usedBytes: 0, duration: 0 });
    tracer.release();
    expect((await answer).status).toBe('ok');
    expect(tracer.waitingRequest(0)).toBeUndefined();
  });

  test('the ring shows as many requests answered as were sent', async () => {
    bench = await createBench({ ring });
    for (let i = 0; i < 3; i++) await encrypt(noise(16));
    const snapshot = ringSnapshot(bench.device, 0);
    expect(snapshot).toMatchObject({ name: 'dataq1', kind: ring, enabled: true, requests: 3 });
    if (ring === 'split') expect(snapshot).toMatchObject({ availIdx: 3, usedIdx: 3, nextAvail: 3, nextUsed: 3 });
    else expect(snapshot.descriptors.length).toBeGreaterThan(0);
  });

  test('sessions are listed with algorithm, direction and key length while they are open', async () => {
    bench = await createBench({ ring });
    const tracer = new DeviceTracer(bench.device);
    expect(tracer.sessions()).toEqual([]);
    tracer.hold();
    const answer = encrypt(noise(16));
    while (!tracer.waiting(0)) await turn();
    const [session] = tracer.sessions();
    expect(session).toMatchObject({ algorithm: 'aes-cbc', direction: 'encrypt', keyBits: 128 });
    const [create] = tracer.requestsSince(0);
    expect(session?.openedAt).toBe(create?.startedAt ?? expect.unreachable());
    tracer.detach();
    await answer;
  });
});

test('times are those of the clock as it is when the tracer is attached, not as it was when the process began', async () => {
  bench = await createBench();
  const day = Date.UTC(2038, 0, 19);
  const clock = vi.spyOn(Date, 'now').mockReturnValue(day);
  const tracer = new DeviceTracer(bench.device);
  clock.mockRestore();
  expect((await encrypt(noise(16))).status).toBe('ok');
  const [request] = tracer.requestsSince(0);
  const since = (request?.startedAt ?? Number.NaN) - day;
  expect(since).toBeGreaterThanOrEqual(0);
  expect(since).toBeLessThan(600_000);
});

test('a tracer with a budget of none lets every request pass, and one that is detached sees nothing', async () => {
  bench = await createBench();
  const tracer = new DeviceTracer(bench.device, { perSecond: 0 });
  expect((await encrypt(noise(16))).status).toBe('ok');
  expect(tracer.requestsSince(0)).toEqual([]);
  const complete = new DeviceTracer(bench.device, { perSecond: Number.POSITIVE_INFINITY, kept: 2 });
  for (let i = 0; i < 4; i++) await encrypt(noise(16));
  expect(complete.requestsSince(0)).toHaveLength(2);
  complete.detach();
  const last = complete.requestsSince(0).at(-1)?.serial ?? 0;
  await encrypt(noise(16));
  expect(complete.requestsSince(last)).toEqual([]);
});

test('what is not RAM reads as nothing', () => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const view = new GuestView({ memory, regions: [{ guestAddress: 4096, bytes: 65536, offset: 65536 }] });
  for (const address of [0, 4095, 4096 + 65536, 2 ** 40, Number.NaN]) {
    expect(view.uint8(address)).toBeUndefined();
    expect(view.copy(address, 4)).toHaveLength(0);
  }
  expect(view.uint32(4096 + 65536 - 4)).toBe(0);
  expect(view.uint32(4096 + 65536 - 3)).toBeUndefined();
  memory.grow(1);
  expect(view.uint8(4096)).toBe(0);
});
