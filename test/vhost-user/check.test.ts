// The checker over vhost-user: rings and requests are held against the specification, and what the daemon does itself is not the driver's.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import { KNOWN_FEATURES } from '../../src/driver/ring_driver.ts';
import { type CheckerOptions, DriverChecker, type DriverWatcher, RULES, type RuleName } from '../../src/lab/index.ts';
import type { BenchOptions } from '../../src/testing/index.ts';
import { DeviceTracer } from '../../src/trace/index.ts';
import * as protocol from '../../src/transport/vhost-user/protocol.ts';
import { numbers } from '../support/flight.ts';
import { createVhostBench, type VhostBench } from './support/bench.ts';
import type { FakeOptions } from './support/fake_host.ts';
import { REQUEST, startedRing } from './support/started_ring.ts';

const bit = (number: number): bigint => 1n << BigInt(number);
const VERSION_1 = bit(virtio.F_VERSION_1);
const EVENT_IDX = bit(virtio.F_EVENT_IDX);
const INDIRECT = bit(virtio.F_INDIRECT_DESC);
/** The driver's features without both. */
const SIMPLE = KNOWN_FEATURES & ~(EVENT_IDX | INDIRECT);
/** What a client tells of the driver's features; undefined: nothing. */
const FEATURES = [
  ['event indices', VERSION_1 | EVENT_IDX],
  ['neither event indices nor indirect tables', VERSION_1],
  ['features that are not told', 0n],
] as const;
/** Where the ring of raw tests has an indirect table. */
const TABLE = 0xa000;

let end: () => unknown = () => {};
afterEach(async () => {
  await end();
  end = () => {};
});

/** A driver that writes its ring by hand, and a checker that watches it. */
function watched(features: bigint, options: FakeOptions = {}, check: CheckerOptions = {}) {
  const checker = new DriverChecker(check);
  const started = startedRing(features, { ...options, createDevice: checker.createDevice });
  end = () => started.served.end();
  return {
    ...{ ...started, checker },
    /** Makes the request available once more, and signals it. */
    send: () => {
      started.ring.offer(0);
      started.kick();
    },
    /** The rules that were broken. The request of this ring names no session that is open, and is refused each time. */
    broken: () => checker.finish().flatMap(({ rule }) => (rule === 'request:session' ? [] : [rule])),
  };
}

describe('a driver without a mistake breaks nothing:', () => {
  const request = { algorithm: 'aes-cbc', direction: 'encrypt', key: randomBytes(16), iv: randomBytes(16) } as const;

  async function open(
    options: BenchOptions,
    byEvents: boolean,
  ): Promise<{ bench: VhostBench; checker: DriverChecker }> {
    const checker = new DriverChecker();
    const bench = await createVhostBench({ ...options, createDevice: checker.createDevice }, { byEvents });
    end = () => bench.dispose();
    return { bench, checker };
  }

  test.each<[string, BenchOptions & { byEvents?: boolean }]>([
    ['a split ring', { ring: 'split', byEvents: true }],
    ['a packed ring', { ring: 'packed', byEvents: true }],
    ['a split ring that is looked at once it is kicked', { ring: 'split' }],
    ['a packed ring of revision 1', { ring: 'packed', layout: 'revision1' }],
    ['no event indices', { driver: { features: KNOWN_FEATURES & ~EVENT_IDX }, byEvents: true }],
    ['a small split ring', { driver: { features: SIMPLE }, queueSize: 32, byEvents: true }],
    ['a packed ring of 61', { ring: 'packed', driver: { features: SIMPLE }, queueSize: 61, byEvents: true }],
    ['order', { features: { inOrder: true }, driver: { inOrder: true }, byEvents: true }],
    ['workers', { backend: 'workers', workers: 1, byEvents: true }],
    [
      'workers, and three packed rings',
      { ring: 'packed', backend: 'workers', workers: 1, dataQueues: 3, byEvents: true },
    ],
  ])('%s', async (_, { byEvents = false, ...options }) => {
    const { bench, checker } = await open({ backend: 'inline', ...options }, byEvents);
    const { driver, transport } = bench;
    for (const round of numbers(24)) {
      const requests = [
        driver.hash({ algorithm: 'sha-256', data: randomBytes(round) }),
        ...numbers(Math.min(round, 5)).map(() => driver.cipher({ ...request, data: randomBytes(64 * (round + 1)) })),
      ];
      if (round % 7 === 3) transport.sendMemoryTable();
      const results = await Promise.all(requests);
      expect(results.map(({ status }) => status)).toEqual(results.map(() => 'ok'));
      if (round === 12) driver.start();
    }
    expect(checker.finish()).toEqual([]);
    expect(checker.rules).toContain('2.7.5.3.1-1');
    expect(checker.rules).not.toContain('3.1.1-1');
    expect(bench.served.failure()).toBeUndefined();
  });

  // Workers complete requests outside of a notification, one beside the other.
  test.each(['split', 'packed'] as const)('a %s ring whose requests workers complete', async (ring) => {
    const { bench, checker } = await open({ ring, backend: 'workers', workers: 1, queueSize: 8 }, true);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key: Uint8Array = privateKey.export({ type: 'pkcs1', format: 'der' });
    const rsa = {
      algorithm: 'rsa',
      keyType: 'private',
      key,
      padding: 'raw',
      operation: 'decrypt',
      length: 256,
    } as const;
    const answered = async () => {
      const decrypted = [1, 2, 3].map((byte) => bench.driver.akcipher({ ...rsa, data: Buffer.alloc(256, byte) }));
      const all = [...decrypted, bench.driver.cipher({ ...request, data: randomBytes(1024) })];
      expect((await Promise.all(all)).map(({ status }) => status)).toEqual(all.map(() => 'ok'));
      return bench.device.statistics().elsewhere.workers;
    };
    await expect.poll(answered).toBeGreaterThan(6);
    expect(checker.finish()).toEqual([]);
  });

  test('what the daemon finds by itself is no notification of the driver', () => {
    const seen: string[] = [];
    const noting = (checker: DriverWatcher): DriverWatcher =>
      new Proxy(checker, {
        get: (target, name) => {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          return (...given: unknown[]) => {
            seen.push(String(name));
            return Reflect.apply(method, target, given);
          };
        },
      });
    const { ring, stop, enable, send } = watched(VERSION_1 | EVENT_IDX, {}, { watch: noting });
    send();
    send();
    const base = stop();
    ring.offer(0);
    enable(base);
    expect(ring.usedIdx).toBe(3);
    expect(seen.filter((name) => name === 'notified')).toHaveLength(2);
  });

  test.each(FEATURES)('with %s, while the daemon looks for requests of its own accord', (_, features) => {
    const { host, ring, kick, send, broken } = watched(features);
    send();
    let sent = 0;
    host.onLook = () => {
      if (ring.usedIdx !== ring.availIdx || sent === 5) return;
      ring.offer(0);
      sent++;
    };
    ring.offer(0);
    kick();
    host.onLook = () => {};
    expect({ sent, used: ring.usedIdx }).toEqual({ sent: 5, used: 7 });
    expect(broken()).toEqual([]);
  });

  test('over sessions that come as messages, which the daemon sends through a ring of its own', async () => {
    const { served, broken, checker } = watched(0n);
    const payload = Buffer.alloc(protocol.SYM_SESSION_BYTES);
    payload.writeUInt32LE(crypto.CIPHER_AES_CBC, 8);
    payload.writeUInt32LE(16, 12);
    payload[32] = crypto.SYM_OP_CIPHER;
    payload[33] = crypto.DIRECTION_ENCRYPT;
    for (const _ of numbers(40)) {
      expect(served.send(protocol.CREATE_CRYPTO_SESSION, payload)?.getBigInt64(0, true)).toBeGreaterThanOrEqual(0n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(served.device.fault).toBeUndefined();
    expect(broken()).toEqual([]);
    expect(checker.rules).not.toContain('2.7.5.3.1-1');
  });

  test.each(FEATURES)('with %s, over rings that stop and go on', (_, features) => {
    const { ring, stop, enable, send, broken } = watched(features);
    for (const _ of numbers(3)) {
      for (const _ of numbers(50)) send();
      const base = stop();
      // It is there when the ring goes on, and nothing signals it.
      ring.offer(0);
      enable(base);
      expect(ring.usedIdx).toBe(ring.availIdx);
    }
    expect(broken()).toEqual([]);
  });
});

describe('a mistake in the ring is seen:', () => {
  type Watched = ReturnType<typeof watched>;
  /** What a driver does wrong; the features that it tells, and whether its client has to tell them. */
  const MISTAKES: readonly [RuleName, string, bigint, (of: Watched) => void][] = [
    [
      '2.7.6-1',
      'a head is out of range',
      VERSION_1,
      ({ ring, kick }) => {
        ring.offer(64);
        kick();
      },
    ],
    [
      '2.7.6.1-1',
      'the available index jumps',
      VERSION_1,
      ({ ring, kick }) => {
        ring.setAvailIdx(ring.availIdx + 65);
        kick();
      },
    ],
    [
      '2.7.4.2-1',
      'a writable descriptor is before a readable one',
      VERSION_1,
      ({ ring, send }) => {
        ring.describeChain(REQUEST.toReversed());
        send();
      },
    ],
    [
      '2.7.7.1-1',
      'flags with event indices',
      VERSION_1 | EVENT_IDX,
      ({ ring, send }) => {
        ring.setAvailFlags(1);
        send();
      },
    ],
    [
      '2.7.8-1',
      'the used index is written',
      VERSION_1,
      ({ ring, send, view }) => {
        send();
        view(ring.used + virtio.USED_IDX, 2).setUint16(0, 9, true);
        send();
      },
    ],
    ['2.7.10.1-2', 'no notification', VERSION_1, ({ ring }) => ring.offer(0)],
    [
      '2.7.5.3.1-1',
      'an indirect table',
      VERSION_1,
      ({ ring, send }) => {
        ring.describeIndirect(REQUEST, TABLE);
        send();
        // The daemon takes it all the same.
        expect(ring.usedIdx).toBe(1);
      },
    ],
    [
      '3.3.1-1',
      'a descriptor is changed while the device holds it',
      VERSION_1,
      ({ served, ring, kick, send }) => {
        const tracer = new DeviceTracer(served.device);
        tracer.hold();
        send();
        ring.describe(0, { address: 0x9000, bytes: 71, flags: virtio.DESC_F_NEXT, next: 1 });
        kick();
        tracer.detach();
      },
    ],
    [
      '3.3.1-1',
      'a chain is offered twice',
      VERSION_1,
      ({ served, ring, send }) => {
        const tracer = new DeviceTracer(served.device);
        tracer.hold();
        send();
        send();
        tracer.detach();
        expect(ring.usedIdx).toBe(2);
      },
    ],
    [
      '2.7.1-1',
      'a ring that is not aligned',
      VERSION_1,
      ({ ring, stop, enable }) => {
        const base = stop();
        Object.assign(ring, { desc: ring.desc + 8 });
        expect(() => enable(base)).toThrow('SET_VRING_KICK: ring 0');
      },
    ],
  ];

  test.each(MISTAKES)('%s %s', (rule, _, features, mistake) => {
    const of = watched(features);
    mistake(of);
    expect(of.broken()).toContain(rule);
    expect(of.checker.violations.find((found) => found.rule === rule)).toMatchObject({
      section: RULES[rule].section,
      queue: 0,
    });
  });

  test('in a chain that is made available while the device is at work', () => {
    let atWork = () => {};
    const { ring, kick, broken } = watched(VERSION_1, { onWrite: () => atWork() });
    let late = 0;
    atWork = () => {
      if (late > 2) return;
      late++;
      ring.describeChain(REQUEST, 2 * late);
      ring.offer(2 * late);
    };
    ring.offer(0);
    kick();
    expect(ring.usedIdx).toBe(ring.availIdx);
    expect(late).toBe(3);
    expect(broken()).toEqual([]);
    atWork = () => {
      atWork = () => {};
      ring.offer(64);
    };
    ring.offer(0);
    kick();
    expect(broken()).toEqual(['2.7.6-1', 'fault']);
  });

  test('whatever the features are, if they are not told: those of chains, and not those that depend on features', () => {
    const { ring, send, kick, checker, broken } = watched(0n);
    ring.setAvailFlags(1);
    ring.describeIndirect(REQUEST, TABLE);
    send();
    ring.offer(0);
    expect(broken()).toEqual([]);
    kick();
    ring.describeChain(REQUEST.toReversed());
    send();
    expect(broken()).toEqual(['2.7.4.2-1', 'fault']);
    expect(checker.rules).not.toContain('2.7.5.3.1-1');
  });

  test.each<[RuleName, string, (bench: VhostBench) => void]>([
    [
      '2.8.14-1',
      'reserved flags of the event suppression',
      ({ driver, ram }) => {
        const at = (driver.queues[0]?.avail ?? 0) + virtio.EVENT_SUPPRESS_FLAGS;
        ram().set([3], at);
        driver.submit({ queue: 0, readable: [new Uint8Array(72)], writable: [1] }).catch(() => {});
      },
    ],
    [
      '2.8.19-1',
      'an indirect table, which the daemon takes all the same',
      ({ driver, device }) => {
        const request = { queue: 0, readable: [new Uint8Array(72)], writable: [1], indirect: true } as const;
        driver.submit(request).catch(() => {});
        expect(device.fault).toBeUndefined();
        expect(device.requests(0)).toBe(1);
      },
    ],
  ])('%s in a packed ring: %s', async (rule, _, mistake) => {
    const checker = new DriverChecker();
    const driver = { features: SIMPLE };
    const bench = await createVhostBench({
      ring: 'packed',
      backend: 'inline',
      driver,
      createDevice: checker.createDevice,
    });
    end = () => bench.dispose();
    mistake(bench);
    expect(checker.violations.find((found) => found.rule === rule)).toMatchObject({ queue: 0 });
  });

  test('2.2.1: a feature without the one that it needs', () => {
    const checker = new DriverChecker();
    const stateless = VERSION_1 | bit(crypto.F_CIPHER_STATELESS_MODE);
    expect(() => startedRing(stateless, { createDevice: checker.createDevice })).toThrow('SET_FEATURES');
    expect(checker.violations.map(({ rule }) => rule)).toEqual(['2.2.1-2']);
  });
});
