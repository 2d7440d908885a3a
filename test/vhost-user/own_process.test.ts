// `virtio-crypto vhost-user` in a process of its own: the driver writes its rings while the daemon reads them.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as virtio from '../../spec/virtio.ts';
import { CryptoDriver } from '../../src/driver/driver.ts';
import { RamAllocator } from '../../src/driver/ram.ts';
import { KNOWN_FEATURES } from '../../src/driver/ring_driver.ts';
import { numbers } from '../support/flight.ts';
import { PATIENCE } from '../support/patience.ts';
import { Client, VhostTransport } from './support/client.ts';
import { connectTo, sharedMemory } from './support/native.ts';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const LIBRARY = new URL('../../dist/src/vhost-user/index.js', import.meta.url);
const RAM_BYTES = 16 * 1024 * 1024;
const DRIVER_MEMORY = 0x10000;
const without = (...bits: number[]): bigint => bits.reduce((all, one) => all & ~(1n << BigInt(one)), KNOWN_FEATURES);

let folder: string;
let command: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-'));
});
afterEach(async () => {
  command?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Starts the command, and a driver that is its one client. */
function start(features: bigint, ...flags: string[]) {
  return startProgram(features, (socket) => [MAIN, 'vhost-user', '--socket', socket, '--once', '--packed', ...flags]);
}

/** Starts a daemon, and a driver that is its one client. @param program the arguments of Node.js for a daemon at a socket */
async function startProgram(features: bigint, program: (socket: string) => string[]) {
  const socket = join(folder, 's');
  const child = spawn(process.execPath, program(socket), { stdio: ['ignore', 'pipe', 'pipe'] });
  command = child;
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said.text += text;
    });
  }
  const ended = once(child, 'close');
  await vi.waitUntil(() => said.text.includes('Listening'), PATIENCE);
  const client = new Client(connectTo(socket));
  const ram = sharedMemory(RAM_BYTES);
  let driver: CryptoDriver | undefined;
  const transport = new VhostTransport(client, ram, [256, 64], () => driver?.interrupt());
  driver = new CryptoDriver(transport, () => ram.bytes, new RamAllocator(DRIVER_MEMORY, RAM_BYTES), { features });
  driver.start();
  const made = driver;
  return {
    ...{ driver, said },
    /** Ends the client. Returns the command's exit status. */
    end: async (): Promise<number> => {
      made.stop();
      client.close();
      const [status] = await ended;
      ram.close();
      return status;
    },
  };
}

const hash = (driver: CryptoDriver) => driver.hash({ algorithm: 'sha-256', data: randomBytes(20) });

test.each([
  ['split', without(virtio.F_RING_PACKED)],
  ['split, without event indices', without(virtio.F_RING_PACKED, virtio.F_EVENT_IDX)],
  ['packed', KNOWN_FEATURES | (1n << BigInt(virtio.F_RING_PACKED))],
])('a driver that makes no mistake at full speed: %s', async (_, features) => {
  const { driver, said, end } = await start(features, '--check', '--backend', 'auto');
  const request = { algorithm: 'aes-cbc', direction: 'encrypt', key: randomBytes(16), iv: randomBytes(16) } as const;
  // Each of these chains sends its next request when the last is answered, so that requests come while the daemon works.
  const chain = async () => {
    for (const round of numbers(100)) {
      const { status } = await driver.cipher({ ...request, data: randomBytes(16 * (1 + (round % 64))) });
      expect(status).toBe('ok');
    }
  };
  await Promise.all(numbers(20).map(chain));
  // One after the other: the daemon looks at the ring by itself.
  for (const _ of numbers(200)) expect((await hash(driver)).status).toBe('ok');
  expect(await end(), said.text).toBe(0);
  expect(said.text).toContain('✔ The driver broke no statement about rings and requests');
});

test('what the driver breaks is said at once, and at the end; the exit status is 1', async () => {
  const { driver, said, end } = await start(without(virtio.F_RING_PACKED, virtio.F_INDIRECT_DESC), '--check');
  const line = '2.7.5.3.1  The driver must not set INDIRECT if VIRTIO_F_INDIRECT_DESC was not negotiated.';
  for (const _ of numbers(3)) {
    await driver.submit({ queue: 0, readable: [new Uint8Array(72)], writable: [1], indirect: true });
  }
  expect(said.text).toContain(`✘ ${line} a descriptor has INDIRECT`);
  expect(await end()).toBe(1);
  const report = said.text.slice(said.text.indexOf('The driver broke 2 statements'));
  expect(report).toContain(`    ${line}\n        queue 0: a descriptor has INDIRECT (3 times)`);
  expect(report).toContain('5.9.7.3');
});

test('a fault strikes while the requests are traced; without --check nothing is listed', async () => {
  const trace = join(folder, 'trace.jsonl');
  const fault = ['--fault', 'status-err', '--nth', '2', '--trace', trace] as const;
  const { driver, said, end } = await start(without(virtio.F_RING_PACKED), ...fault);
  const results: string[] = [];
  for (const _ of numbers(3)) results.push((await hash(driver)).status);
  expect(results).toEqual(['ok', 'err', 'ok']);
  expect(await end()).toBe(0);
  expect(said.text).not.toContain('The driver');
  const statuses = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"control":false'))
    .map((line) => /"lastByte":(\d+)/.exec(line)?.[1]);
  expect(statuses).toEqual(['0', '1', '0']);
});

test('a fault that has not struck is reported', async () => {
  const { driver, said, end } = await start(without(virtio.F_RING_PACKED), '--fault', 'completion-late', '--nth', '9');
  expect((await hash(driver)).status).toBe('ok');
  expect(await end()).toBe(0);
  expect(said.text).toContain('✘ completion-late has not struck: request 9 has not come.');
});

// A daemon whose timers do not wake it stands still after each request, until its process wakes for another reason.
test('requests beyond the limit of a notification go on by themselves', { timeout: 60_000 }, async () => {
  const code = (socket: string) => `
    import { serveVhostUser } from ${JSON.stringify(LIBRARY)};
    const onEvent = ({ message }) => console.log(message);
    await serveVhostUser({ socket: ${JSON.stringify(socket)}, once: true, limits: { bytesPerNotification: 1 }, onEvent });
  `;
  const features = without(virtio.F_RING_PACKED);
  const { driver, end } = await startProgram(features, (socket) => ['--input-type=module', '--eval', code(socket)]);
  // One notification for all of them. The descriptors of one request are more than the limit.
  const last = 239;
  const many = numbers(20).map(() => new Uint8Array(16));
  const sent = numbers(last + 1).map((at) =>
    driver.submit({ queue: 0, readable: [new Uint8Array(72), ...many], writable: [1], hold: at < last }),
  );
  expect(await Promise.all(sent)).toHaveLength(last + 1);
  expect(await end()).toBe(0);
});
