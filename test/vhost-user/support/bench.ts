// A device and the reference driver with vhost-user between them: sockets, descriptors, shared memory, all of it real, in one process.
import { closeSync } from 'node:fs';
import { hostClock } from '../../../src/clock.ts';
import { type CryptoDevice, createCryptoDevice } from '../../../src/device/device.ts';
import type { CryptoDeviceOptions } from '../../../src/device/options.ts';
import { CryptoDriver } from '../../../src/driver/driver.ts';
import { RamAllocator } from '../../../src/driver/ram.ts';
import { KNOWN_FEATURES } from '../../../src/driver/ring_driver.ts';
import { foreignGuest } from '../../../src/engine/foreign/index.ts';
import type { Bench, BenchOptions } from '../../../src/testing/index.ts';
import { ClientMemory } from '../../../src/transport/vhost-user/client_memory.ts';
import { VhostUserConnection } from '../../../src/transport/vhost-user/connection.ts';
import type { Watch } from '../../../src/transport/vhost-user/host.ts';
import { ClientHost } from '../../../src/vhost-user/client_host.ts';
import { EngineWindow } from '../../../src/vhost-user/engine_window.ts';
import { MappedFiles } from '../../../src/vhost-user/mapped_files.ts';
import { Client, system, VhostTransport } from './client.ts';
import { sharedMemory, socketPair } from './native.ts';

/** A host whose rings are looked at as soon as they are kicked, so that results are there when a notification returns. */
class PumpedHost extends ClientHost {
  readonly handlers = new Set<() => void>();

  override watch(descriptor: number, handler: () => void): Watch {
    const watch = super.watch(descriptor, handler);
    this.handlers.add(handler);
    return {
      again: () => watch.again(),
      end: () => {
        this.handlers.delete(handler);
        watch.end();
      },
    };
  }
}

/** A daemon's part: the device, and the connection over a pair of sockets. */
export interface Served {
  readonly device: CryptoDevice;
  readonly client: Client;
  readonly memory: ClientMemory;
  /** Lines that the daemon said. */
  readonly lines: string[];
  /** What ended the connection. */
  readonly failure: () => Error | undefined;
  /** Has the daemon read what was sent. */
  pump(): void;
  /** Runs all rings, as if they were kicked. */
  runRings(): void;
  /** Ends the connection and the device. */
  close(): void;
}

/** Serves a device to a client in this process. */
export function serve({
  createDevice = createCryptoDevice,
  ...options
}: CryptoDeviceOptions & Pick<BenchOptions, 'createDevice'>): Served {
  const [ours, theirs] = socketPair();
  const memory = new ClientMemory();
  const window = new EngineWindow(system);
  const device = createDevice({
    ...options,
    clock: hostClock(true),
    guest: foreignGuest(memory, memory.regionsOf([]), window.memory),
  });
  const lines: string[] = [];
  let failure: Error | undefined;
  let open = true;
  const fail = (error: unknown) => {
    failure ??= error instanceof Error ? error : new Error(String(error));
    end();
  };
  const host = new PumpedHost(system, new MappedFiles(system, window), ours, (line) => lines.push(line), fail);
  const connection = new VhostUserConnection(device, memory, host);
  function end() {
    if (!open) return;
    open = false;
    connection.close();
    closeSync(ours);
  }
  function pump() {
    try {
      while (open) {
        const received = system.receive(ours, connection.wanted, 8);
        if (received.kind === 'nothing') return;
        if (received.kind === 'end') return end();
        connection.receive(received.bytes, received.descriptors);
      }
    } catch (error) {
      fail(error);
    }
  }
  return {
    ...{ device, memory, lines, pump, client: new Client(theirs, pump), failure: () => failure },
    runRings: () => {
      for (const handler of host.handlers) handler();
    },
    close: () => {
      end();
      device.dispose();
    },
  };
}

/** The driver's part of memory, as in a bench. */
const DRIVER_MEMORY = 0x10000;

/** What a bench has, as far as there is such a thing here. */
export interface VhostBench extends Bench {
  readonly transport: VhostTransport;
  readonly registers: never;
  readonly memory: never;
  readonly served: Served;
}

/**
 * Makes a device and a driver with vhost-user between them. Of a bench's options it takes those of device and driver.
 * @param byEvents whether the daemon hears of a kick by its event alone, some time after the notification
 */
export async function createVhostBench(options: BenchOptions = {}, { byEvents = false } = {}): Promise<VhostBench> {
  const {
    ring = 'split',
    layout = 'legacy',
    memoryBytes = 16 * 1024 * 1024,
    features,
    driver: driverOptions,
  } = options;
  const { queueSize = 1024, dataQueues = 1 } = options;
  const served = serve({ ...options, controlQueueSize: 1024, features: { ...features, packed: ring === 'packed' } });
  const ram = sharedMemory(memoryBytes);
  let driver: CryptoDriver | undefined;
  const sizes = [...Array.from({ length: dataQueues }, () => queueSize), 64];
  const transport = new VhostTransport(
    served.client,
    ram,
    sizes,
    () => driver?.interrupt(),
    () => {
      if (!byEvents) served.runRings();
    },
  );
  const allocator = new RamAllocator(DRIVER_MEMORY, memoryBytes);
  const known = driverOptions?.features ?? KNOWN_FEATURES;
  driver = new CryptoDriver(transport, () => ram.bytes, allocator, {
    ...{ layout, ...driverOptions },
    features: ring === 'packed' ? known | (1n << 34n) : known & ~(1n << 34n),
  });
  await served.device.backendReady;
  if (options.start ?? true) driver.start();
  const made = driver;
  let disposed = false;
  return {
    ...{ device: served.device, driver: made, allocator, served, transport, ram: () => ram.bytes },
    get registers(): never {
      throw new Error('There are no registers: vhost-user has messages.');
    },
    get memory(): never {
      throw new Error('The guest memory is no WebAssembly memory.');
    },
    dispose: async () => {
      // A descriptor that is closed twice is another one's by then.
      if (disposed) return;
      disposed = true;
      if (made.queues.length > 0) made.stop();
      served.close();
      served.client.close();
      ram.close();
    },
  };
}
