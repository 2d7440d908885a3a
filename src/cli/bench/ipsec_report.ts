import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Table from 'cli-table3';
import { PACKET_BATCH } from './cases.ts';
import { BenchError } from './implementation.ts';
import type { EspResult } from './ipsec.ts';
import { loadLines } from './lines.ts';

const thousands = (rate: number) => (rate / 1000).toFixed(0);

/** Packets a second as a table: a row a suite and size. */
export function ipsecText(results: readonly EspResult[]): string {
  const table = new Table({
    head: [
      'ESP tunnel',
      'packet',
      'outbound',
      'inbound',
      'requests',
      'node',
      'outbound/requests',
      'inbound/requests',
      'outbound/node',
    ],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
  });
  for (const { suite, bytes, packetsPerSecond, ...ratios } of results) {
    const { outbound, inbound, requests, node } = packetsPerSecond;
    const { outboundToRequests, inboundToRequests, outboundToNode } = ratios;
    table.push([
      ...[suite, bytes, thousands(outbound), thousands(inbound), thousands(requests), thousands(node)],
      ...[outboundToRequests, inboundToRequests, outboundToNode].map((ratio) => ratio.toFixed(2)),
    ]);
  }
  return `ESP in an IPv4 tunnel, thousands of packets a second, ${PACKET_BATCH} a notification; requests of the same size in the same device; node: ESP in JavaScript over node:crypto\n${table.toString()}\n`;
}

/** The same as data: see --json. */
export function ipsecJson(results: readonly EspResult[]): object[] {
  return results.map(({ suite, bytes, packetsPerSecond, ...ratios }) => ({
    case: `esp-tunnel ${suite}`,
    bytes,
    packetsPerSecond,
    ...ratios,
  }));
}

const FILE = 'esp-kpps.svg';
const SHORT = { 'aes-128-cbc+hmac-sha-256': 'CBC + HMAC', 'aes-128-gcm': 'GCM' } as const;

/**
 * Draws packets a second over their size into a folder, and answers the file's path.
 * @throws BenchError where the plotting library is not installed
 */
export async function loadIpsecChart(): Promise<(results: readonly EspResult[], folder: string) => Promise<string>> {
  const draw = await loadLines();
  return async (results, folder) => {
    const points = results.flatMap(({ suite, bytes, packetsPerSecond: { outbound, requests, node } }) =>
      Object.entries({ ESP: outbound, requests, 'ESP in JavaScript': node }).map(([name, rate]) => ({
        ...{ bytes, line: `${SHORT[suite]}: ${name}`, value: rate / 1000 },
      })),
    );
    if (points.length === 0) throw new BenchError('ipsec: there is nothing to draw.');
    await mkdir(folder, { recursive: true });
    const path = join(folder, FILE);
    await draw({
      path,
      title: 'Packets, thousands a second',
      lines: [...new Set(points.map(({ line }) => line))],
      points,
    });
    return path;
  };
}
