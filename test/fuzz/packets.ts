// Requests of the IPSEC service as a driver means them, and the security associations that they name.
import { SA_INBOUND, SA_OUTBOUND } from '../../spec/ipsec.ts';
import type { SaTable } from '../../src/device/ipsec/sa_table.ts';
import { ipsecOperation } from '../../src/driver/operations.ts';
import { type Association, objectOf, outbound } from '../ipsec/model.ts';
import { address4, address6, ipv4, ipv6, type Packet } from '../ipsec/packets.ts';
import type { Template } from './templates.ts';

const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, at) => (at * 37 + length) & 0xff));
const NONE = Buffer.alloc(0);
const HOP_BY_HOP = { type: 0, data: Buffer.from([5, 2, 0, 0, 1, 0]), before: true };
/** A route with one address left, and the fragment header of a whole packet: AH and checksums treat these apart. */
const ROUTE = { type: 43, data: Buffer.concat([Buffer.from([2, 1, 0, 0, 0, 0]), address6(9)]), before: true };
const WHOLE = { type: 44, data: Buffer.from([0, 0, 0, 0, 0, 7]), before: true };

const BASE: Association = {
  mode: 'esp-tunnel',
  spi: 0x1234,
  cipher: 'aes-cbc',
  key: bytes(16),
  auth: 'hmac-sha-256-128',
  authKey: bytes(32),
  salt: bytes(4),
  window: 64,
  tunnel: { version: 4, source: address4('10.0.0.1'), destination: address4('10.0.0.2'), dscp: 1, df: true, ttl: 9 },
};

/** By their ids, with a packet that each protects. */
const ASSOCIATIONS: readonly (readonly [Association, Packet])[] = [
  [{ ...BASE, ecn: true, copyDscp: true, decrementTtl: true }, ipv4({ payload: bytes(40) })],
  [
    { ...BASE, mode: 'esp-transport', cipher: 'gcm', auth: 'none', authKey: NONE, esn: true, udp: true },
    ipv6({ payload: bytes(30), extensions: [HOP_BY_HOP, ROUTE] }),
  ],
  [
    { ...BASE, mode: 'ah-transport', cipher: 'null', key: NONE, lifetime: { packetsSoft: 2, packetsHard: 3 } },
    ipv4({ payload: bytes(20), options: Buffer.from([7, 7, 8, 1, 2, 3, 4, 0]), immutableOptions: Buffer.alloc(8) }),
  ],
  [
    { ...BASE, mode: 'ah-transport', cipher: 'null', key: NONE, auth: 'hmac-sha1-96' },
    ipv6({ payload: bytes(25), extensions: [HOP_BY_HOP, WHOLE] }),
  ],
];
export const ASSOCIATIONS_MAX = ASSOCIATIONS.length;

/** A request of an association: in the legacy layout, and with REVISION_1. */
export interface PacketTemplate {
  id: number;
  run: readonly [Template, Template];
}

export const PACKETS: readonly PacketTemplate[] = ASSOCIATIONS.flatMap(([association, packet], id) => {
  const arrived = [1n, 2n].map((sequence) => outbound(association, sequence, packet, bytes(16)));
  return [packetTemplate('outbound', id, packet.bytes), ...arrived.map((data) => packetTemplate('inbound', id, data))];
});

function packetTemplate(direction: 'outbound' | 'inbound', id: number, data: Buffer): PacketTemplate {
  const length = data.length + (direction === 'outbound' ? 100 : 0);
  const template = (revision1: boolean): Template => {
    const mode = { revision1, statelessLayout: false, session: BigInt(id) };
    const { readable, writable } = ipsecOperation({ direction, data, length }, mode);
    return {
      readable: new Uint8Array(Buffer.concat(readable)),
      writable: writable.reduce((sum, more) => sum + more, 0),
    };
  };
  return { id, run: [template(false), template(true)] };
}

/** Makes the associations in both directions, in a table that was just reset. */
export function associate(table: SaTable): void {
  for (const [id, [association]] of ASSOCIATIONS.entries()) {
    table.create(SA_OUTBOUND, id, objectOf(association, 'outbound'));
    table.create(SA_INBOUND, id, objectOf(association, 'inbound'));
  }
}
