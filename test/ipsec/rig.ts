// A device that offers the IPSEC service, with its driver, for the tests of packets.
import { createHash } from 'node:crypto';
import { SA_INBOUND, SA_OUTBOUND } from '../../spec/ipsec.ts';
import type { SaTable } from '../../src/device/ipsec/sa_table.ts';
import { type Bench, type BenchOptions, createBench } from '../../src/testing/index.ts';
import { type Association, objectOf } from './model.ts';
import { address4, address6 } from './packets.ts';

export const DIRECTIONS = { outbound: SA_OUTBOUND, inbound: SA_INBOUND } as const;

export type IpsecBench = Bench & { table: SaTable };

/** A bench with room for 8 associations of each direction. */
export async function ipsecBench(options: BenchOptions = {}): Promise<IpsecBench> {
  const bench = await createBench({ securityAssociations: 8, layout: 'revision1', algorithms: 'all', ...options });
  const { associations } = bench.device;
  if (!associations) throw new Error('The device offers no security associations.');
  return { ...bench, table: associations };
}

/** Makes both ends of an association in one device. Returns the statuses. */
export function open(table: SaTable, sa: Association, id = 0): number[] {
  return (['outbound', 'inbound'] as const).map((direction) =>
    table.create(DIRECTIONS[direction], id, objectOf(sa, direction)),
  );
}

/** Bytes that look random and are always the same. */
export function someBytes(length: number, seed: string | number = 0): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, at) =>
    createHash('sha256').update(`${seed}/${at}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

export const TUNNEL4 = {
  version: 4,
  source: address4('203.0.113.1'),
  destination: address4('203.0.113.2'),
  dscp: 10,
  df: true,
  ttl: 32,
} as const;
export const TUNNEL6 = {
  version: 6,
  source: address6(0x11),
  destination: address6(0x12),
  dscp: 46,
  flow: 0x12345,
  hopLimit: 63,
} as const;

/** An association with AES-CBC and HMAC-SHA-256-128, or as `changes` say. */
export function association(changes: Partial<Association> = {}): Association {
  return {
    mode: 'esp-tunnel',
    spi: 0x1234_5678,
    cipher: 'aes-cbc',
    key: someBytes(16, 'key'),
    auth: 'hmac-sha-256-128',
    authKey: someBytes(32, 'auth'),
    salt: someBytes(4, 'salt'),
    window: 64,
    tunnel: TUNNEL4,
    ...changes,
  };
}
