import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKET_SIZES, rowsOf } from '../../src/cli/bench/cases.ts';
import { loadCharts } from '../../src/cli/bench/charts.ts';

it('the charts have a line for each implementation, and a mark for each packet size', async () => {
  const results = rowsOf(['aes-128-cbc+hmac-sha-256'], PACKET_SIZES, [64]).map((row) => {
    const speed = (opsPerSecond: number) => ({ opsPerSecond, MBps: (opsPerSecond * row.bytes) / 1e6, engineRatio: 1 });
    return { ...row, speeds: { engine: speed(1e6), auto: speed(1.1e6), node: speed(2e5), 'node-masked': speed(1e5) } };
  });
  const folder = await mkdtemp(join(tmpdir(), 'virtio-crypto-charts-'));
  try {
    const draw = await loadCharts();
    const paths = await draw(results, join(folder, 'charts'));
    expect(paths.map((path) => basename(path))).toEqual(['packets-mbps.svg', 'packets-kpps.svg']);
    for (const path of paths) {
      const svg = await readFile(path, 'utf8');
      for (const word of ['engine', 'auto', 'node', 'node-masked', '64', '1,024', '16,384', 'Packet, bytes']) {
        expect(svg).toContain(`>${word}</text>`);
      }
      expect(svg).not.toContain('>noble</text>');
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
