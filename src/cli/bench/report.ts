import Table from 'cli-table3';
import { BACKENDS, type RequestCosts } from '../../backend/contract.ts';
import type { Output } from '../output.ts';
import { type CaseName, PACKET_CASE } from './cases.ts';
import { IMPLEMENTATIONS, type ImplementationName } from './implementation.ts';
import type { MachineFacts } from './machine.ts';
import { OVERHEAD_BATCH, OVERHEAD_BYTES, type Overhead } from './overhead.ts';
import type { RingKind } from './rings.ts';
import type { RowResult } from './run.ts';

/** An element of --json. */
export interface JsonResult {
  case: string;
  bytes: number;
  batch: number;
  implementation: ImplementationName;
  MBps: number;
  opsPerSecond: number;
  /** Of auto: what it has learned of such requests. */
  costs?: RequestCosts;
}

const significant = (value: number) => Number(value.toPrecision(5));

export function jsonResults(rows: readonly RowResult[]): JsonResult[] {
  return rows.flatMap(({ case: item, bytes, batch, speeds, costs }) =>
    [...IMPLEMENTATIONS, ...BACKENDS].flatMap((implementation) => {
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
          ...(implementation === 'auto' && costs && { costs }),
        },
      ];
    }),
  );
}

const ABSENT = '-';
/** Names that fit over a column. */
const HEADS: Record<(typeof IMPLEMENTATIONS)[number], string> = {
  engine: 'engine',
  node: 'node',
  'node-masked': 'masked',
  webcrypto: 'webcrypto',
  noble: 'noble',
  'hash-wasm': 'hash-wasm',
  libsodium: 'libsodium',
};

/** The tables for people, one a case, with a head that says where it was measured and a foot that says what. */
export function tableText(
  rows: readonly RowResult[],
  facts: MachineFacts,
  ring: RingKind,
  paint: Output['colors'],
): string {
  const names = [...new Set(rows.map((row) => row.case.name))];
  const rowsNamed = (name: CaseName) => rows.filter((row) => row.case.name === name);
  return [
    headText(facts, ring),
    '',
    ...names.flatMap((name) => [paint.cyan(name), caseTable(rowsNamed(name), paint), '']),
    paint.dim(FOOTNOTE),
    '',
  ].join('\n');
}

/** What the two figures of --overhead are, under the same head. */
export function overheadText(overhead: Overhead, facts: MachineFacts, ring: RingKind): string {
  const { emptyNanoseconds, batchMicroseconds, batchToKernels } = overhead;
  return [
    headText(facts, ring),
    '',
    `A notification of an empty queue: ${figure(emptyNanoseconds)} ns`,
    `A notification of ${OVERHEAD_BATCH} requests of ${OVERHEAD_BYTES} bytes, aes-128-cbc-encrypt: ${figure(batchMicroseconds)} µs, ${figure(batchToKernels)} times the kernels' own`,
    "(what a byte more costs, times the bytes; the rest is the rings', the requests' and the registers')",
    '',
  ].join('\n');
}

function headText({ engine, ...facts }: MachineFacts, ring: RingKind): string {
  return [
    `virtio-crypto-wasm ${facts.library}, Node ${facts.node}, OpenSSL ${facts.openssl}`,
    `${facts.cpu}, ${facts.cores} ${facts.cores === 1 ? 'core' : 'cores'}, ${facts.platform}`,
    `engine: ${ring} ring, ${engine.build} build of ${Math.ceil(engine.bytes / 1024)} KiB, loaded and compiled in ${figure(engine.milliseconds)} ms`,
    `masked: OPENSSL_ia32cap=${facts.mask}`,
  ].join('\n');
}

function caseTable(rows: readonly RowResult[], paint: Output['colors']): string {
  const present = IMPLEMENTATIONS.filter((name) => rows.some(({ speeds }) => speeds[name]));
  const peers = present.filter((name) => name !== 'engine');
  // The field measures packets in bits and in thousands.
  const packets = rows[0]?.case.name === PACKET_CASE;
  const heads = [
    'bytes',
    'batch',
    ...(packets ? [] : ['requests/s']),
    ...present.map((name) => (packets ? `${HEADS[name]} Mbps` : HEADS[name])),
    ...(packets ? present.map((name) => `${HEADS[name]} Kpps`) : []),
    ...peers.map((name) => `/${HEADS[name]}`),
  ];
  const table = new Table({
    head: heads.map((head) => paint.bold(head)),
    colAligns: heads.map(() => 'right'),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: NO_LINES,
  });
  for (const { bytes, batch, speeds } of rows) {
    const perSecond = (name: ImplementationName) => speeds[name]?.opsPerSecond;
    table.push([
      String(bytes),
      String(batch),
      ...(packets ? [] : [Math.round(perSecond('engine') ?? 0).toLocaleString('en-US')]),
      ...present.map((name) => figure(times(speeds[name]?.MBps, packets ? 8 : 1))),
      ...(packets ? present.map((name) => figure(times(perSecond(name), 1e-3))) : []),
      ...peers.map((name) => {
        const ratio = speeds[name]?.engineRatio;
        if (ratio === undefined) return ABSENT;
        return (ratio >= 1 ? paint.green : paint.yellow)(figure(ratio));
      }),
    ]);
  }
  return table.toString().replace(/ +$/gm, '');
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

/** Three digits that matter. */
function figure(value: number | undefined): string {
  if (value === undefined) return ABSENT;
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

const FOOTNOTE = `MB/s (10^6 bytes) of requests/s; packets in Mbps (10^6 bits) and Kpps. Medians of rounds in which the implementations
take turns; /node and so on: how many times as fast the engine is, medians of the rounds' ratios. Results are compared with
node:crypto's before and after; what has not got a case's algorithm has no column.
Timed for the engine, a batch: its chains are made available in the ring, one interrupt is asked for, the PCI notify register
written, the ISR register read, and the ring seen to be used up; inside the device that is everything, from reading descriptors
to the used ring. Chains (72-byte header, IV, source; result, status; one indirect table each) are built once and the session is
made once; no guest runs, and its driver's own work is not counted.
Timed for the others, a request: one call each, which expands the key anew where the library has no place for one that is
expanded; a batch means nothing to them but other data. node: a createCipheriv, createHash or createHmac, update, final or
digest; masked: the same in a process whose OpenSSL sees no AES-NI, PCLMULQDQ and SHA-NI; webcrypto: imported keys, a batch's
promises at once, on threads; noble: one-shot functions; hash-wasm: init, update, digest of one hasher; libsodium: one-shot.`;

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
