// Packets of the IPSEC service (5.9.7.9) through the device's rings, beside the device's own requests of the same size, and beside ESP in
// JavaScript over node:crypto.
import { randomBytes } from 'node:crypto';
import * as spec from '../../../spec/ipsec.ts';
import { CryptoDevice } from '../../device/device.ts';
import { type IpsecData, ipsecOperation } from '../../driver/operations.ts';
import { type CaseName, PACKET_BATCH, rowsOf } from './cases.ts';
import { prepareChains, startMachine } from './device.ts';
import { EngineRunner } from './engine.ts';
import { ESP_SUITES, type EspAssociation, type EspSuite, EspTunnel, headerChecksum } from './esp_tunnel.ts';
import { BenchError, type Runner } from './implementation.ts';
import { measureRounds, median, paceFor, type Timed } from './measure.ts';
import { workloadOf } from './workload.ts';

/** The device's own requests that do the same work on a packet's bytes. */
const REQUESTS: Record<EspSuite, CaseName> = {
  'aes-128-cbc+hmac-sha-256': 'aes-128-cbc+hmac-sha-256',
  'aes-128-gcm': 'aes-128-gcm-encrypt',
};

/** Bytes of the packets: requests of CBC have whole blocks. */
export const ESP_SIZES: readonly number[] = [64, 128, 256, 512, 1024, 1488];
/** What is measured beside each other: the device's packets both ways, its requests, and JavaScript, which only sends. */
export const ESP_RUNNERS = ['outbound', 'inbound', 'requests', 'node'] as const;
export type EspRunner = (typeof ESP_RUNNERS)[number];

/** Packets a second, and how many times as many as requests, or as node:crypto: medians of the rounds. */
export interface EspResult {
  suite: EspSuite;
  bytes: number;
  packetsPerSecond: Record<EspRunner, number>;
  outboundToRequests: number;
  inboundToRequests: number;
  outboundToNode: number;
}

/**
 * Measures all sizes, everything of one size in turns, so that a slow time of the machine hits all of it.
 * @param milliseconds of all work together
 * @throws BenchError where the device does not take what node:crypto makes, or does not complete its requests
 */
export async function measureIpsec(milliseconds: number, signal?: AbortSignal): Promise<EspResult[]> {
  const suites = Object.keys(ESP_SUITES).filter((name): name is EspSuite => name in ESP_SUITES);
  const each = milliseconds / suites.length / ESP_SIZES.length;
  const results: EspResult[] = [];
  for (const suite of suites) {
    for (const bytes of ESP_SIZES) results.push(await measureSize(suite, bytes, each, signal));
  }
  return results;
}

async function measureSize(suite: EspSuite, bytes: number, milliseconds: number, signal?: AbortSignal) {
  const sa = newAssociation(suite);
  const packets = Array.from({ length: PACKET_BATCH }, () => somePacket(bytes));
  const sender = new EspTunnel(sa);
  const sealed = packets.map((packet) => sender.protect(packet));
  const [row] = rowsOf([REQUESTS[suite]], [bytes], [PACKET_BATCH]);
  if (!row) throw new BenchError('ipsec: there is no such case.');
  const runners: (Timed & Pick<Runner, 'dispose'>)[] = [];
  try {
    const device = [deviceRunner(sa, 'outbound', packets), deviceRunner(sa, 'inbound', sealed)];
    runners.push(...device, await EngineRunner.prepare(workloadOf(row)), nodeRunner(sa, packets));
    // It throws for a request that failed.
    for (const runner of device) await runner.digest();
    const seconds = await measureRounds(runners, paceFor(milliseconds, runners.length), signal);
    return resultOf(suite, bytes, seconds);
  } finally {
    for (const runner of runners) runner.dispose();
  }
}

function resultOf(suite: EspSuite, bytes: number, seconds: readonly number[][]): EspResult {
  const [outbound = [], inbound = [], requests = [], node = []] = seconds;
  const rate = (rounds: readonly number[]) => PACKET_BATCH / median(rounds);
  // The median of the rounds' ratios: a round's turns follow each other closely.
  const times = (one: readonly number[], other: readonly number[]) =>
    median(one.map((time, round) => (other[round] ?? Number.NaN) / time));
  return {
    suite,
    bytes,
    packetsPerSecond: { outbound: rate(outbound), inbound: rate(inbound), requests: rate(requests), node: rate(node) },
    outboundToRequests: times(outbound, requests),
    inboundToRequests: times(inbound, requests),
    outboundToNode: times(outbound, node),
  };
}

function newAssociation(suite: EspSuite): EspAssociation {
  return {
    ...{ suite, spi: 0x1234_5678, key: randomBytes(16), macKey: randomBytes(32), salt: randomBytes(4) },
    ...{ source: Uint8Array.of(203, 0, 113, 1), destination: Uint8Array.of(203, 0, 113, 2) },
  };
}

/** An IPv4 packet of so many bytes. */
function somePacket(bytes: number): Uint8Array {
  const packet = randomBytes(bytes);
  packet.fill(0, 0, 20);
  packet.writeUInt8(0x45, 0);
  packet.writeUInt16BE(bytes, 2);
  packet.writeUInt8(64, 8);
  packet.writeUInt8(17, 9);
  packet.writeUInt16BE(headerChecksum(packet), 10);
  return packet;
}

/** The object of an association in a tunnel without a window: the same packets arrive again and again. */
function objectOf(sa: EspAssociation, direction: IpsecData['direction']): Uint8Array {
  const { cipher, auth } = ESP_SUITES[sa.suite];
  const object = Buffer.alloc(spec.SA_OBJECT_BYTES);
  object.writeUInt8(spec.SA_ESP_TUNNEL, spec.SA_OBJECT_MODE);
  object.writeUInt8(direction === 'outbound' ? spec.SA_OUTBOUND : spec.SA_INBOUND, spec.SA_OBJECT_DIRECTION);
  object.writeUInt32LE(sa.spi, spec.SA_OBJECT_SPI);
  object.set(sa.salt, spec.SA_OBJECT_SALT);
  object.writeUInt8(spec.SA_TUNNEL_IPV4, spec.SA_OBJECT_TUNNEL_TYPE);
  object.set(sa.source, spec.SA_OBJECT_IPV4_ADDRESSES);
  object.set(sa.destination, spec.SA_OBJECT_IPV4_ADDRESSES + 4);
  object.writeBigUInt64LE(BigInt(cipher), spec.SA_OBJECT_CIPHER);
  object.writeUInt16LE(sa.key.length, spec.SA_OBJECT_CIPHER_KEY_LEN);
  object.set(sa.key, spec.SA_OBJECT_CIPHER_KEY);
  if (auth === 0) return object;
  object.writeBigUInt64LE(BigInt(auth), spec.SA_OBJECT_AUTH);
  object.writeUInt16LE(sa.macKey.length, spec.SA_OBJECT_AUTH_KEY_LEN);
  object.set(sa.macKey, spec.SA_OBJECT_AUTH_KEY);
  return object;
}

/** Room for a result beyond its packet: outer header, IV, padding, ICV. */
const ADDED_BYTES = 96;

function deviceRunner(sa: EspAssociation, direction: IpsecData['direction'], packets: readonly Uint8Array[]): Runner {
  const bytes = packets[0]?.length ?? 0;
  const machine = startMachine(
    {
      ring: 'split',
      backend: 'inline',
      createDevice: (options) => new CryptoDevice({ ...options, securityAssociations: 1 }),
    },
    packets.length * (2 * bytes + 1024),
    64 * 1024,
  );
  const number = direction === 'outbound' ? spec.SA_OUTBOUND : spec.SA_INBOUND;
  const status = machine.device.associations?.create(number, 0, objectOf(sa, direction));
  if (status !== spec.SA_DONE) throw new BenchError(`ipsec: the device refuses an association: ${status}.`);
  const mode = { revision1: false, statelessLayout: false, session: 0n };
  const operations = packets.map((data) => ipsecOperation({ direction, data, length: bytes + ADDED_BYTES }, mode));
  return EngineRunner.over(prepareChains(machine, operations), 'split', bytes);
}

function nodeRunner(sa: EspAssociation, packets: readonly Uint8Array[]): Timed & Pick<Runner, 'dispose'> {
  const tunnel = new EspTunnel(sa);
  return {
    run: (times) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) {
        for (const packet of packets) tunnel.protect(packet);
      }
      return performance.now() - start;
    },
    dispose: () => {},
  };
}
