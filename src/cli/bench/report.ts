import Table from 'cli-table3';
import type { Output } from '../output.ts';
import type { ImplementationName } from './implementation.ts';
import type { MachineFacts } from './machine.ts';
import type { RowResult } from './run.ts';

/** An element of --json. */
export interface JsonResult {
  case: string;
  bytes: number;
  batch: number;
  implementation: ImplementationName;
  MBps: number;
  opsPerSecond: number;
}

const significant = (value: number) => Number(value.toPrecision(5));

export function jsonResults(rows: readonly RowResult[]): JsonResult[] {
  return rows.flatMap(({ case: item, bytes, batch, speeds }) =>
    IN_ORDER.flatMap((implementation) => {
      const speed = speeds[implementation];
      if (!speed) return [];
      const { MBps, opsPerSecond } = speed;
      return [
        {
          case: item.name,
          bytes,
          batch,
          implementation,
          MBps: significant(MBps),
          opsPerSecond: significant(opsPerSecond),
        },
      ];
    }),
  );
}

const IN_ORDER: readonly ImplementationName[] = ['engine', 'node', 'node-masked', 'noble'];
const PEERS: readonly ImplementationName[] = ['node', 'node-masked', 'noble'];
const HEADS = ['bytes', 'batch', 'requests/s', 'engine', 'node', 'masked', 'noble', '/node', '/masked', '/noble'];
const ABSENT = '-';

/** The table for people, with a head that says where it was measured and a foot that says what. */
export function tableText(rows: readonly RowResult[], facts: MachineFacts, paint: Output['colors']): string {
  const table = new Table({
    head: HEADS.map((head) => paint.bold(head)),
    colAligns: HEADS.map(() => 'right'),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: NO_LINES,
  });
  let current = '';
  for (const row of rows) {
    if (row.case.name !== current) {
      current = row.case.name;
      table.push([{ colSpan: HEADS.length, content: paint.cyan(current), hAlign: 'left' }]);
    }
    const { speeds } = row;
    table.push([
      String(row.bytes),
      String(row.batch),
      speeds.engine ? Math.round(speeds.engine.opsPerSecond).toLocaleString('en-US') : ABSENT,
      ...IN_ORDER.map((name) => figure(speeds[name]?.MBps)),
      ...PEERS.map((name) => {
        const ratio = speeds[name]?.engineRatio;
        if (ratio === undefined) return ABSENT;
        return (ratio >= 1 ? paint.green : paint.yellow)(figure(ratio));
      }),
    ]);
  }
  const sizes = [...new Set(rows.map(({ bytes }) => bytes))].join(', ');
  return [
    `virtio-crypto-wasm ${facts.library}, Node ${facts.node}, OpenSSL ${facts.openssl}`,
    `${facts.cpu}, ${facts.cores} ${facts.cores === 1 ? 'core' : 'cores'}, ${facts.platform}; sizes ${sizes} bytes`,
    `masked: OPENSSL_ia32cap=${facts.mask}`,
    '',
    table.toString().replace(/ +$/gm, ''),
    '',
    paint.dim(FOOTNOTE),
    '',
  ].join('\n');
}

/** Three digits that matter. */
function figure(value: number | undefined): string {
  if (value === undefined) return ABSENT;
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

const FOOTNOTE = `MB/s (10^6 bytes) of requests/s: medians of rounds in which the implementations take turns. /node, /masked and /noble: how
many times as fast the engine is, medians of the rounds' ratios. Results are compared with node:crypto's before and after.
Timed for the engine, a batch: the heads of its chains are stored in the avail ring, used_event and avail.idx written, the
PCI notify register written, the ISR register read, used.idx compared; inside the device that is everything, from reading
descriptors to the used ring. Chains (72-byte header, IV, source; result, status; one indirect table each) are built once
and the session is made once; no guest runs, and its driver's own work is not counted.
Timed for the others, a request: one call each. node: createCipheriv or createDecipheriv, setAutoPadding(false), update and
final; masked: the same in a process whose OpenSSL sees no AES-NI, PCLMULQDQ and SHA-NI; noble: cbc(key, iv), encrypt or
decrypt. They expand the key at every request, which a session does once; a batch means nothing to them but other data.`;

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};
