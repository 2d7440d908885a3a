import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { clockText } from '../ui/format.ts';
import { color, dark } from '../ui/theme.ts';
import { throughput } from './store.ts';

const HEIGHT = 150;
/** The chart always shows this time, so a new chart is not stretched. The store keeps figures for longer. */
const SECONDS_SHOWN = 30;

/** Megabytes a second of all data queues in the last half minute. The table below has the figures. */
export function ThroughputChart() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => (place.current ? draw(place.current) : undefined), []);
  return <div class="chart" ref={place} aria-hidden="true" />;
}

function data(): uPlot.AlignedData {
  const { times, rates } = throughput.value;
  return [[...times], [...rates]];
}

function draw(place: HTMLElement): () => void {
  let chart: uPlot | undefined;
  const width = () => Math.max(place.clientWidth, 200);
  const ends = [
    effect(() => {
      // A chart keeps the colours that it was made with.
      void dark.value;
      chart?.destroy();
      chart = new uPlot(options(width()), [[], []], place);
    }),
    effect(() => chart?.setData(data())),
  ];
  const observer = new ResizeObserver(() => chart?.setSize({ width: width(), height: HEIGHT }));
  observer.observe(place);
  return () => {
    for (const end of ends) end();
    observer.disconnect();
    chart?.destroy();
  };
}

/** An axis without data would begin in 1970, so it has no labels. */
const timeOf = (seconds: number): string =>
  throughput.peek().times.length > 1 ? clockText(seconds * 1000).slice(0, 8) : '';

function options(width: number): uPlot.Options {
  const axis = { stroke: color('muted'), grid: { stroke: color('line'), width: 1 }, ticks: { stroke: color('line') } };
  return {
    width,
    height: HEIGHT,
    // Leaves room for the last time at the right edge.
    padding: [8, 28, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { range: (_, __, max) => [max - SECONDS_SHOWN, max] },
      y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.1] },
    },
    axes: [
      { ...axis, values: (_, splits) => splits.map(timeOf), space: 80, size: 28 },
      { ...axis, size: 44, space: 24, label: 'MB/s', labelSize: 20 },
    ],
    series: [
      {},
      { label: 'MB/s', stroke: color('device'), width: 2, fill: color('device-soft'), points: { show: false } },
    ],
  };
}
