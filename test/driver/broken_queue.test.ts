// A device that completes what it may not: its writes to the rings are the test's own.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as spec from '../../spec/virtio.ts';
import { BrokenQueueError, CryptoDriver } from '../../src/driver/index.ts';
import type { DriverTransport } from '../../src/driver/transport.ts';
import type { BenchOptions } from '../../src/testing/bench.ts';
import { type Bench, createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';

const KEY = noise(16, 1);
const request = { algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: noise(16, 2), data: noise(32) } as const;
const raw = { queue: 0, readable: [noise(72)], writable: [1], hold: true };

let bench: Bench;
let taken: number;
const open = async (ring: 'split' | 'packed', options: BenchOptions = {}) => {
  bench = await createBench({ ring, dataQueues: 2, queueSize: 8, backend: 'inline', ...options });
  taken = bench.allocator.taken;
};

const uncaught: unknown[] = [];
const listen = (error: unknown) => uncaught.push(error);
beforeEach(() => {
  uncaught.length = 0;
  process.on('uncaughtExceptionMonitor', listen);
  process.on('unhandledRejection', listen);
});
afterEach(async () => {
  await bench.dispose();
  expect(bench.allocator.taken).toBe(0);
  process.off('uncaughtExceptionMonitor', listen);
  process.off('unhandledRejection', listen);
  expect(uncaught).toEqual([]);
});

/** What the device says that it has used, in place `place` of the data queue. */
function use(place: number, id: number, written: number): void {
  const queue = bench.driver.queues[0] ?? expect.unreachable();
  const ram = bench.ram();
  const view = new DataView(ram.buffer, ram.byteOffset);
  if (bench.driver.has(spec.F_RING_PACKED)) {
    const at = queue.desc + place * spec.DESC_BYTES;
    view.setUint16(at + spec.PACKED_DESC_ID, id, true);
    view.setUint32(at + spec.DESC_LEN, written, true);
    const flags = spec.PACKED_DESC_F_AVAIL | spec.PACKED_DESC_F_USED | spec.DESC_F_WRITE;
    view.setUint16(at + spec.PACKED_DESC_FLAGS, flags, true);
    return;
  }
  const element = queue.used + spec.USED_RING + place * spec.USED_ELEM_BYTES;
  view.setUint32(element + spec.USED_ELEM_ID, id, true);
  view.setUint32(element + spec.USED_ELEM_LEN, written, true);
  view.setUint16(queue.used + spec.USED_IDX, place + 1, true);
}

/** The ids of the chains that the device would take next. */
function idsOf(count: number): number[] {
  const queue = bench.driver.queues[0] ?? expect.unreachable();
  const ram = bench.ram();
  const view = new DataView(ram.buffer, ram.byteOffset);
  return Array.from({ length: count }, (_, i) =>
    bench.driver.has(spec.F_RING_PACKED)
      ? view.getUint16(queue.desc + i * spec.DESC_BYTES + spec.PACKED_DESC_ID, true)
      : view.getUint16(queue.avail + spec.AVAIL_RING + i * spec.AVAIL_ELEM_BYTES, true),
  );
}

/** The device interrupts: a request of the control queue is done. */
const interrupt = () => bench.driver.createCipherSession('aes-cbc', 'encrypt', KEY);

/** What became of requests. */
const outcomes = async (all: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(all)).map((result) => (result.status === 'rejected' ? result.reason : result.value));

describe.each([
  ['split', '2.7.8', '2.7.8'],
  ['packed', '2.8.22', '2.8.4'],
] as const)('a %s ring', (ring, idSection, lengthSection) => {
  test.each([0x7777, 0xffff])('with a used id that is not in flight, %i, is broken', async (id) => {
    await open(ring);
    const all = [bench.driver.submit(raw), bench.driver.submit(raw)];
    use(0, id, 1);
    expect((await interrupt()).status).toBe('ok');
    const [error, other] = await outcomes(all);
    expect(error).toBeInstanceOf(BrokenQueueError);
    expect(other).toBe(error);
    expect(String(error)).toBe(
      `BrokenQueueError: Queue 0 is broken: the device completed chain ${id}, which it does not hold (${idSection}). Reset the queue or the device.`,
    );
  });

  test('with a used id that comes twice is broken, and the first time counts', async () => {
    await open(ring);
    const all = [bench.driver.submit(raw), bench.driver.submit(raw)];
    const [first = 0] = idsOf(2);
    use(0, first, 1);
    use(1, first, 1);
    await interrupt();
    const [done, error] = await outcomes(all);
    expect(done).toMatchObject({ written: 1 });
    expect(String(error)).toContain(`the device completed chain ${first}, which it does not hold (${idSection})`);
  });

  test('with a used length beyond the writable buffers is broken', async () => {
    await open(ring);
    const sent = bench.driver.submit(raw);
    const [id = 0] = idsOf(1);
    use(0, id, 2);
    await interrupt();
    await expect(sent).rejects.toThrow(
      `the device says that it wrote 2 bytes into chain ${id}, of which 1 bytes may be written (${lengthSection})`,
    );
  });

  test('in which nothing is in flight is broken by a used element', async () => {
    await open(ring);
    use(0, 0, 0);
    await interrupt();
    await expect(bench.driver.submit(raw)).rejects.toBeInstanceOf(BrokenQueueError);
  });

  test('that is broken takes no request, and lends no memory to others that the device may still write', async () => {
    await open(ring);
    const { driver, allocator } = bench;
    const lost = driver.submit(raw);
    const afterOne = allocator.taken;
    use(0, 0x7777, 1);
    await interrupt();
    await expect(lost).rejects.toBeInstanceOf(BrokenQueueError);
    expect(allocator.taken).toBe(afterOne);
    for (const late of [driver.submit(raw), driver.submitChain(0, { readable: [], writable: [] })]) {
      await expect(late).rejects.toThrow('Queue 0 is broken');
    }
    await expect(driver.cipher(request)).rejects.toThrow('Queue 0 is broken');
    expect(allocator.taken).toBe(afterOne);
    expect((await driver.cipher({ ...request, queue: 1 })).status).toBe('ok');
  });

  test.each([
    ['the queue', () => bench.driver.resetQueue(0)],
    ['the device', () => bench.driver.start()],
  ])('works again after a reset of %s', async (_, reset) => {
    await open(ring);
    const lost = bench.driver.submit(raw);
    use(0, 0x7777, 1);
    await interrupt();
    await expect(lost).rejects.toBeInstanceOf(BrokenQueueError);
    reset();
    expect(bench.allocator.taken).toBe(taken);
    expect((await bench.driver.cipher(request)).status).toBe('ok');
  });

  test('of a device that was removed is not waited for', async () => {
    await open(ring);
    const lost = bench.driver.submit(raw);
    bench.registers.remove();
    expect(() => bench.driver.resetQueue(0)).toThrow(
      'The device does not finish the reset of queue 0 (2.6.1.1): reset the device.',
    );
    bench.driver.stop();
    await expect(lost).rejects.toThrow('The driver was stopped.');
  });
});

test.each([2, 0x8000, 0xffff])('2.7.8 a used index that is %i ahead of one chain breaks the queue', async (ahead) => {
  await open('split');
  const sent = bench.driver.submit(raw);
  const queue = bench.driver.queues[0] ?? expect.unreachable();
  bench.ram().set([ahead & 0xff, ahead >> 8], queue.used + spec.USED_IDX);
  await interrupt();
  await expect(sent).rejects.toThrow(`moved the used index ahead by ${ahead}, while it held 1 chains (2.7.8)`);
});

test('a device that changes its configuration during each read of it is given up', async () => {
  await open('split');
  let generation = 0;
  const transport = new Proxy<DriverTransport>(bench.driver.transport, {
    get: (target, name) => {
      if (name === 'configGeneration') return generation++ & 0xff;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const driver = new CryptoDriver(transport, bench.ram, bench.allocator);
  expect(() => driver.readConfig()).toThrow('changed its configuration during each of 1000 reads of it (2.5.1)');
});

test('over MMIO, too, a device that was removed does not hold a reset of its queue up', async () => {
  await open('packed', { transport: 'mmio' });
  bench.registers.remove();
  expect(() => bench.driver.resetQueue(1)).toThrow('The device does not finish the reset of queue 1');
});
