// Throughput of DPDK's crypto drivers at 1 KiB in bursts of 32: the daemon's device, and DPDK's own driver over OpenSSL, in turn.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveVhostUser } from '../../../src/vhost-user/index.ts';
import { cipherLoad, Dpdk } from '../../dpdk/dpdk.ts';

const { ROUNDS = '5', BACKEND = 'auto' } = process.env;
const [BYTES, BURST, OPERATIONS] = [1024, 32, 100_000];
/** Column of the program's lines with the throughput, in Gbit/s. */
const GBPS_COLUMN = 8;

const folder = await mkdtemp(join(tmpdir(), 'dpdk-figures-'));
const server = await serveVhostUser({ socket: join(folder, 's'), backend: BACKEND as 'auto' | 'inline' });
const dpdk = await Dpdk.prepare(folder);
const progress = () => server.device.statistics().queues[0]?.requests ?? 0;

async function gbps(name: string, driver: string, device: string): Promise<number> {
  const load = cipherLoad(name, BYTES, BURST, OPERATIONS);
  const { status, output } = await dpdk.run('dpdk-test-crypto-perf', { device, driver, progress }, load);
  const line = output.split('\n').findLast((one) => /^\d+,\d+,\d+/.test(one.replaceAll(/[\s;]+/g, ',')));
  if (status !== 0 || line === undefined)
    throw new Error(`${name} ended with status ${status}:\n${output.slice(-2000)}`);
  return Number(line.split(/[,;]/)[GBPS_COLUMN]);
}

const ours: number[] = [];
const openssl: number[] = [];
try {
  for (let round = 0; round < Number(ROUNDS); round++) {
    ours.push(
      await gbps('crypto_virtio_user', 'crypto_virtio', `crypto_virtio_user0,path=${join(folder, 's')},queues=1`),
    );
    openssl.push(await gbps('crypto_openssl', 'crypto_openssl', 'crypto_openssl0'));
    console.log(
      `round ${round + 1}: daemon ${ours.at(-1)} Gbit/s (${BACKEND}), OpenSSL's driver ${openssl.at(-1)} Gbit/s`,
    );
  }
  const best = Math.max(...ours) / Math.max(...openssl);
  console.log(`${BYTES} bytes, bursts of ${BURST}: best rounds ${best.toFixed(2)} of OpenSSL's driver`);
} finally {
  server.close();
  await rm(folder, { recursive: true, force: true });
}
