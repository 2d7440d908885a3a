import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { bytesText, figure } from '../ui/format.ts';
import { Scroll } from '../ui/scroll.tsx';
import { color, dark } from '../ui/theme.ts';
import { SIZES, speedSeries } from './speed.ts';

const HEIGHT = 240;
/** uPlot's number for a layout in which bars fill a group's width. */
const GROUP_WIDTH = 0.7;

/** Shows nothing before the first run, because an empty chart would only push the experiments down. */
export function SpeedChart() {
  const { software, device } = speedSeries.value;
  return [...software, ...device].some((value) => value !== null) ? <Figures /> : null;
}

/** Software and device by request size, while they are measured. The table has the same figures as text. */
function Figures() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => (place.current ? draw(place.current) : undefined), []);
  const { software, device } = speedSeries.value;
  return (
    <figure class="chart">
      <div ref={place} aria-hidden="true" />
      <Scroll label="Throughput by request size">
        <table data-testid="speed-table">
          <caption>AES-128-CBC in the guest, MB/s</caption>
          <thead>
            <tr>
              <th scope="col">request</th>
              <th scope="col">software</th>
              <th scope="col">device</th>
              <th scope="col">ratio</th>
            </tr>
          </thead>
          <tbody>
            {SIZES.map((bytes, index) => (
              <tr key={bytes}>
                <th scope="row">{bytesText(bytes)}</th>
                <td>{figureOrDash(software[index])}</td>
                <td>{figureOrDash(device[index])}</td>
                <td>{ratio(software[index], device[index])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </figure>
  );
}

function ratio(software: number | null | undefined, device: number | null | undefined): string {
  return software && device ? `${figure(device / software)} ×` : '–';
}

function figureOrDash(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : figure(value);
}

function draw(place: HTMLElement): () => void {
  let chart: uPlot | undefined;
  const width = () => Math.max(place.clientWidth, 200);
  const end = effect(() => {
    // A chart keeps the colours that it was made with.
    void dark.value;
    const { software, device } = speedSeries.peek();
    chart?.destroy();
    chart = new uPlot(options(width()), [SIZES.map((_, index) => index), software, device], place);
  });
  const follow = effect(() => {
    const { software, device } = speedSeries.value;
    chart?.setData([SIZES.map((_, index) => index), software, device]);
  });
  const observer = new ResizeObserver(() => chart?.setSize({ width: width(), height: HEIGHT }));
  observer.observe(place);
  return () => {
    end();
    follow();
    observer.disconnect();
    chart?.destroy();
  };
}

function options(width: number): uPlot.Options {
  const axis = { stroke: color('muted'), grid: { stroke: color('line'), width: 1 }, ticks: { stroke: color('line') } };
  const bars = (align: -1 | 1) => uPlot.paths.bars?.({ size: [GROUP_WIDTH / 2, 60], align, gap: 2 });
  const series = (label: string, name: string, align: -1 | 1): uPlot.Series => {
    const paths = bars(align);
    return { label, stroke: color(name), fill: color(name), points: { show: false }, ...(paths ? { paths } : {}) };
  };
  return {
    width,
    height: HEIGHT,
    cursor: { show: false },
    legend: { live: false },
    scales: {
      x: { time: false, range: () => [-0.6, SIZES.length - 0.4] },
      y: { range: (_, __, max) => [0, Math.max(max, 10) * 1.1] },
    },
    axes: [
      {
        ...axis,
        splits: () => SIZES.map((_, index) => index),
        values: () => SIZES.map(bytesText),
        grid: { show: false },
      },
      { ...axis, size: 44, label: 'MB/s', labelSize: 20 },
    ],
    series: [{}, series('software', 'software', -1), series('device', 'device', 1)],
  };
}
