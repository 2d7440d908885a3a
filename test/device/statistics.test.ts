import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import { F_RING_RESET } from '../../spec/virtio.ts';
import type { CountedService, Counts } from '../../src/device/statistics.ts';
import { createBench } from '../../src/testing/bench.ts';
import { FakeClock } from '../support/fake_clock.ts';
import { noise } from '../support/memory.ts';
import { AT, closeSession, IV, KEY, openSession, prepare, request, session } from '../support/requests.ts';
import { type AnyRig, feature, INDIRECT, RIGS, Rig, VERSION_1 } from '../support/rig.ts';

const NO_ERRORS = { err: 0, badmsg: 0, notsupp: 0, invsess: 0, nospc: 0, 'key-rejected': 0 };
const NOTHING: Counts = { requests: 0, bytes: 0, errors: NO_ERRORS, milliseconds: 0 };
const SERVICES: CountedService[] = ['cipher', 'hash', 'mac', 'aead', 'akcipher', 'ipsec', 'unknown'];

/** A clock that goes on by a millisecond whenever somebody looks at it. */
class TickingClock extends FakeClock {
  override now(): number {
    this.advance(1);
    return super.now();
  }
}

test('a new device has done nothing', () => {
  const { device } = new Rig({ dataQueues: 2, start: false });
  const queue = { ...NOTHING, rounds: 0, held: 0 };
  expect(device.statistics()).toEqual({
    queues: [
      { kind: 'data', ...queue },
      { kind: 'data', ...queue },
      { kind: 'control', ...queue },
    ],
    services: Object.fromEntries(SERVICES.map((name) => [name, NOTHING])),
    elsewhere: { host: 0, hostBytes: 0, workers: 0, perWorker: [] },
    costs: [],
  });
});

describe.each(RIGS)('with a %s ring', (_ring, makeRig) => {
  const up = (options = {}) => makeRig({ clock: new FakeClock(), ...options });

  test('requests and their bytes are counted by queue and by service', () => {
    const rig = up({ dataQueues: 2 });
    const id = session(rig);
    for (const bytes of [16, 64, 4096]) request(rig, { id, source: noise(bytes) });
    const { queues, services } = rig.device.statistics();
    // 5.9.7.6: the IV and the source are the content.
    const expected = { ...NOTHING, requests: 3, bytes: 16 + 64 + 4096 + 3 * IV.length };
    expect(queues[0]).toEqual({ kind: 'data', ...expected, rounds: 3, held: 0 });
    expect(queues[1]).toMatchObject({ kind: 'data', requests: 0, rounds: 0 });
    expect(services.cipher).toEqual(expected);
    for (const name of SERVICES.slice(1)) expect(services[name]).toEqual(NOTHING);
  });

  test('errors are counted by status, and are requests too', () => {
    const rig = up();
    const id = session(rig);
    request(rig, { id });
    request(rig, { id: 99n });
    request(rig, { id: 99n });
    request(rig, { id, direction: 'decrypt' });
    request(rig, { id, fields: { [crypto.DATA_SYM_OP_TYPE]: 77 } });
    const errors = { ...NO_ERRORS, invsess: 2, err: 1, notsupp: 1 };
    const { queues, services } = rig.device.statistics();
    expect(queues[0]).toMatchObject({ requests: 5, errors });
    expect(services.cipher).toMatchObject({ requests: 5, errors });
  });

  test('a request whose opcode names no service is counted apart', () => {
    const rig = up();
    const id = session(rig);
    for (const opcode of [0x0600, 0xff00, 0xffffffff]) request(rig, { id, fields: { [crypto.DATA_OPCODE]: opcode } });
    const { services } = rig.device.statistics();
    expect(services.unknown).toEqual({ ...NOTHING, requests: 3, errors: { ...NO_ERRORS, notsupp: 3 } });
    expect(services.cipher).toEqual(NOTHING);
  });

  test('control requests belong to their queue, with the keys as their bytes', () => {
    const rig = up();
    const id = session(rig, { key: noise(32) });
    closeSession(rig, id);
    closeSession(rig, id);
    openSession(rig, { fields: { [crypto.CTRL_CIPHER_KEY_LEN]: 15 } });
    const { queues, services } = rig.device.statistics();
    expect(queues.at(-1)).toEqual({
      kind: 'control',
      requests: 4,
      bytes: 32,
      errors: { ...NO_ERRORS, err: 2 },
      milliseconds: 0,
      rounds: 4,
      held: 0,
    });
    for (const name of SERVICES) expect(services[name]).toEqual(NOTHING);
  });

  test('many requests of one notification are one round', () => {
    const rig = up();
    rig.data.describeChain(prepare(rig, { id: session(rig) }));
    for (let i = 0; i < 10; i++) rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.device.statistics().queues[0]).toMatchObject({ requests: 10, rounds: 1 });
  });

  test('what had to wait is counted', () => {
    const clock = new FakeClock();
    const rig = up({ clock, limits: { requestsPerSecond: 10, burstRequests: 1 } });
    rig.data.describeChain(prepare(rig, { id: session(rig) }));
    for (let i = 0; i < 3; i++) rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.device.statistics().queues[0]).toMatchObject({ requests: 1, rounds: 1, held: 1 });
    clock.advance(1000);
    expect(rig.device.statistics().queues[0]).toMatchObject({ requests: 3, rounds: 3, held: 2 });
  });

  test('time is counted by queue, and shared out to the services', () => {
    const rig = up({ clock: new TickingClock() });
    const id = session(rig);
    for (let i = 0; i < 3; i++) request(rig, { id });
    const { queues, services } = rig.device.statistics();
    expect(queues.map(({ milliseconds }) => milliseconds)).toEqual([3, 1]);
    expect(services.cipher.milliseconds).toBe(3);
    expect(services.unknown.milliseconds).toBe(0);
  });

  test('the time of a notification for several services is shared out by their bytes', () => {
    const rig = up({ clock: new TickingClock() });
    const id = session(rig);
    rig.data.describeIndirect(prepare(rig, { id, source: noise(4096) }), AT.table, 0);
    rig.write(AT.free, noise(72));
    rig.view(AT.free, 72).setUint32(crypto.DATA_OPCODE, 0x0600, true);
    const unknown = [
      { address: AT.free, bytes: 72 },
      { address: AT.free + 100, bytes: 1, write: true },
    ];
    rig.data.describeIndirect(unknown, AT.table2, 1);
    rig.data.offer(0);
    rig.data.offer(1);
    rig.device.notify(0);
    const { cipher, unknown: rest } = rig.device.statistics().services;
    expect(cipher.milliseconds).toBeGreaterThan(0.9);
    expect(rest.milliseconds).toBeGreaterThan(0);
    expect(cipher.milliseconds + rest.milliseconds).toBeCloseTo(1, 9);
  });

  test('counts outlast a reset of the device and of a queue', () => {
    const rig = up({ features: VERSION_1 | INDIRECT | feature(F_RING_RESET) });
    const twice = () => {
      const id = session(rig);
      request(rig, { id });
      request(rig, { id: 99n });
    };
    twice();
    rig.bringUp();
    twice();
    rig.device.resetQueue(0);
    rig.enable(0, rig.data);
    twice();
    expect(rig.device.statistics().queues[0]).toMatchObject({ requests: 6, errors: { invsess: 3 } });
    expect(rig.device.requests(0)).toBe(2);
  });

  test('a chain that breaks the device is no request', () => {
    const rig = up();
    rig.data.describeChain([{ address: 2n ** 40n, bytes: 1 }]);
    rig.data.offer(0);
    rig.device.notify(0);
    expect(rig.needsReset).toBe(true);
    expect(rig.device.statistics().queues[0]).toMatchObject({ requests: 0, rounds: 1 });
  });
});

test('what is answered is a copy, and plain data', () => {
  const rig: AnyRig = new Rig();
  const before = rig.device.statistics();
  request(rig, { id: session(rig) });
  expect(before.services.cipher.requests).toBe(0);
  const after = rig.device.statistics();
  expect(JSON.parse(JSON.stringify(after))).toEqual(after);
});

test('counting goes on when the memory has grown', () => {
  const rig = new Rig();
  const id = session(rig);
  request(rig, { id });
  rig.memory.grow(1);
  request(rig, { id });
  expect(rig.device.statistics().services.cipher.requests).toBe(2);
});

test('the time is real where no clock is given', async () => {
  const bench = await createBench({ memoryBytes: 1024 * 1024 });
  const cipher = { algorithm: 'aes-cbc', direction: 'encrypt', key: KEY, iv: IV, data: noise(65536) } as const;
  await bench.driver.cipher(cipher);
  const { queues, services } = bench.device.statistics();
  expect(services.cipher.milliseconds).toBeGreaterThan(0);
  expect(services.cipher.milliseconds).toBeLessThanOrEqual(queues[0]?.milliseconds ?? 0);
  await bench.dispose();
});
