import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { BenchError, IMPLEMENTATIONS, installed } from './implementation.ts';
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

/** Colours that stand out on white and on black alike, one for each implementation. */
const COLOURS = ['#d62839', '#e4572e', '#c0408a', '#2e86ab', '#8a6fb0', '#7a8b00', '#c48a00', '#2a9d6f', '#808080'];
/** Text, axes and grid: between black and white. */
const INK = '#808080';
/** Where the vertical axis has its marks. */
const DECADES = [1, 10, 100, 1000, 10_000, 100_000];
const FONT = 'system-ui, sans-serif';

/** Draws results over their packet sizes into a folder, a line for each implementation, and answers the files' paths. */
export type DrawCharts = (rows: readonly RowResult[], folder: string) => Promise<string[]>;

/**
 * Loads the plotting library.
 * @throws BenchError where it is not installed
 */
export async function loadCharts(): Promise<DrawCharts> {
  const libraries = await installed(() => Promise.all([import('vega'), import('vega-lite')]));
  if (!libraries) {
    throw new BenchError(
      'Charts need vega and vega-lite, which are not installed (npm install --no-save vega vega-lite).',
    );
  }
  const [vega, { compile }] = libraries;
  return async (rows, folder) => {
    await mkdir(folder, { recursive: true });
    const paths: string[] = [];
    for (const chart of CHARTS) {
      const view = new vega.View(vega.parse(compile(specificationOf(chart, rows)).spec), { renderer: 'none' });
      const path = join(folder, chart.file);
      await writeFile(path, `${await view.toSVG()}\n`);
      view.finalize();
      paths.push(path);
    }
    return paths;
  };
}

function specificationOf(chart: Chart, rows: readonly RowResult[]): TopLevelSpec {
  const points = rows.flatMap(({ bytes, speeds }) =>
    LINES.flatMap((implementation) => {
      const speed = speeds[implementation];
      return speed ? [{ bytes, implementation, value: chart.figure(speed) }] : [];
    }),
  );
  const drawn = LINES.filter((name) => points.some(({ implementation }) => implementation === name));
  const sizes = [...new Set(rows.map(({ bytes }) => bytes))];
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 560,
    height: 300,
    background: 'transparent',
    data: { values: points },
    mark: { type: 'line', point: { size: 36 }, strokeWidth: 2.5 },
    encoding: {
      x: {
        field: 'bytes',
        type: 'quantitative',
        scale: { type: 'log', base: 2, nice: false },
        axis: {
          title: 'Packet, bytes',
          values: sizes,
          format: ',d',
          grid: false,
          labelFlush: false,
          labelOverlap: false,
        },
      },
      y: {
        field: 'value',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { title: chart.title, values: DECADES, format: ',d' },
      },
      color: {
        field: 'implementation',
        type: 'nominal',
        scale: { domain: drawn, range: COLOURS.slice(0, drawn.length) },
        legend: { title: null, orient: 'top', columnPadding: 24, columns: 4 },
      },
    },
    config: {
      font: FONT,
      view: { stroke: null },
      axis: {
        labelColor: INK,
        titleColor: INK,
        tickColor: INK,
        domainColor: INK,
        gridColor: INK,
        gridOpacity: 0.25,
        labelFontSize: 12,
        titleFontSize: 13,
        titleFontWeight: 'normal',
      },
      legend: { labelColor: INK, labelFontSize: 13, symbolStrokeWidth: 3 },
    },
  };
}
