// How fast a daemon is for a client of ours, beside the device in its own memory. Other programs may work on the machine, so measurements
// alternate, each is short, and what is printed is the time that a tenth of them, and that half of them, did not exceed.
import { setImmediate } from 'node:timers/promises';
import { createBench } from '../../../src/testing/bench.ts';
import { createVhostBench } from '../support/bench.ts';
import { Batch } from './batch.ts';
import { startDaemon } from './daemon.ts';

const { BYTES = '4096', ROUNDS = '20', BACKENDS = 'inline auto' } = process.env;
const IN_FLIGHT = 64;
const BYTES_EACH = Number(BYTES);
/** Requests that are timed together, and how many such samples a round has. */
const TOGETHER = 128;
const SAMPLES = 40;

/** A device, and requests for it. */
interface Subject {
  readonly name: string;
  /** Offers more requests, and notifies the device. */
  offer(count: number): void;
  readonly batch: Batch;
  /** Lets the device work, where that is this thread's part. */
  pause(): Promise<void> | undefined;
  stop(): Promise<void>;
}

type Backend = 'inline' | 'auto' | 'host' | 'workers';

async function inOwnMemory(backend: Backend): Promise<Subject> {
  const bench = await createBench({ backend, memoryBytes: 64 * 1024 * 1024 });
  const batch = await Batch.make(bench.driver, bench.allocator, bench.ram(), IN_FLIGHT, BYTES_EACH);
  return {
    ...{ name: 'own memory', batch },
    offer: (count) => {
      batch.offer(count);
      bench.device.notify(0);
    },
    pause: () => setImmediate(),
    stop: () => bench.dispose(),
  };
}

/** The daemon's connection in this thread: without the time that the system takes to wake another process. */
async function inThisThread(backend: Backend): Promise<Subject> {
  const bench = await createVhostBench({ backend, memoryBytes: 64 * 1024 * 1024 });
  const batch = await Batch.make(bench.driver, bench.allocator, bench.ram(), IN_FLIGHT, BYTES_EACH);
  return {
    ...{ name: 'vhost-user in one thread', batch },
    offer: (count) => {
      batch.offer(count);
      bench.transport.notify(0);
    },
    pause: () => setImmediate(),
    stop: () => bench.dispose(),
  };
}

async function inDaemon(backend: Backend): Promise<Subject> {
  const daemon = await startDaemon('--backend', backend);
  const batch = await Batch.make(daemon.driver, daemon.allocator, daemon.ram, IN_FLIGHT, BYTES_EACH);
  return {
    ...{ name: 'daemon', batch },
    offer: (count) => {
      if (batch.offer(count)) daemon.transport.notify(0);
    },
    pause: () => undefined,
    stop: () => daemon.stop(),
  };
}

/** Microseconds a request, with `inFlight` requests in flight, in each of some samples. */
async function sample({ batch, offer, pause }: Subject, inFlight: number, together: number): Promise<number[]> {
  const samples: number[] = [];
  let done = 0;
  let started = performance.now();
  while (samples.length < SAMPLES) {
    const free = inFlight - batch.inFlight;
    done += free;
    if (done >= together) {
      const now = performance.now();
      samples.push((1000 * (now - started)) / done);
      [started, done] = [now, 0];
    }
    if (free > 0) offer(free);
    if (batch.inFlight > 0) await pause();
  }
  while (batch.inFlight > 0) await pause();
  return samples;
}

const quantile = (values: readonly number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(q * values.length)] ?? Number.NaN;

for (const backend of BACKENDS.split(' ') as Backend[]) {
  const subjects = [await inOwnMemory(backend), await inThisThread(backend), await inDaemon(backend)];
  const many = subjects.map((): number[] => []);
  const one = subjects.map((): number[] => []);
  for (let round = 0; round < Number(ROUNDS); round++) {
    for (const [index, subject] of subjects.entries()) {
      many[index]?.push(...(await sample(subject, IN_FLIGHT, TOGETHER)));
      one[index]?.push(...(await sample(subject, 1, 2)));
    }
  }
  for (const [index, { name }] of subjects.entries()) {
    const show = (values: readonly number[] = []) => [0.1, 0.5].map((q) => quantile(values, q).toFixed(2)).join(' / ');
    console.log(
      `${backend}, ${name}, ${BYTES} bytes: ${IN_FLIGHT} in flight ${show(many[index])} µs, one ${show(one[index])} µs`,
    );
  }
  for (const [index, { name }] of subjects.entries()) {
    const ratio = (q: number) => (quantile(many[0] ?? [], q) / quantile(many[index] ?? [], q)).toFixed(2);
    console.log(`  ${name}, ${IN_FLIGHT} in flight: ${ratio(0.1)} / ${ratio(0.5)} of own memory's speed`);
  }
  for (const subject of subjects) await subject.stop();
}
