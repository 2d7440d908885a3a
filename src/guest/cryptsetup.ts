import { GuestMeasureError, type GuestShell } from './measure.ts';
import { preferredDriver } from './proc-crypto.ts';

/**
 * `cryptsetup benchmark` in the guest, for AES-256-CBC. It goes over a buffer of 1 MiB in requests of 64 KiB, one in flight,
 * through AF_ALG, for a second of the monotonic clock in each direction: time that passes, not time of the processor.
 *
 * Its figures are printed as they are, though they favour a slow cipher: it counts one buffer more than it went over, an
 * eighth too much at 8 MiB/s and a hundredth at 100.
 */
export const CRYPTSETUP_COMMAND = 'cryptsetup benchmark -c aes-cbc -s 256';
export const CRYPTSETUP_KEY_BITS = 256;

/**
 * Runs of it, of which the upper quartile counts, each way: the first are slower, since an emulator translates only code
 * that has run for a while, and whatever else the host was doing in between does not weigh on it.
 */
export const CRYPTSETUP_RUNS = 5;

const ALGORITHM = 'cbc(aes)';

/** What cryptsetup prints: MiB (2^20 bytes) a second. */
export interface CryptsetupFigure {
  readonly encryptMiBps: number;
  readonly decryptMiBps: number;
}

/** Reads its line of AES-CBC; undefined when it measured nothing, as when the kernel has no such cipher ("N/A"). */
export function parseCryptsetup(text: string): CryptsetupFigure | undefined {
  const match = /^\s*aes-cbc\s+256b\s+([\d.]+) MiB\/s\s+([\d.]+) MiB\/s\s*$/m.exec(text);
  if (match === null) return undefined;
  const [encryptMiBps, decryptMiBps] = [Number(match[1]), Number(match[2])];
  return encryptMiBps > 0 && decryptMiBps > 0 ? { encryptMiBps, decryptMiBps } : undefined;
}

/**
 * Runs the benchmark with the driver that the kernel prefers for cbc(aes), which has to be the one named. Takes about 12 s.
 * @returns the upper quartiles, or undefined in a guest of the user's own that has no cryptsetup
 * @throws GuestMeasureError when the kernel prefers another driver, or cryptsetup prints no figures
 */
export async function measureCryptsetup(
  shell: GuestShell,
  driver: string,
  onRun: () => void = () => {},
): Promise<CryptsetupFigure | undefined> {
  const figures: CryptsetupFigure[] = [];
  for (let run = 0; run < CRYPTSETUP_RUNS; run++) {
    const answer = await shell.run(CRYPTSETUP_COMMAND);
    if (/cryptsetup: (command )?not found/.test(answer)) return undefined;
    const figure = parseCryptsetup(answer);
    if (figure === undefined) throw new GuestMeasureError(`cryptsetup did not measure ${driver}:\n${answer}`);
    figures.push(figure);
    onRun();
  }
  // The kernel lists what it put together of parts, such as cbc(aes-generic), once it was used.
  const used = preferredDriver(await shell.run('cat /proc/crypto'), ALGORITHM);
  if (used !== driver) {
    throw new GuestMeasureError(
      `cryptsetup was to measure ${driver}, but the guest's kernel prefers ${used ?? 'none'}.`,
    );
  }
  return {
    encryptMiBps: upperQuartile(figures.map(({ encryptMiBps }) => encryptMiBps)),
    decryptMiBps: upperQuartile(figures.map(({ decryptMiBps }) => decryptMiBps)),
  };
}

function upperQuartile(values: readonly number[]): number {
  return [...values].sort((a, b) => b - a)[Math.floor(values.length / 4)] ?? Number.NaN;
}
