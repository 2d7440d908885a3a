// A guest memory that threads share: workers read requests where these stand, without copies, and never write there.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CIPHER_AES_CBC, CRYPTO_OK, DATA_LEGACY_BYTES } from '../../spec/crypto.ts';
import { createCryptoDevice } from '../../src/device/device.ts';
import { createBench } from '../../src/testing/bench.ts';
import { cipherRequest } from '../support/cipher_requests.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { Flight, numbers, PLACES, turn } from '../support/flight.ts';
import { noise } from '../support/memory.ts';
import { PATIENCE } from '../support/patience.ts';
import { AT, IV, KEY, reference, session, UNWRITTEN } from '../support/requests.ts';
import { type AnyRig, RAM_BYTES, RIGS, Rig, type RigOptions } from '../support/rig.ts';
import { faulty, SharedMemories } from '../support/worker_faults.ts';

vi.mock('../../src/backend/workers/worker_source.ts', async (importOriginal) => {
  const { WORKER_SOURCE } = await importOriginal<typeof import('../../src/backend/workers/worker_source.ts')>();
  return {
    get WORKER_SOURCE() {
      return faulty(WORKER_SOURCE);
    },
  };
});

const shared = new SharedMemories();
beforeEach(() => shared.watch());
afterEach(() => shared.restore());

describe.each(RIGS)('with a %s ring', (_, makeRig) => {
  const rigs: AnyRig[] = [];
  afterEach(() => {
    for (const rig of rigs.splice(0)) rig.device.dispose();
  });

  async function up(options: RigOptions = {}) {
    const rig = makeRig({ backend: 'workers', workers: 2, queueSize: 1024, sharedMemory: true, ...options });
    rigs.push(rig);
    await rig.device.backendReady;
    return { rig, flight: new Flight(rig), id: session(rig) };
  }

  /** A request that reads at one place and writes at another, or at the same. */
  function offer(rig: AnyRig, id: bigint, source: number, destination: number, bytes: number): void {
    rig.write(AT.header, cipherRequest(id, CIPHER_AES_CBC, 'encrypt', { iv: 16, source: bytes, destination: bytes }));
    rig.write(AT.iv, IV);
    rig.write(AT.status, Uint8Array.of(UNWRITTEN));
    rig.data.describeChain([
      { address: AT.header, bytes: DATA_LEGACY_BYTES },
      { address: AT.iv, bytes: 16 },
      { address: source, bytes },
      { address: destination, bytes, write: true },
      { address: AT.status, bytes: 1, write: true },
    ]);
    rig.data.offer(0);
  }

  const done = (rig: AnyRig) =>
    vi.waitFor(() => expect(rig.read(AT.status, 1)).toEqual(Uint8Array.of(CRYPTO_OK)), PATIENCE);

  test('content is copied nowhere', async () => {
    const { rig, id } = await up();
    const source = noise(4096, 31);
    rig.write(AT.source, source);
    offer(rig, id, AT.source, AT.destination, source.length);
    rig.device.notify(0);
    await done(rig);
    const result = rig.read(AT.destination, source.length);
    expect(result).toEqual(reference('encrypt', KEY, IV, source));
    expect(rig.device.statistics().elsewhere.workers).toBe(1);
    expect(shared.holds(source.subarray(0, 64))).toBe(false);
  });

  test.each([
    ['the same', 0],
    ['half of the same', 2048],
  ])(
    'content in %s bytes as the result is still there if a worker is lost: the result comes last',
    async (_bytes, apart) => {
      const { rig, id } = await up();
      for (const lose of [false, true]) {
        const source = noise(4096, 32);
        rig.write(AT.source, source);
        if (lose) shared.die(1);
        offer(rig, id, AT.source, AT.source + apart, source.length);
        rig.device.notify(0);
        await done(rig);
        expect(rig.read(AT.source + apart, source.length)).toEqual(reference('encrypt', KEY, IV, source));
        expect(shared.holds(source.subarray(0, 64))).toBe(false);
      }
    },
  );

  test('a worker that dies while it serves a request in place costs nothing', async () => {
    const { rig, flight, id } = await up();
    const before = rig.data.usedIdx;
    shared.die(2);
    for (const place of numbers(PLACES)) flight.offer(place, id);
    rig.device.notify(0);
    await flight.used(before, PLACES);
    for (const place of numbers(PLACES)) flight.expectDone(place);
  });

  test('2.4 after a reset the guest has its buffers for itself, however often', async () => {
    const { rig, flight } = await up();
    for (const round of numbers(20)) {
      const id = session(rig);
      for (const place of numbers(PLACES)) flight.offer(place, id);
      rig.device.notify(0);
      if (round % 2 === 0) await turn(1);
      rig.device.writeStatus(0);
      const snapshot = rig.snapshot();
      await turn(3);
      expect(snapshot.changesOutside([rig.claimed])).toEqual([]);
      rig.bringUp();
    }
  });

  test('a host that puts other contents into the RAM while requests are under way finds them there after restore()', async () => {
    const { rig, flight, id } = await up();
    const state = rig.device.save({ includeKeys: true });
    const image = rig.read(0, RAM_BYTES);
    for (const round of numbers(10)) {
      for (const place of numbers(PLACES)) flight.offer(place, id);
      rig.device.notify(0);
      if (round % 2 === 0) await turn(1);
      rig.write(0, image);
      rig.device.restore(state);
      await turn(3);
      expect(Buffer.compare(rig.read(0, RAM_BYTES), image)).toBe(0);
    }
  });

  test('a device that is disposed of while workers are at jobs leaves the RAM to its host', async () => {
    for (const round of numbers(10)) {
      const { rig, flight, id } = await up();
      for (const place of numbers(PLACES)) flight.offer(place, id);
      rig.device.notify(0);
      if (round % 2 === 0) await turn(1);
      rig.device.dispose();
      const image = rig.read(0, RAM_BYTES);
      await turn(20);
      expect(Buffer.compare(rig.read(0, RAM_BYTES), image)).toBe(0);
    }
  });

  test('backends that are exchanged have the same part of the memory, one after the other', async () => {
    const { rig, flight, id } = await up();
    const { byteLength } = rig.memory.buffer;
    for (const round of numbers(6)) {
      const ready = rig.device.useBackend({ backend: 'workers', workers: 1 + (round % 2) });
      // One that is replaced before it has started has to leave as well.
      if (round % 3 === 0) void rig.device.useBackend({ backend: 'inline' });
      if (round % 3 === 0) continue;
      await ready;
      const before = rig.data.usedIdx;
      for (const place of numbers(PLACES)) flight.offer(place, id);
      rig.device.notify(0);
      await flight.used(before, PLACES);
      for (const place of numbers(PLACES)) flight.expectDone(place);
    }
    expect(rig.memory.buffer.byteLength).toBe(byteLength);
  });
});

test('settle() does not wait for a worker that hangs over a request in place; it is replaced at its deadline', async () => {
  const events: string[] = [];
  const clock = new FakeClock();
  const rig = new Rig({
    backend: 'workers',
    workers: 1,
    sharedMemory: true,
    clock,
    onBackendEvent: ({ message }) => events.push(message),
  });
  await rig.device.backendReady;
  const flight = new Flight(rig);
  const id = session(rig);
  shared.hang(1);
  flight.offer(0, id);
  rig.device.notify(0);
  // It has to have begun.
  await turn(200);
  rig.device.settle();
  flight.expectDone(0);
  clock.advance(10_000);
  await vi.waitFor(() => expect(events).toEqual(['A worker was lost: it did not finish a request.']), PATIENCE);
  rig.device.dispose();
});

test('a memory that cannot grow so far is left alone: workers have one of their own', async () => {
  const growth = 100;
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64 + growth, shared: true });
  const device = createCryptoDevice({
    guest: { memory, regions: [{ guestAddress: 0, bytes: 1024 * 1024, offset: 65536 }] },
    backend: 'workers',
    workers: 1,
    maxSessions: 4,
    maxRequestBytes: 65536,
    onBackendEvent: ({ message }) => expect.unreachable(message),
  });
  await device.backendReady;
  expect(memory.buffer.byteLength).toBeLessThan((64 + growth) * 65536);
  expect(shared.bytes.buffer).not.toBe(memory.buffer);
  device.dispose();
});

test.each(['inline', 'host', 'auto'] as const)('the backend %s computes the same in such a memory', async (backend) => {
  const bench = await createBench({ backend, sharedMemory: true, algorithms: 'all' });
  const [key, iv] = [noise(16, 1), noise(16, 2)];
  for (const bytes of [64, 4096, 65536]) {
    const data = noise(bytes, bytes);
    const { status, data: result } = await bench.driver.cipher({
      algorithm: 'aes-cbc',
      direction: 'encrypt',
      key,
      iv,
      data,
    });
    expect(status).toBe('ok');
    expect(result).toEqual(reference('encrypt', key, iv, data));
  }
  await bench.dispose();
});
