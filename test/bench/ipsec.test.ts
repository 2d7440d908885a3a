// The benchmark of IPsec packets: what it measures beside the device is right, and each size has its figures.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { ESP_SUITES, type EspSuite, EspTunnel } from '../../src/cli/bench/esp_tunnel.ts';
import { ESP_SIZES, type EspResult, measureIpsec } from '../../src/cli/bench/ipsec.ts';
import { ipsecJson, ipsecText, loadIpsecChart } from '../../src/cli/bench/ipsec_report.ts';
import { outbound } from '../ipsec/model.ts';
import { ipv4 } from '../ipsec/packets.ts';
import { association, someBytes, TUNNEL4 } from '../ipsec/rig.ts';

const SUITES = Object.keys(ESP_SUITES) as EspSuite[];

it.each(SUITES)('%s: ESP in JavaScript makes the packets of the model', (suite) => {
  const gcm = suite === 'aes-128-gcm';
  const sa = association({
    tunnel: { ...TUNNEL4, dscp: 0, df: false, ttl: 64 },
    ...(gcm ? { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) } : {}),
  });
  const { spi, key, salt } = sa;
  const ends = { source: TUNNEL4.source, destination: TUNNEL4.destination };
  const tunnel = new EspTunnel({ suite, spi, key, salt, macKey: someBytes(32, 'auth'), ...ends });
  const { ivBytes } = ESP_SUITES[suite];
  for (const [at, length] of [0, 1, 13, 14, 44, 1000].entries()) {
    const packet = ipv4({ payload: someBytes(length) });
    const made = Buffer.from(tunnel.protect(packet.bytes));
    expect(made).toEqual(outbound(sa, BigInt(at + 1), packet, made.subarray(28, 28 + ivBytes)));
  }
});

it('has figures for each suite and size', async () => {
  const results = await measureIpsec(12);
  expect(results.map(({ suite, bytes }) => [suite, bytes])).toEqual(
    SUITES.flatMap((suite) => ESP_SIZES.map((bytes) => [suite, bytes])),
  );
  for (const { packetsPerSecond, outboundToRequests, inboundToRequests, outboundToNode } of results) {
    for (const figure of [...Object.values(packetsPerSecond), outboundToRequests, inboundToRequests, outboundToNode])
      expect(figure).toBeGreaterThan(0);
  }
  expect(ipsecJson(results)).toHaveLength(results.length);
});

it('the table has a row for each, and the chart its lines', async () => {
  const packetsPerSecond = { outbound: 2e6, inbound: 3e6, requests: 4e6, node: 2e5 };
  const ratios = { outboundToRequests: 0.5, inboundToRequests: 0.75, outboundToNode: 10 };
  const results: EspResult[] = SUITES.flatMap((suite) =>
    ESP_SIZES.map((bytes) => ({ suite, bytes, packetsPerSecond, ...ratios })),
  );
  expect(ipsecText(results).match(/│ +64 │ +2000 │ +3000 │ +4000 │ +200 │ +0\.50 │ +0\.75 │ +10\.00 │/g)).toHaveLength(
    2,
  );
  const folder = await mkdtemp(join(tmpdir(), 'virtio-crypto-esp-'));
  try {
    const draw = await loadIpsecChart();
    const path = await draw(results, folder);
    expect(basename(path)).toBe('esp-kpps.svg');
    const svg = await readFile(path, 'utf8');
    for (const word of ['CBC + HMAC: ESP', 'GCM: requests', 'GCM: ESP in JavaScript', '64', '1,488', 'Packet, bytes'])
      expect(svg).toContain(`>${word}</text>`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
