// Where a browser's workers come from. A stand-in for the browser's Worker runs in Node: it has the same interface.
import { Worker as NodeWorker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BackendEvent } from '../../src/backend/contract.ts';
import { type BackendOptions, resolveBackend } from '../../src/backend/options.ts';
import type { DeviceWorker } from '../../src/backend/workers/browser_worker.ts';
import { WORKER_SOURCE } from '../../src/backend/workers/worker_source.ts';
import { Flight, numbers } from '../support/flight.ts';
import { session } from '../support/requests.ts';
import { type AnyRig, RIGS } from '../support/rig.ts';

class StandIn extends EventTarget implements DeviceWorker {
  readonly #worker = new NodeWorker(WORKER_SOURCE, { eval: true });

  constructor() {
    super();
    this.#worker.on('message', (data) => this.dispatchEvent(new MessageEvent('message', { data })));
  }

  postMessage(message: unknown): void {
    this.#worker.postMessage(message);
  }

  terminate(): void {
    void this.#worker.terminate();
  }
}

/** As browsers do it where a policy forbids the worker: an event without a message, later. */
class Blocked extends EventTarget implements DeviceWorker {
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new Event('error')), 0);
  }

  postMessage(): void {}
  terminate(): void {}
}

const { getBuiltinModule } = process;
const { waitAsync } = Atomics;
const rigs: AnyRig[] = [];

beforeEach(() => {
  vi.spyOn(process, 'getBuiltinModule').mockImplementation((name: string) =>
    name === 'node:worker_threads' ? undefined : getBuiltinModule.call(process, name),
  );
});

afterEach(() => {
  for (const rig of rigs.splice(0)) rig.device.dispose();
  Reflect.set(Atomics, 'waitAsync', waitAsync);
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function up(options: BackendOptions): Promise<{ rig: AnyRig; events: BackendEvent[] }> {
  const events: BackendEvent[] = [];
  const [[, makeRig]] = RIGS;
  const onBackendEvent = (event: BackendEvent) => events.push(event);
  const rig = makeRig({ backend: 'workers', workers: 2, queueSize: 1024, onBackendEvent, ...options });
  rigs.push(rig);
  await rig.device.backendReady;
  return { rig, events };
}

/** Ten requests, and how many of them workers got. */
async function served(rig: AnyRig): Promise<number> {
  const flight = new Flight(rig);
  const id = session(rig);
  const before = rig.data.usedIdx;
  for (const place of numbers(10)) flight.offer(place, id);
  rig.device.notify(0);
  await flight.used(before, 10);
  for (const place of numbers(10)) flight.expectDone(place);
  return rig.device.statistics().elsewhere.workers;
}

describe.each(['with', 'without'])('%s Atomics.waitAsync', (how) => {
  beforeEach(() => {
    if (how === 'without') Reflect.deleteProperty(Atomics, 'waitAsync');
  });

  test('createWorker makes the workers, also those of a later backend', async () => {
    const createWorker = vi.fn(() => new StandIn());
    const { rig, events } = await up({ createWorker });
    expect(await served(rig)).toBe(10);
    expect(createWorker).toHaveBeenCalledTimes(2);
    await rig.device.useBackend({ backend: 'workers', workers: 1 });
    expect(createWorker).toHaveBeenCalledTimes(3);
    expect(await served(rig)).toBe(20);
    expect(events).toEqual([]);
  });
});

test('workerUrl is where their script is fetched from', async () => {
  const urls: unknown[] = [];
  class Served extends StandIn {
    constructor(url: unknown) {
      super();
      urls.push(url);
    }
  }
  vi.stubGlobal('Worker', Served);
  const { rig } = await up({ workerUrl: '/assets/virtio-crypto-worker.js' });
  expect(await served(rig)).toBe(10);
  expect(urls).toEqual(['/assets/virtio-crypto-worker.js', '/assets/virtio-crypto-worker.js']);
});

test('where a policy blocks the library’s own workers, the host hears which and what to do', async () => {
  vi.stubGlobal('Worker', Blocked);
  const { rig, events } = await up({});
  expect(events).toHaveLength(1);
  expect(events[0]?.kind).toBe('unavailable');
  expect(events[0]?.message).toMatch(/blob: URLs.*worker-src 'self' blob:.*workerUrl or createWorker/);
  expect(await served(rig)).toBe(0);
});

test('where a browser refuses at once, too', async () => {
  vi.stubGlobal(
    'Worker',
    class {
      constructor() {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      }
    },
  );
  const { rig, events } = await up({});
  expect(events[0]?.message).toContain("worker-src 'self' blob:");
  expect(await served(rig)).toBe(0);
});

test('where the script of createWorker cannot be loaded, the message says so', async () => {
  const { events } = await up({ createWorker: () => new Blocked() });
  expect(events[0]?.message).toContain('workerUrl or createWorker names could not be loaded');
});

test.each([
  [{ createWorker: 5 }, 'createWorker is 5: give a function that answers a Worker.'],
  [{ workerUrl: 5 }, 'workerUrl is 5: give a string or a URL.'],
  [{ workerUrl: 'a.js', createWorker: () => new Blocked() }, 'workerUrl is a.js, and createWorker is given: leave one'],
])('%j is refused', (options, message) => {
  expect(() => resolveBackend(options as BackendOptions)).toThrow(TypeError);
  expect(() => resolveBackend(options as BackendOptions)).toThrow(message);
});
