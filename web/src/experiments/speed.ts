import { signal } from '@preact/signals';
import {
  DEVICE_DRIVER,
  parseCyclesPerMicrosecond,
  parseSkcipherClock,
  parseTcrypt,
  SOFTWARE_DRIVER,
  type TcryptSample,
} from '../../../src/guest/measure.ts';
import { SKCIPHER_CLOCK } from '../../../src/guest/skcipher-clock.ts';
import { figure } from '../ui/format.ts';
import { Experiment, ExperimentError, loadDriver, unloadDriver } from './runner.ts';

export const SIZES = [64, 256, 1024, 4096, 65536] as const;
/** The largest size that tcrypt, the kernel's own benchmark, has. */
const TCRYPT_BYTES_MAX = 4096;
/** busybox's insmod loads a failing module twice, and tcrypt fails on purpose. So each run measures twice. */
const LOADS_A_ROUND = { 1: 5, 8: 3 } as const;
const ROUNDS = 4;
const AF_ALG_MILLISECONDS = 1500;

/** Megabytes a second by request size, in the order of SIZES; null for a size that was not measured yet. */
export interface SpeedSeries {
  software: (number | null)[];
  device: (number | null)[];
}

const empty = (): SpeedSeries => ({ software: SIZES.map(() => null), device: SIZES.map(() => null) });

export const inFlight = signal<1 | 8>(1);
export const speedSeries = signal<SpeedSeries>(empty());

/** AES-128-CBC in the guest's kernel: its software beside the device, for each size. */
export const speed = new Experiment(async (experiment) => {
  const depth = inFlight.value;
  speedSeries.value = empty();
  const { output } = await experiment.run('cat /proc/cpuinfo', { quiet: true });
  const rate = parseCyclesPerMicrosecond(output);
  if (rate === undefined) throw new ExperimentError('The guest names no “cpu MHz” in /proc/cpuinfo to count time by.');
  await unloadDriver(experiment);
  await measure(experiment, 'software', depth, rate);
  await loadDriver(experiment);
  await measure(experiment, 'device', depth, rate);
  const at = SIZES.indexOf(4096);
  const { software, device } = speedSeries.value;
  const [slow, fast] = [software[at], device[at]];
  if (slow && fast) {
    experiment.verdict(
      `At 4 KiB with ${depth} in flight: software ${figure(slow)} MB/s, device ${figure(fast)} MB/s, ${figure(fast / slow)} times as fast.`,
    );
  }
});

async function measure(experiment: Experiment, series: keyof SpeedSeries, depth: 1 | 8, rate: number): Promise<void> {
  const driver = series === 'software' ? SOFTWARE_DRIVER : DEVICE_DRIVER;
  const parameters = depth === 1 ? 'mode=500' : `mode=600 num_mb=${depth}`;
  const command =
    `dmesg -c >/dev/null; for i in $(seq ${LOADS_A_ROUND[depth]}); do insmod /lib/modules/tcrypt.ko ${parameters} sec=0 2>/dev/null; ` +
    "dmesg -c | grep -E 'testing speed|\\(128 bit key'; done";
  experiment.remark(`Measuring ${driver}: the kernel’s own clock, tcrypt, then 64 KiB through AF_ALG.`);
  const samples: TcryptSample[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { output } = await experiment.run(command, { quiet: true, timeoutMs: 120_000 });
    samples.push(...parseTcrypt(output).filter((sample) => sample.driver === driver));
    if (samples.length === 0)
      throw new ExperimentError(`The kernel does not use ${driver} for cbc(aes) now: reset the machine.`);
    for (const [index, bytes] of SIZES.entries()) {
      if (bytes <= TCRYPT_BYTES_MAX) note(series, index, tcryptSpeed(samples, bytes, rate));
    }
  }
  const { output } = await experiment.run(
    `${SKCIPHER_CLOCK} '${driver}' ${SIZES[SIZES.length - 1]} ${depth} ${AF_ALG_MILLISECONDS}`,
  );
  note(series, SIZES.length - 1, parseSkcipherClock(output)?.MBps ?? null);
}

/** The lower quartile of the cycles, because the host's other work affects it little. */
function tcryptSpeed(samples: readonly TcryptSample[], bytes: number, rate: number): number | null {
  const cycles = samples.filter((sample) => sample.bytes === bytes).map((sample) => sample.cycles);
  const quartile = cycles.sort((a, b) => a - b)[Math.floor(cycles.length / 4)];
  return quartile === undefined ? null : (bytes * rate) / quartile;
}

function note(series: keyof SpeedSeries, index: number, value: number | null): void {
  const { [series]: values } = speedSeries.value;
  speedSeries.value = { ...speedSeries.value, [series]: values.with(index, value) };
}
