import { MODULE_FOLDER } from './init.ts';
import { SKCIPHER_CLOCK } from './skcipher-clock.ts';

/**
 * How fast the guest's kernel encrypts AES-128-CBC, through one driver of its crypto API.
 *
 * Up to 4 KiB the clock is tcrypt, the kernel's own: mode 500 keeps one request in flight, mode 600 as many as num_mb
 * says. Two things make it quick. The guest has no module for ecb, xts, lrw, ctr and so on, so tcrypt cannot load them
 * and measures cbc(aes) alone. And with sec=0 it counts the cycles of 8 requests (after 4 to warm up) where it would
 * otherwise spend a second on each of 42 lines; it is run many times instead. The lower quartile of those agrees with
 * sec=1 to a few per cent, and whatever else the host was doing in between does not weigh on it.
 *
 * tcrypt has no 64 KiB. There the clock is skcipher-clock, over AF_ALG. It pays for a copy of the data into the kernel
 * and for two system calls besides: nothing beside a software cipher, and a handicap for a fast device.
 */
export interface SpeedFigure {
  readonly bytes: number;
  readonly inFlight: number;
  /** As /proc/crypto names it. */
  readonly driver: string;
  /** Megabytes (10^6 bytes) a second. */
  readonly MBps: number;
  readonly clock: 'tcrypt' | 'af-alg';
}

export interface GuestShell {
  /** Runs a command in the guest and gives what it printed. */
  run(command: string): Promise<string>;
}

export const SOFTWARE_DRIVER = 'cbc(aes-generic)';
export const DEVICE_DRIVER = 'virtio_crypto_aes_cbc';

export const MEASURED_BYTES = [64, 1024, 4096, 65536] as const;
export const MEASURED_IN_FLIGHT = [1, 8] as const;

const AF_ALG_BYTES = 65536;
const AF_ALG_MILLISECONDS = 2500;
/**
 * busybox's insmod tries a module that fails a second time, and tcrypt always fails on purpose: two runs each. That many,
 * because an emulator translates the driver's code only once it has run some thousand times.
 */
const TCRYPT_LOADS = { 1: 30, 8: 15 } as const;

export class GuestMeasureError extends Error {
  override readonly name = 'GuestMeasureError';
}

/** One line of tcrypt's, with the driver that its heading named. */
export interface TcryptSample {
  readonly driver: string;
  readonly bytes: number;
  readonly cycles: number;
}

/** Loads tcrypt again and again, and prints of its lines in the kernel's log those that `parseTcrypt` reads. */
export function tcryptCommand(inFlight: 1 | 8): string {
  const parameters = inFlight === 1 ? 'mode=500' : `mode=600 num_mb=${inFlight}`;
  return (
    `dmesg -c >/dev/null; for i in $(seq ${TCRYPT_LOADS[inFlight]}); do ` +
    `insmod ${MODULE_FOLDER}/tcrypt.ko ${parameters} sec=0 2>/dev/null; ` +
    "dmesg -c | grep -E 'testing speed|\\(128 bit key'; done"
  );
}

/** Reads the encryption lines of the 128-bit key; decryption is measured by tcrypt as well, and is left out. */
export function parseTcrypt(text: string): TcryptSample[] {
  const samples: TcryptSample[] = [];
  let driver: string | undefined;
  for (const line of text.split('\n')) {
    const heading = /testing speed of \w+ cbc\(aes\) \((\S+)\) (encryption|decryption)/.exec(line);
    if (heading !== null) driver = heading[2] === 'encryption' ? heading[1] : undefined;
    const sample = /\(128 bit key, (\d+) byte blocks\): 1 operation in (\d+) cycles/.exec(line);
    if (sample !== null && driver !== undefined) {
      samples.push({ driver, bytes: Number(sample[1]), cycles: Number(sample[2]) });
    }
  }
  return samples;
}

/** The rate of the counter that tcrypt reads, from /proc/cpuinfo. */
export function parseCyclesPerMicrosecond(cpuinfo: string): number | undefined {
  const rate = Number(/^cpu MHz\s*:\s*([\d.]+)/m.exec(cpuinfo)?.[1] ?? Number.NaN);
  return rate > 0 ? rate : undefined;
}

export function skcipherClockCommand(driver: string, bytes: number, inFlight: number): string {
  return `${SKCIPHER_CLOCK} '${driver}' ${bytes} ${inFlight} ${AF_ALG_MILLISECONDS} 2>&1`;
}

export function parseSkcipherClock(text: string): SpeedFigure | undefined {
  const match = /^skcipher-clock: (\S+) (\d+) bytes (\d+) in flight \d+ batches ([\d.]+) us$/m.exec(text);
  if (match === null) return undefined;
  const [bytes, inFlight, microseconds] = [Number(match[2]), Number(match[3]), Number(match[4])];
  return { bytes, inFlight, driver: match[1] ?? '', MBps: (bytes * inFlight) / microseconds, clock: 'af-alg' };
}

function lowerQuartile(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)];
}

/** The speed at each measured size, from the samples of many runs. */
export function tcryptFigures(
  samples: readonly TcryptSample[],
  inFlight: number,
  cyclesPerMicrosecond: number,
): SpeedFigure[] {
  const [driver] = new Set(samples.map((sample) => sample.driver));
  return MEASURED_BYTES.flatMap((bytes) => {
    const cycles = lowerQuartile(samples.filter((sample) => sample.bytes === bytes).map((sample) => sample.cycles));
    if (cycles === undefined || driver === undefined) return [];
    return [{ bytes, inFlight, driver, MBps: (bytes * cyclesPerMicrosecond) / cycles, clock: 'tcrypt' as const }];
  });
}

/**
 * Measures the driver that the guest's kernel prefers for cbc(aes), which has to be the one named: tcrypt cannot choose.
 * So software is measured before virtio_crypto is loaded, and the device after. Takes about 20 s.
 */
export async function measureDriver(
  shell: GuestShell,
  driver: string,
  onFigure: (figure: SpeedFigure) => void = () => {},
): Promise<SpeedFigure[]> {
  const rate = parseCyclesPerMicrosecond(await shell.run('cat /proc/cpuinfo'));
  if (rate === undefined)
    throw new GuestMeasureError('The guest names no "cpu MHz" in /proc/cpuinfo to count time by.');
  const figures: SpeedFigure[] = [];
  const add = (figure: SpeedFigure): void => {
    figures.push(figure);
    onFigure(figure);
  };
  for (const inFlight of MEASURED_IN_FLIGHT) {
    const text = await shell.run(tcryptCommand(inFlight));
    const found = tcryptFigures(parseTcrypt(text), inFlight, rate);
    if (found.length === 0) throw new GuestMeasureError(`tcrypt measured nothing in the guest. It printed:\n${text}`);
    const other = found.find((figure) => figure.driver !== driver);
    if (other !== undefined) {
      throw new GuestMeasureError(
        `The guest's kernel prefers ${other.driver} for cbc(aes), so ${driver} cannot be measured now. ` +
          `Measure software before virtio_crypto is loaded (or after rmmod virtio_crypto), and the device after.`,
      );
    }
    found.forEach(add);
    const answer = await shell.run(skcipherClockCommand(driver, AF_ALG_BYTES, inFlight));
    // A guest of the user's own has no such program, and does without the size.
    if (answer.includes(`${SKCIPHER_CLOCK}: not found`)) continue;
    const large = parseSkcipherClock(answer);
    if (large === undefined) throw new GuestMeasureError(`skcipher-clock did not measure ${driver}:\n${answer}`);
    add(large);
  }
  return figures;
}
