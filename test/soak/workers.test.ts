// Workers under two data queues of different load: one has 64 large requests in flight all the time, the other a small one after the
// other, while sessions come and go. Nothing leaks, nobody starves, and every result is node:crypto's.
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CryptoDriver } from '../../src/driver/driver.ts';
import { type BenchOptions, createBench } from '../../src/testing/index.ts';
import { turn } from '../support/flight.ts';
import { memoryNow } from '../support/heap.ts';

const { WORKERS_SOAK_SECONDS = '0' } = process.env;
/** A half for each of two devices: so many large requests are done, and more while there is time. */
const SOAK_MS = (Number(WORKERS_SOAK_SECONDS) * 1000) / 2;
const WARM_UP_REQUESTS = 2000;
const REQUESTS = 8000;
const MIB = 1024 * 1024;
const HEAP_GROWTH_MAX = MIB;
const IN_FLIGHT = 64;
const LARGE_BYTES = 16384;
/** A small request waits for no more than a few rounds of the large ones. */
const OVERTAKEN_MAX = 8 * IN_FLIGHT;

interface Sample {
  iv: Uint8Array;
  data: Uint8Array;
  expected: Uint8Array;
}

function samples(key: Uint8Array, bytes: number): Sample[] {
  return Array.from({ length: 8 }, () => {
    const [iv, data] = [randomBytes(16), randomBytes(bytes)] as const;
    const expected = new Uint8Array(createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data));
    return { iv, data, expected };
  });
}

/** What goes on until `over` says so; each stream counts what it has done. */
class Load {
  large = 0;
  small = 0;
  mostOvertaken = 0;
  readonly #driver: CryptoDriver;
  readonly #over: () => boolean;
  readonly #key = randomBytes(16);

  constructor(driver: CryptoDriver, over: () => boolean) {
    this.#driver = driver;
    this.#over = over;
  }

  async run(): Promise<void> {
    const { id } = await this.#driver.createCipherSession('aes-cbc', 'encrypt', this.#key);
    const large = samples(this.#key, LARGE_BYTES);
    const streams = Array.from({ length: IN_FLIGHT }, async (_, i) => {
      let round = i;
      do {
        await this.#encrypt(id, 0, large[round++ % large.length]);
        this.large++;
      } while (!this.#over());
    });
    await Promise.all([...streams, this.#smallOnes(id), this.#sessions()]);
    await this.#driver.destroySession(id);
  }

  async #smallOnes(id: bigint): Promise<void> {
    const small = samples(this.#key, 64);
    while (!this.#over()) {
      const before = this.large;
      await this.#encrypt(id, 1, small[this.small % small.length]);
      this.mostOvertaken = Math.max(this.mostOvertaken, this.large - before);
      this.small++;
    }
  }

  async #sessions(): Promise<void> {
    while (!this.#over()) {
      const [key, data] = [randomBytes(20), randomBytes(500)] as const;
      const result = await this.#driver.mac({ algorithm: 'hmac-sha-256', key, data, queue: 1 });
      const digest = createHmac('sha256', key).update(data).digest();
      expect(result.status === 'ok' && digest.equals(result.data)).toBe(true);
    }
  }

  async #encrypt(id: bigint, queue: number, sample: Sample | undefined): Promise<void> {
    if (!sample) return;
    const { iv, data, expected } = sample;
    const result = await this.#driver.cipherInSession(id, {
      algorithm: 'aes-cbc',
      direction: 'encrypt',
      iv,
      data,
      queue,
    });
    if (result.status !== 'ok' || Buffer.compare(result.data, expected) !== 0) throw new Error('A wrong result.');
  }
}

const EVERYTHING: BenchOptions = { backend: 'workers' };
const LARGE_ONES: BenchOptions = {
  backend: 'auto',
  thresholds: { host: {}, workers: { 'aes-cbc': { few: 1024, many: 1024, crowd: 1024 } } },
};

test.each([
  ['all requests', EVERYTHING, 'split'],
  ['large requests', LARGE_ONES, 'packed'],
] as const)(
  'workers with %s of two queues of different load: no leak, no starvation',
  async (_, options, ring) => {
    const bench = await createBench({ ...options, ring, workers: 2, dataQueues: 2, memoryBytes: 32 * MIB });
    const { device, driver, memory, allocator } = bench;
    const phase = async (large: number, milliseconds: number) => {
      const end = performance.now() + milliseconds;
      const load: Load = new Load(driver, () => load.large >= large && performance.now() >= end);
      await load.run();
      return { load, memory: memoryNow(), taken: allocator.taken, wasmBytes: memory.buffer.byteLength };
    };
    // What is done at once leaves the event loop no turn, in which workers could start.
    while (device.statistics().elsewhere.workers === 0) {
      await phase(0, 0);
      await turn(1);
    }
    // A third of the time warms up.
    const before = await phase(WARM_UP_REQUESTS, SOAK_MS / 3);
    const { load, ...after } = await phase(REQUESTS, (SOAK_MS * 2) / 3);
    const { large, small, mostOvertaken } = load;
    const { workers } = device.statistics().elsewhere;
    console.log(
      `${large} large, ${small} small, ${mostOvertaken} large ones at most during a small one; ${workers} in workers`,
    );
    expect(workers).toBeGreaterThan(large);
    expect(small).toBeGreaterThan(0);
    expect(mostOvertaken).toBeLessThanOrEqual(OVERTAKEN_MAX);
    expect(device.sessionCount).toBe(0);
    expect(after.taken).toBe(before.taken);
    expect(after.wasmBytes).toBe(before.wasmBytes);
    expect(after.memory.heap - before.memory.heap).toBeLessThan(HEAP_GROWTH_MAX);
    await bench.dispose();
  },
  1_200_000,
);
