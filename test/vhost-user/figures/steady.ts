// What a daemon costs when it has nothing to do, and whether its memory grows with its requests.
import { setTimeout } from 'node:timers/promises';
import { Batch } from './batch.ts';
import { startDaemon } from './daemon.ts';

const { REQUESTS = '1000000', BACKEND = 'inline' } = process.env;
const IN_FLIGHT = 64;
const BYTES = 512;
const IDLE_MS = 10_000;
/** Requests after which memory is looked at for the first time, and then again and again. */
const STEP = Math.floor(Number(REQUESTS) / 10);

const daemon = await startDaemon('--backend', BACKEND);
const batch = await Batch.make(daemon.driver, daemon.allocator, daemon.ram, IN_FLIGHT, BYTES);

/** Has the daemon run some requests. */
function run(requests: number): void {
  for (let done = 0; done < requests; ) {
    const free = IN_FLIGHT - batch.inFlight;
    if (free > 0 && batch.offer(free)) daemon.transport.notify(0);
    done += free;
  }
}

const resident: number[] = [];
for (let step = 0; step <= 10; step++) {
  run(STEP);
  while (batch.inFlight > 0) await setTimeout(1);
  // What the system says of a process lags behind while it works.
  await setTimeout(500);
  resident.push(daemon.resident());
}
while (batch.inFlight > 0) await setTimeout(1);
console.log(
  `MiB resident after each ${STEP} requests of ${BYTES} bytes: ${resident.map((mib) => mib.toFixed(1)).join(' ')}`,
);
for (let times = 0; times < 3; times++) {
  const before = daemon.cpu();
  await setTimeout(IDLE_MS);
  console.log(
    `Idle for ${IDLE_MS / 1000} s, with a client: ${(daemon.cpu() - before).toFixed(1)} ms of processor time`,
  );
}
await daemon.stop();
