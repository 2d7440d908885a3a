// Faults of the lab over vhost-user: what the device does wrong reaches the driver in another process.
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import { BrokenQueueError } from '../../src/driver/index.ts';
import { DriverChecker, type FaultName } from '../../src/lab/index.ts';
import * as protocol from '../../src/transport/vhost-user/protocol.ts';
import { PATIENCE } from '../support/patience.ts';
import { createVhostBench, type VhostBench } from './support/bench.ts';
import { startedRing } from './support/started_ring.ts';

let end: () => unknown = () => {};
afterEach(async () => {
  await end();
  end = () => {};
});

let bench: VhostBench;
let checker: DriverChecker;

async function open(fault: FaultName, ring: 'split' | 'packed', nth = 2): Promise<void> {
  checker = new DriverChecker({ fault, nth });
  bench = await createVhostBench({ ring, backend: 'inline', createDevice: checker.createDevice }, { byEvents: true });
  end = () => bench.dispose();
}
const hash = () => bench.driver.hash({ algorithm: 'sha-256', data: Uint8Array.of(1, 2, 3) });

describe.each(['split', 'packed'] as const)('%s ring', (ring) => {
  test('status-err', async () => {
    await open('status-err', ring);
    expect((await hash()).status).toBe('ok');
    expect(checker.struck).toBe(false);
    expect((await hash()).status).toBe('err');
    expect(checker.struck).toBe(true);
    expect((await hash()).status).toBe('ok');
    expect(checker.finish()).toEqual([]);
  });

  test('used-length-long', async () => {
    await open('used-length-long', ring);
    expect((await hash()).status).toBe('ok');
    await expect(hash()).rejects.toThrow(BrokenQueueError);
    bench.driver.start();
    expect((await hash()).status).toBe('ok');
  });

  test('completion-late, and control-late', async () => {
    await open('completion-late', ring);
    const order: string[] = [];
    const all = ['first', 'late'].map((name) => hash().then(({ status }) => order.push(`${name} ${status}`)));
    expect(bench.device.requests(0)).toBe(0);
    await all[0];
    expect(bench.device.requests(0)).toBe(1);
    await all[1];
    expect(order).toEqual(['first ok', 'late ok']);
    expect(checker.finish()).toEqual([]);
    await bench.dispose();
    await open('control-late', ring);
    expect((await hash()).status).toBe('ok');
  });

  test('interrupt-lost: a driver that looks by itself finds the request', async () => {
    await open('interrupt-lost', ring, 1);
    const lost = hash();
    await vi.waitUntil(() => bench.device.requests(0) === 1, PATIENCE);
    bench.driver.poll();
    expect((await lost).status).toBe('ok');
  });

  test('completion-never', async () => {
    await open('completion-never', ring, 1);
    const never = hash().catch((error: unknown) => error);
    await vi.waitUntil(() => checker.struck, PATIENCE);
    bench.driver.start();
    expect(await never).toBeInstanceOf(Error);
    expect((await hash()).status).toBe('ok');
  });
});

test('control-late does not touch sessions that come as messages: the daemon waits for its answer', () => {
  const checker = new DriverChecker({ fault: 'control-late' });
  const { served } = startedRing(0n, { createDevice: checker.createDevice });
  end = () => served.end();
  const payload = Buffer.alloc(protocol.SYM_SESSION_BYTES);
  payload.writeUInt32LE(crypto.CIPHER_AES_CBC, 8);
  payload.writeUInt32LE(16, 12);
  payload[32] = crypto.SYM_OP_CIPHER;
  payload[33] = crypto.DIRECTION_ENCRYPT;
  expect(served.send(protocol.CREATE_CRYPTO_SESSION, payload)?.getBigInt64(0, true)).toBeGreaterThanOrEqual(0n);
  expect(checker.finish()).toEqual([]);
});
