// DPDK 25.11's own crypto driver against the daemon, without QEMU and without a guest. Its vhost-vDPA calls go over the socket by the
// library beside this file.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DriverChecker } from '../../src/lab/index.ts';
import { serveVhostUser, type VhostUserEvent, type VhostUserServer } from '../../src/vhost-user/index.ts';
import { cipherLoad, Dpdk } from './dpdk.ts';

/** The driver does not compare digests: it lets what was changed pass. */
const FAIL_BY_THE_DRIVER = [
  'auth_decryption_AES128CBC_HMAC_SHA1_fail_data_corrupt',
  'auth_decryption_AES128CBC_HMAC_SHA1_fail_tag_corrupt',
];

/** What the driver breaks: it puts every request into an indirect table, and has not negotiated INDIRECT_DESC. */
const BROKEN = ['2.7.5.3.1-1, queue 0', '2.7.5.3.1-1, queue 1'];

let folder: string;
let dpdk: Dpdk;
let server: VhostUserServer;
const checker = new DriverChecker();
const events: VhostUserEvent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpdk-'));
  dpdk = await Dpdk.prepare(folder);
  server = await serveVhostUser({
    ...{ socket: join(folder, 's'), backend: 'auto', createDevice: checker.createDevice },
    onEvent: (event) => events.push(event),
  });
}, 600_000);
afterAll(async () => {
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs one of DPDK's programs with the daemon's device. */
function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const device = `crypto_virtio_user0,path=${join(folder, 's')},queues=1`;
  const progress = () => server.device.statistics().queues.reduce((sum, { requests }) => sum + requests, 0);
  return dpdk.run(program, { device, driver: 'crypto_virtio', progress }, args, env);
}

const broken = () => checker.violations.map(({ rule, queue }) => `${rule}, queue ${queue}`);

const count = (output: string, name: string) =>
  Number(
    new RegExp(`Tests ${name} *: +(\\d+)`, 'g').exec(output.slice(output.lastIndexOf('Sub Testsuites Total')))?.[1],
  );

test('cryptodev_virtio_user_autotest', async () => {
  const { output } = await run('dpdk-test', ['-l', '0'], { DPDK_TEST: 'cryptodev_virtio_user_autotest' });
  const failed = [...output.matchAll(/TestCase \[ *\d+\] : (\S+) failed/g)].map(([, name]) => name);
  expect(failed).toEqual(FAIL_BY_THE_DRIVER);
  expect({ executed: count(output, 'Executed'), passed: count(output, 'Passed') }).toEqual({
    executed: 25,
    passed: 23,
  });
  const [data, control] = server.device.statistics().queues;
  expect(data?.requests).toBeGreaterThan(20);
  expect(control?.requests).toBeGreaterThan(20);
  expect(events.map(({ kind }) => kind)).toEqual(['listening', 'connected', 'disconnected']);
  expect(server.device.sessionCount).toBe(0);
  expect(broken()).toEqual(BROKEN);
  checker.clear();
});

test('20,000 operations in bursts of 32, after another client', async () => {
  const before = server.device.statistics().queues[0]?.requests ?? 0;
  const { status, output } = await run('dpdk-test-crypto-perf', cipherLoad('crypto_virtio_user', 1024, 32, 20_000));
  expect(status, output.slice(-1000)).toBe(0);
  expect((server.device.statistics().queues[0]?.requests ?? 0) - before).toBeGreaterThanOrEqual(20_000);
  expect(server.device.statistics().queues[0]?.errors).toMatchObject({ err: 0, badmsg: 0, invsess: 0 });
  expect(broken()).toEqual(BROKEN);
  // Each chain was looked at before the device took it, although the driver writes its ring meanwhile.
  expect(checker.violations[0]?.times).toBe((server.device.statistics().queues[0]?.requests ?? 0) - before);
});
