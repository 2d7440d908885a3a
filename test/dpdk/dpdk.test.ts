// DPDK 25.11's own crypto driver against the daemon, without QEMU and without a guest. Its vhost-vDPA calls go over the socket by the
// library beside this file.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveVhostUser, type VhostUserEvent, type VhostUserServer } from '../../src/vhost-user/index.ts';
import { unpackedPackages } from '../support/debian.ts';
import { runWatched } from '../support/watched_process.ts';

/** The suite whose DPDK has the driver. */
const SUITE = 'sid';
/** What dpdk-dev depends on for other programs than those that run here. */
const NOT_NEEDED =
  /^(perl|python|debconf|systemd|adduser|passwd|udev|login|mount|util-linux|dpkg|tar|coreutils|bash|dash|cdebconf)/;
/** The driver does not compare digests: it lets what was changed pass. */
const FAIL_BY_THE_DRIVER = [
  'auth_decryption_AES128CBC_HMAC_SHA1_fail_data_corrupt',
  'auth_decryption_AES128CBC_HMAC_SHA1_fail_tag_corrupt',
];
const SOURCE = fileURLToPath(new URL('vdpa_over_vhost_user.c', import.meta.url));

let folder: string;
let packages: string;
let library: string;
let server: VhostUserServer;
const events: VhostUserEvent[] = [];

beforeAll(async () => {
  packages = await unpackedPackages({ suite: SUITE, packages: ['dpdk-dev'], without: NOT_NEEDED });
  folder = await mkdtemp(join(tmpdir(), 'dpdk-'));
  library = join(folder, 'vdpa_over_vhost_user.so');
  await promisify(execFile)('cc', [
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-fPIC',
    '-shared',
    '-o',
    library,
    SOURCE,
    '-ldl',
  ]);
  server = await serveVhostUser({ socket: join(folder, 's'), backend: 'auto', onEvent: (event) => events.push(event) });
}, 600_000);
afterAll(async () => {
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs one of DPDK's programs with the libraries of its own suite. */
function dpdk(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const libraries = join(packages, 'usr/lib/x86_64-linux-gnu');
  const driver = (name: string) => ['-d', join(libraries, 'dpdk/pmds-26.0', `librte_${name}.so`)];
  return runWatched(
    join(libraries, 'ld-linux-x86-64.so.2'),
    [
      ...['--library-path', [libraries, join(libraries, 'blas'), join(libraries, 'lapack')].join(':')],
      ...['--preload', library, join(packages, 'usr/bin', program)],
      ...['--no-huge', '-m', '256', '--no-pci', '--no-telemetry', '--file-prefix', `test${process.pid}`],
      ...[...driver('mempool_ring'), ...driver('crypto_virtio')],
      ...['--vdev', `crypto_virtio_user0,path=${join(folder, 's')},queues=1`],
      ...args,
    ],
    { env, progress: () => server.device.statistics().queues.reduce((sum, { requests }) => sum + requests, 0) },
  );
}

const count = (output: string, name: string) =>
  Number(
    new RegExp(`Tests ${name} *: +(\\d+)`, 'g').exec(output.slice(output.lastIndexOf('Sub Testsuites Total')))?.[1],
  );

test('cryptodev_virtio_user_autotest', async () => {
  const { output } = await dpdk('dpdk-test', ['-l', '0'], { DPDK_TEST: 'cryptodev_virtio_user_autotest' });
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
});

test('20,000 operations in bursts of 32, after another client', async () => {
  const before = server.device.statistics().queues[0]?.requests ?? 0;
  const cipher = [
    '--cipher-algo',
    'aes-cbc',
    '--cipher-op',
    'encrypt',
    '--cipher-key-sz',
    '16',
    '--cipher-iv-sz',
    '16',
  ];
  const load = ['--buffer-sz', '1024', '--burst-sz', '32', '--total-ops', '20000', '--pool-sz', '4096'];
  const { status, output } = await dpdk('dpdk-test-crypto-perf', [
    ...['-l', '0,1', '--', '--devtype', 'crypto_virtio_user', '--ptest', 'throughput', '--optype', 'cipher-only'],
    ...[...cipher, ...load, '--silent', '--csv-friendly'],
  ]);
  expect(status, output.slice(-1000)).toBe(0);
  expect((server.device.statistics().queues[0]?.requests ?? 0) - before).toBeGreaterThanOrEqual(20_000);
  expect(server.device.statistics().queues[0]?.errors).toMatchObject({ err: 0, badmsg: 0, invsess: 0 });
});
