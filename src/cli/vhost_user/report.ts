import type { Counts, Statistics } from '../../device/statistics.ts';
import { table } from '../demo/table.ts';

/** What a device has done so far: a row for each queue, and one for each service that was used. */
export function report({ queues, services, elsewhere }: Statistics): string {
  const rows = [
    ...queues.map((counts, index): [string, Counts] => [
      counts.kind === 'control' ? 'control queue' : `data queue ${index + 1}`,
      counts,
    ]),
    ...Object.entries(services).filter(([, { requests }]) => requests > 0),
  ];
  const lines = table(
    ['', 'requests', 'bytes', 'not OK', 'ms'],
    rows.map(([name, { requests, bytes, errors, milliseconds }]) => {
      const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
      return [name, `${requests}`, `${bytes}`, `${failed}`, milliseconds.toFixed(1)];
    }),
  );
  return `${lines}\nOf these, node:crypto did ${elsewhere.host} operations, and workers ${elsewhere.workers} requests.`;
}
