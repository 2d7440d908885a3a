// Throughput of DPDK's crypto drivers at 1 KiB in bursts of 32: the daemon's device, and DPDK's own driver over OpenSSL, in turn.
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveVhostUser } from '../../../src/vhost-user/index.ts';
import { cipherLoad, Dpdk } from '../../dpdk/dpdk.ts';

const { ROUNDS = '5', BACKEND = 'auto' } = process.env;
const [BYTES, BURST, OPERATIONS] = [1024, 32, 1_000_000];
/** How the names of threads begin that do the program's work. */
const WORKER = 'dpdk-worker';
/** Column of the program's lines with the throughput, in Gbit/s. */
const GBPS_COLUMN = 8;

const folder = await mkdtemp(join(tmpdir(), 'dpdk-figures-'));
const server = await serveVhostUser({ socket: join(folder, 's'), backend: BACKEND as 'auto' | 'inline' });
const dpdk = await Dpdk.prepare(folder);
const progress = () => server.device.statistics().queues[0]?.requests ?? 0;

/**
 * The program's main thread waits for its worker in a loop. With the worker and the daemon it is the third busy thread, and on two processors
 * it takes half of one from the daemon. So it gets the lowest priority, as soon as the worker is there, which would inherit it.
 * @returns whether the worker is there
 */
function mainThreadGivesWay({ pid = 0 }: ChildProcess): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!readdirSync(tasks).some((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').startsWith(WORKER)))
    return false;
  // Linux has a priority for each thread. That of the main thread has the number of the process.
  setPriority(pid, constants.priority.PRIORITY_LOW);
  return true;
}

async function gbps(name: string, driver: string, device: string): Promise<number> {
  const load = cipherLoad(name, BYTES, BURST, OPERATIONS);
  let givesWay = false;
  const onOutput = (_: string, child: ChildProcess) => {
    givesWay ||= mainThreadGivesWay(child);
  };
  const { status, output } = await dpdk.run('dpdk-test-crypto-perf', { device, driver, progress, onOutput }, load);
  const line = output.split('\n').findLast((one) => /^\d+,\d+,\d+/.test(one.replaceAll(/[\s;]+/g, ',')));
  if (status !== 0 || line === undefined)
    throw new Error(`${name} ended with status ${status}:\n${output.slice(-2000)}`);
  if (!givesWay)
    throw new Error(`${name}: the program had no thread ${WORKER}, so it cannot be said what it measured.`);
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
