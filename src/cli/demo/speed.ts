import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import type { GuestConsole } from '../../guest/console.ts';
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

/** AES-128-CBC in the guest at one size and depth: software beside the device, in 10^6 bytes a second. */
export interface SpeedRow {
  bytes: number;
  inFlight: number;
  softwareMBps: number;
  deviceMBps: number;
  ratio: number;
}

const MEASURE_TIMEOUT_MS = 120_000;

/**
 * Measures the guest's own software, with the driver unloaded, and then the device: the kernel's clock takes whichever
 * implementation the kernel prefers.
 */
export async function measureSpeed(console: GuestConsole, output: Output): Promise<SpeedRow[]> {
  const shell = {
    run: async (command: string) => (await console.run(command, { timeoutMs: MEASURE_TIMEOUT_MS })).output,
  };
  const bar = output.stream.isTTY
    ? new SingleBar({
        format: '  {bar} {value}/{total}',
        stream: output.stream,
        clearOnComplete: true,
        hideCursor: true,
      })
    : undefined;
  bar?.start(2 * MEASURED_BYTES.length * MEASURED_IN_FLIGHT.length, 0);
  const figures: SpeedFigure[] = [];
  const note = (figure: SpeedFigure) => {
    figures.push(figure);
    bar?.increment();
  };
  try {
    await unloadDriver(console);
    await measureDriver(shell, SOFTWARE_DRIVER, note);
    await loadDriver(console);
    await measureDriver(shell, DEVICE_DRIVER, note);
  } finally {
    bar?.stop();
  }
  return speedRows(figures);
}

/** Puts each software figure beside the device's of the same size and depth. */
export function speedRows(figures: readonly SpeedFigure[]): SpeedRow[] {
  const find = (driver: string, bytes: number, inFlight: number) =>
    figures.find((figure) => figure.driver === driver && figure.bytes === bytes && figure.inFlight === inFlight)?.MBps;
  const round = (value: number) => Math.round(value * 100) / 100;
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

/** The rows as people read them. */
export function speedTable(rows: readonly SpeedRow[], colors: Output['colors']): string {
  const table = new Table({
    head: ['request', 'in flight', 'software MB/s', 'device MB/s', 'ratio'],
    colAligns: ['right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    // No line between rows: eight rows need none.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { bytes, inFlight, softwareMBps, deviceMBps, ratio } of rows) {
    const size = bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
    const factor = `${ratio.toFixed(1)} ×`;
    table.push([
      size,
      String(inFlight),
      softwareMBps.toFixed(1),
      deviceMBps.toFixed(1),
      ratio > 1 ? colors.green(factor) : factor,
    ]);
  }
  return table.toString();
}
