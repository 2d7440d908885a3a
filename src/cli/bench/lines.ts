// Lines over packet sizes as SVG files: both axes are logarithmic.
import { writeFile } from 'node:fs/promises';
import type { TopLevelSpec } from 'vega-lite';
import { BenchError, installed } from './implementation.ts';

/** A chart: a line for each name, in the order of the legend. */
export interface Lines {
  path: string;
  /** Of the vertical axis. */
  title: string;
  lines: readonly string[];
  points: readonly { bytes: number; line: string; value: number }[];
}

/** Colours that stand out on white and on black alike, one for each implementation. */
const COLOURS = ['#d62839', '#e4572e', '#c0408a', '#2e86ab', '#8a6fb0', '#7a8b00', '#c48a00', '#2a9d6f', '#808080'];
/** Text, axes and grid: between black and white. */
const INK = '#808080';
/** Where the vertical axis has its marks. */
const DECADES = [1, 10, 100, 1000, 10_000, 100_000];
const FONT = 'system-ui, sans-serif';

/** Draws a chart into its file. */
export type DrawLines = (lines: Lines) => Promise<void>;

/**
 * Loads the plotting library.
 * @throws BenchError where it is not installed
 */
export async function loadLines(): Promise<DrawLines> {
  const libraries = await installed(() => Promise.all([import('vega'), import('vega-lite')]));
  if (!libraries) {
    throw new BenchError(
      'Charts need vega and vega-lite, which are not installed (npm install --no-save vega vega-lite).',
    );
  }
  const [vega, { compile }] = libraries;
  return async (lines) => {
    const view = new vega.View(vega.parse(compile(specificationOf(lines)).spec), { renderer: 'none' });
    await writeFile(lines.path, `${await view.toSVG()}\n`);
    view.finalize();
  };
}

function specificationOf({ title, lines, points }: Lines): TopLevelSpec {
  const sizes = [...new Set(points.map(({ bytes }) => bytes))];
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 560,
    height: 300,
    background: 'transparent',
    data: { values: [...points] },
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
        axis: { title, values: DECADES, format: ',d' },
      },
      color: {
        field: 'line',
        type: 'nominal',
        scale: { domain: [...lines], range: COLOURS.slice(0, lines.length) },
        legend: { title: null, orient: 'top', columnPadding: 24, columns: lines.length % 3 === 0 ? 3 : 4 },
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
      legend: { labelColor: INK, labelFontSize: 13, labelLimit: 0, symbolStrokeWidth: 3 },
    },
  };
}
