import type { GuestConsole } from '../../guest/console.ts';
import { CRYPTSETUP_RUNS, type CryptsetupFigure, measureCryptsetup } from '../../guest/cryptsetup.ts';
import {
  DEVICE_DRIVER,
  MEASURED_BYTES,
  MEASURED_IN_FLIGHT,
  measureDriver,
  SOFTWARE_DRIVER,
  type SpeedFigure,
} from '../../guest/measure.ts';
import { loadDriver, unloadDriver } from '../../guest/selftest.ts';
import type { Output } from '../output.ts';
import { progressBar, table } from './table.ts';

/** AES-128-CBC in the guest at one size and depth: software beside the device, in 10^6 bytes a second. */
export interface SpeedRow {
  bytes: number;
  inFlight: number;
  softwareMBps: number;
  deviceMBps: number;
  ratio: number;
}

/** What `cryptsetup benchmark` says of AES-256-CBC in the guest, in its own unit: 2^20 bytes a second. */
export interface CryptsetupRow {
  direction: 'encrypt' | 'decrypt';
  softwareMiBps: number;
  deviceMiBps: number;
  ratio: number;
}

export interface Speed {
  speed: SpeedRow[];
  /** Empty in a guest of the user's own that has no cryptsetup. */
  cryptsetup: CryptsetupRow[];
}

/**
 * Measures the guest's own software, with the driver unloaded, and then the device: the kernel's clock takes whichever
 * implementation the kernel prefers, and so does cryptsetup.
 */
export async function measureSpeed(console: GuestConsole, output: Output): Promise<Speed> {
  const shell = { run: async (command: string) => (await console.run(command)).output };
  const bar = progressBar(output, 2 * (MEASURED_BYTES.length * MEASURED_IN_FLIGHT.length + CRYPTSETUP_RUNS));
  const figures: SpeedFigure[] = [];
  const note = (figure: SpeedFigure) => {
    figures.push(figure);
    bar?.increment();
  };
  const noteRun = () => bar?.increment();
  try {
    await unloadDriver(console);
    await measureDriver(shell, SOFTWARE_DRIVER, note);
    const software = await measureCryptsetup(shell, SOFTWARE_DRIVER, noteRun);
    await loadDriver(console);
    await measureDriver(shell, DEVICE_DRIVER, note);
    const device = await measureCryptsetup(shell, DEVICE_DRIVER, noteRun);
    return { speed: speedRows(figures), cryptsetup: cryptsetupRows(software, device) };
  } finally {
    bar?.stop();
  }
}

const round = (value: number) => Math.round(value * 100) / 100;

/** Puts each software figure beside the device's of the same size and depth. */
export function speedRows(figures: readonly SpeedFigure[]): SpeedRow[] {
  const find = (driver: string, bytes: number, inFlight: number) =>
    figures.find((figure) => figure.driver === driver && figure.bytes === bytes && figure.inFlight === inFlight)?.MBps;
  return MEASURED_IN_FLIGHT.flatMap((inFlight) =>
    MEASURED_BYTES.flatMap((bytes) => {
      const software = find(SOFTWARE_DRIVER, bytes, inFlight);
      const device = find(DEVICE_DRIVER, bytes, inFlight);
      if (software === undefined || device === undefined) return [];
      return [
        { bytes, inFlight, softwareMBps: round(software), deviceMBps: round(device), ratio: round(device / software) },
      ];
    }),
  );
}

/** Puts cryptsetup's figures of software beside those of the device, a row each way. */
export function cryptsetupRows(
  software: CryptsetupFigure | undefined,
  device: CryptsetupFigure | undefined,
): CryptsetupRow[] {
  if (software === undefined || device === undefined) return [];
  return (['encrypt', 'decrypt'] as const).map((direction) => {
    const [softwareMiBps, deviceMiBps] = [software[`${direction}MiBps`], device[`${direction}MiBps`]];
    return { direction, softwareMiBps, deviceMiBps, ratio: round(deviceMiBps / softwareMiBps) };
  });
}

/** The rows as people read them. */
export function speedTable(rows: readonly SpeedRow[], colors: Output['colors']): string {
  return table(
    ['request', 'in flight', 'software MB/s', 'device MB/s', 'ratio'],
    rows.map(({ bytes, inFlight, softwareMBps, deviceMBps, ratio }) => {
      const size = bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
      return [size, String(inFlight), softwareMBps.toFixed(1), deviceMBps.toFixed(1), factor(ratio, colors)];
    }),
  );
}

/** The same for cryptsetup's. */
export function cryptsetupTable(rows: readonly CryptsetupRow[], colors: Output['colors']): string {
  return table(
    ['cryptsetup', 'software MiB/s', 'device MiB/s', 'ratio'],
    rows.map(({ direction, softwareMiBps, deviceMiBps, ratio }) => [
      direction,
      softwareMiBps.toFixed(1),
      deviceMiBps.toFixed(1),
      factor(ratio, colors),
    ]),
  );
}

function factor(ratio: number, colors: Output['colors']): string {
  const text = `${ratio.toFixed(1)} ×`;
  return ratio > 1 ? colors.green(text) : text;
}
