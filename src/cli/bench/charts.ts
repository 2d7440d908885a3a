import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IMPLEMENTATIONS } from './implementation.ts';
import { loadLines } from './lines.ts';
import type { RowResult, Speed } from './run.ts';

/** Backends of the device that are drawn beside its engine: what a device does by itself, and threads. */
export const CHART_BACKENDS = ['auto', 'workers'] as const;
/** The lines, in the order of the legend. */
const LINES = [...IMPLEMENTATIONS.slice(0, 1), ...CHART_BACKENDS, ...IMPLEMENTATIONS.slice(1)];

/** What a chart shows over the packet size. */
interface Chart {
  file: string;
  title: string;
  figure(speed: Speed): number;
}

const CHARTS: readonly Chart[] = [
  { file: 'packets-mbps.svg', title: 'Throughput, Mbps', figure: ({ MBps }) => MBps * 8 },
  { file: 'packets-kpps.svg', title: 'Packets, thousands a second', figure: ({ opsPerSecond }) => opsPerSecond / 1000 },
];

/** Draws results over their packet sizes into a folder, a line for each implementation, and answers the files' paths. */
export type DrawCharts = (rows: readonly RowResult[], folder: string) => Promise<string[]>;

/**
 * Loads the plotting library.
 * @throws BenchError where it is not installed
 */
export async function loadCharts(): Promise<DrawCharts> {
  const draw = await loadLines();
  return async (rows, folder) => {
    await mkdir(folder, { recursive: true });
    const paths: string[] = [];
    for (const { file, title, figure } of CHARTS) {
      const path = join(folder, file);
      const points = rows.flatMap(({ bytes, speeds }) =>
        LINES.flatMap((line) => {
          const speed = speeds[line];
          return speed ? [{ bytes, line, value: figure(speed) }] : [];
        }),
      );
      await draw({ path, title, lines: LINES.filter((name) => points.some(({ line }) => line === name)), points });
      paths.push(path);
    }
    return paths;
  };
}
