import { describe, expect, test } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import type { LimitOptions } from '../../src/device/limits.ts';
import { resolveOptions } from '../../src/device/options.ts';
import { createBench } from '../../src/testing/bench.ts';
import { noise } from '../support/memory.ts';
import { IV, openSession, session } from '../support/requests.ts';
import { Rig } from '../support/rig.ts';

const MIB = 1024 * 1024;

describe('a limit', () => {
  test.each([
    ['requestsPerSecond', 1, 1e9],
    ['bytesPerSecond', 1, 1e15],
    ['bytesPerNotification', 1, 1024 * MIB],
    ['sessions', 1, 65536],
    ['keyBytes', 1, 65536],
    ['requestBytes', 1024, 64 * MIB],
  ] as const)('%s is a whole number from %i to %i', (name, low, high) => {
    for (const value of [low, high]) expect(() => resolveOptions({ limits: { [name]: value } })).not.toThrow();
    for (const value of [low - 1, high + 1, -1, low + 0.5, Number.NaN, Number.POSITIVE_INFINITY, '16', null]) {
      const text = `limits.${name} is ${value}: give a whole number from ${low} to ${high}.`;
      expect(() => resolveOptions({ limits: { [name]: value } })).toThrow(new RangeError(text));
    }
  });

  test('that does not exist is refused, with those that do', () => {
    const limits = { requestPerSecond: 5 } as LimitOptions;
    expect(() => resolveOptions({ limits })).toThrow(TypeError);
    expect(() => resolveOptions({ limits })).toThrow(
      /^limits\.requestPerSecond is unknown: give requestsPerSecond, burstRequests, .*queueMemoryBytes\.$/,
    );
  });

  test.each([
    ['burstRequests', 'requestsPerSecond'],
    ['burstBytes', 'bytesPerSecond'],
  ] as const)('%s means nothing without %s', (burst, average) => {
    expect(() => resolveOptions({ limits: { [burst]: 5 } })).toThrow(
      new RangeError(`limits.${burst} is 5 without limits.${average}: give both.`),
    );
    expect(() => resolveOptions({ limits: { [burst]: 0, [average]: 5 } })).toThrow(`limits.${burst} is 0`);
  });

  test('of a rate lets a tenth of a second come at once, where no burst is given, and one at least', () => {
    expect(resolveOptions({ limits: { requestsPerSecond: 250, bytesPerSecond: 9 } }).limits).toMatchObject({
      requests: { perSecond: 250, burst: 25 },
      bytes: { perSecond: 9, burst: 1 },
    });
  });

  test.each([
    ['sessions', 'maxSessions'],
    ['requestBytes', 'maxRequestBytes'],
  ] as const)('%s is %s by another name', (limit, option) => {
    expect(resolveOptions({ limits: { [limit]: 2048 } })[option]).toBe(2048);
    expect(resolveOptions({ limits: { [limit]: 2048 }, [option]: 2048 })[option]).toBe(2048);
    expect(() => resolveOptions({ limits: { [limit]: 2048 }, [option]: 4096 })).toThrow(
      new RangeError(`limits.${limit} is 2048 and ${option} is 4096: give one of them.`),
    );
  });

  test('of sessions holds', () => {
    const rig = new Rig({ maxSessions: 2 });
    session(rig);
    session(rig);
    expect(openSession(rig).status).not.toBe(CRYPTO_OK);
  });
});

describe('limits.queueMemoryBytes', () => {
  // 2.7: 16 bytes a descriptor, 6 + 2 a available entry, 6 + 8 a used one; the control queue has 64.
  const ring = (size: number) => 16 * size + (6 + 2 * size) + (6 + 8 * size);
  const all = (queues: number, size: number) => queues * ring(size) + ring(64);

  test('makes the queues as long as it allows', () => {
    for (const [queues, size] of [
      [1, 1024],
      [1, 16],
      [4, 256],
      [64, 1],
    ] as const) {
      const queueMemoryBytes = all(queues, size);
      expect(resolveOptions({ dataQueues: queues, limits: { queueMemoryBytes } }).queueSize).toBe(size);
    }
    expect(resolveOptions({ limits: { queueMemoryBytes: all(1, 1024) - 1 } }).queueSize).toBe(512);
    expect(resolveOptions({ limits: { queueMemoryBytes: 1e9 } }).queueSize).toBe(1024);
  });

  test('does not change a queueSize that was given', () => {
    expect(() => resolveOptions({ queueSize: 64, limits: { queueMemoryBytes: all(1, 32) } })).toThrow(
      new RangeError(
        `limits.queueMemoryBytes is ${all(1, 32)}, and the queues take ${all(1, 64)}: lower queueSize to 32, or raise it to that.`,
      ),
    );
  });

  test('leaves room for the shortest queues', () => {
    expect(() => resolveOptions({ dataQueues: 2, limits: { queueMemoryBytes: all(2, 1) - 1 } })).toThrow(
      new RangeError(
        `limits.queueMemoryBytes is ${all(2, 1) - 1}, and the queues take ${all(2, 1)}: lower dataQueues, or raise it to that.`,
      ),
    );
  });
});

describe('limits.keyBytes', () => {
  test('5.9.5 is the max_cipher_key_len that the driver finds, and longer keys are refused', async () => {
    const bench = await createBench({ limits: { keyBytes: 16 }, memoryBytes: MIB });
    expect(bench.driver.readConfig().maxCipherKeyBytes).toBe(16);
    const cipher = { algorithm: 'aes-cbc', direction: 'encrypt', iv: IV, data: noise(32) } as const;
    expect((await bench.driver.cipher({ ...cipher, key: noise(16) })).status).toBe('ok');
    expect((await bench.driver.cipher({ ...cipher, key: noise(24) })).status).toBe('err');
    await bench.dispose();
  });
});
