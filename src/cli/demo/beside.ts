import { BESIDE_CASES, BESIDE_ROUNDS, type BesideFigure, measureBeside as measureInGuest } from '../../guest/beside.ts';
import type { GuestConsole } from '../../guest/console.ts';
import { SOFTWARE_DRIVER } from '../../guest/measure.ts';
import type { Output } from '../output.ts';
import { progressBar, table } from './table.ts';

/** Computing in the guest while it encrypts by one implementation, at a rate or as fast as it can. */
export interface BesideRow {
  by: 'software' | 'device';
  /** 10^6 bytes a second that the guest asks for; null if as many as it can. */
  askedMBps: number | null;
  MBps: number;
  /** Iterations a second of the computing process. */
  alone: number;
  beside: number;
  /** beside / alone */
  kept: number;
}

/** Measures in the guest, with the driver loaded. */
export async function measureBeside(console: GuestConsole, output: Output): Promise<BesideRow[]> {
  const bar = progressBar(output, BESIDE_CASES.length * BESIDE_ROUNDS);
  try {
    const run = async (command: string) => (await console.run(command)).output;
    return besideRows(await measureInGuest({ run }, () => bar?.increment()));
  } finally {
    bar?.stop();
  }
}

export function besideRows(figures: readonly BesideFigure[]): BesideRow[] {
  const round = (value: number) => Math.round(value * 100) / 100;
  return figures.map(({ driver, askedMBps, MBps, alone, beside, kept }) => ({
    by: driver === SOFTWARE_DRIVER ? 'software' : 'device',
    askedMBps: askedMBps === undefined ? null : round(askedMBps),
    MBps: round(MBps),
    alone,
    beside,
    kept: round(kept),
  }));
}

/** The rows as people read them. */
export function besideTable(rows: readonly BesideRow[]): string {
  return table(
    ['encrypts by', 'asks for MB/s', 'gets MB/s', 'computes alone', 'beside', 'keeps'],
    rows.map(({ by, askedMBps, MBps, alone, beside, kept }) => [
      by,
      askedMBps?.toFixed(1) ?? 'all it can',
      MBps.toFixed(1),
      `${(alone / 1000).toFixed(0)} k/s`,
      `${(beside / 1000).toFixed(0)} k/s`,
      `${(kept * 100).toFixed(0)} %`,
    ]),
  );
}
