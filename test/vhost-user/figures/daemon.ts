// A daemon in a process of its own, and a client of it in this one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CryptoDriver } from '../../../src/driver/driver.ts';
import { RamAllocator } from '../../../src/driver/ram.ts';
import { KNOWN_FEATURES } from '../../../src/driver/ring_driver.ts';
import { Client, VhostTransport } from '../support/client.ts';
import { connectTo, sharedMemory } from '../support/native.ts';

const RAM_BYTES = 64 * 1024 * 1024;
const DRIVER_MEMORY = 0x10000;
const QUEUE_SIZES = [1024, 64];
const COMMAND = fileURLToPath(new URL('../../../../../dist/src/cli/main.js', import.meta.url));
const MAX_LIFE_MS = 600_000;

/** Processor time of all threads of a process, in milliseconds. */
export function cpuOf(pid: number): number {
  const folder = `/proc/${pid}/task`;
  const threads = readdirSync(folder).map((thread) => readFileSync(join(folder, thread, 'schedstat'), 'latin1'));
  return threads.reduce((sum, times) => sum + Number(times.split(' ')[0]) / 1e6, 0);
}

/** A daemon that was started, and what this process has of it. */
export interface Daemon {
  readonly process: ChildProcess;
  readonly driver: CryptoDriver;
  readonly allocator: RamAllocator;
  readonly transport: VhostTransport;
  readonly ram: Uint8Array;
  /** Processor time of the daemon so far, in milliseconds. */
  cpu(): number;
  /** Its resident memory, in MiB. */
  resident(): number;
  stop(): Promise<void>;
}

/** Starts the command vhost-user, and connects to it. @param flags flags of the command */
export async function startDaemon(...flags: string[]): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), 'figures-'));
  const socket = join(folder, 's');
  const child = spawn(process.execPath, [COMMAND, 'vhost-user', '--socket', socket, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: MAX_LIFE_MS,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('The daemon has ended.')));
    child.stdout?.on('data', (text) => String(text).includes('Listening') && resolve());
  });
  const client = new Client(connectTo(socket));
  const ram = sharedMemory(RAM_BYTES);
  let driver: CryptoDriver | undefined;
  const transport = new VhostTransport(client, ram, QUEUE_SIZES, () => driver?.interrupt());
  const allocator = new RamAllocator(DRIVER_MEMORY, RAM_BYTES);
  driver = new CryptoDriver(transport, () => ram.bytes, allocator, { features: KNOWN_FEATURES & ~(1n << 34n) });
  driver.start();
  const made = driver;
  return {
    ...{ process: child, driver, allocator, transport, ram: ram.bytes },
    cpu: () => cpuOf(child.pid ?? 0),
    resident: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]) / 1024,
    stop: async () => {
      made.stop();
      client.close();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      ram.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
