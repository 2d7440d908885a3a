// Packets with options, extension headers and fragments that the device and Linux give each other, in each mode and
// version of IP.
import type { Result } from '../../src/driver/index.ts';
import { type Association, outbound, withChecksum } from '../ipsec/model.ts';
import { address4, type Extension, ipv4, ipv6 } from '../ipsec/packets.ts';
import { someBytes } from '../ipsec/rig.ts';
import { ALIGN4, type PacketFields, packetOf, ROUTE4, ROUTE6, type SharedSa, type Wanted } from './xfrm_cases.ts';
import type { Scene, Step } from './xfrm_scenes.ts';

export type End = 'linux' | 'device';

/** A kind of packet. */
export interface Shape {
  what: string;
  fields(to: End): PacketFields;
  /** What becomes of it on the way to one end. It may be protected or not: what changes is in front. */
  travels?(bytes: Buffer, to: End): void;
  /** In IPv6, the extension headers in front of the header of IPsec, by who makes it. */
  order?: Record<End, number[]>;
  /** What Linux changes before it hands the packet on. */
  cleared?(bytes: Buffer): void;
  /** What is expected with AH if it is not that both ends take it: of Linux's, and of the device. */
  ah?: { linux?: string; device?: Result['status'] };
}

const hop: Extension = { type: 0, data: Buffer.from([0x1e, 4, 1, 2, 3, 4]), before: true };
/** Its data may change on the way. */
const changing: Extension = { ...hop, data: Buffer.from([0x3e, 4, 1, 2, 3, 4]) };
const destination: Extension = { ...hop, type: 60 };
/** A route of a type for experiments (RFC 4727), without segments left. */
const ended: Extension = { type: 43, data: Buffer.from([253, 0, 0, 0, 0, 0]), before: true };
const fragment = (field: number): Extension => ({
  type: 44,
  data: Buffer.from([field >> 8, field & 0xff, 0, 0, 0, 7]),
  before: true,
});
const route6 = (address: Buffer): Extension => ({
  type: 43,
  data: Buffer.concat([Buffer.from([2, 1, 0, 0, 0, 0]), address]),
  before: true,
});
const route4 = (pointer: number, address: string) => Buffer.from([131, 7, pointer, ...address4(address), 0]);
const options =
  (...bytes: number[]) =>
  () => ({ ipv4: { options: Buffer.from(bytes) } });
const extensions =
  (...headers: Extension[]) =>
  () => ({ ipv6: { extensions: headers } });

/** Writes bytes of the header, and makes its checksum. */
const rewritten = (change: (bytes: Buffer) => void) => (bytes: Buffer) => {
  change(bytes);
  withChecksum(bytes);
};

/** Changes places of the destination and an address of the route. */
function swap(bytes: Buffer, destinationAt: number, addressAt: number, length: number): void {
  const address = Buffer.from(bytes.subarray(addressAt, addressAt + length));
  bytes.copy(bytes, addressAt, destinationAt, destinationAt + length);
  address.copy(bytes, destinationAt);
}

const REFUSED = { linux: 'XfrmInStateProtoError', device: 'badmsg' } as const;
const SECURITY = [130, 11, 0xab, 0, 0, 0, 0, 0, 0, 0, 0];
const STREAM = [136, 4, 0, 7];

const TRANSPORT4: readonly Shape[] = [
  { what: 'router alert', fields: options(1, 148, 4, 0, 1, 1, 1, 0) },
  { what: 'security, and an old option', fields: options(...SECURITY, ...STREAM, 0) },
  { what: 'a route that was recorded', fields: options(7, 7, 8, 192, 0, 2, 1, 0) },
  {
    what: 'a record that changes on the way',
    fields: options(7, 7, 8, 192, 0, 2, 1, 0),
    travels: rewritten((bytes) => bytes.writeUInt8(9, 26)),
  },
  {
    what: 'a router alert that changes on the way',
    fields: options(148, 4, 0, 1),
    travels: rewritten((bytes) => bytes.writeUInt8(2, 23)),
    ah: REFUSED,
  },
  {
    what: 'a source route',
    fields: (to) =>
      to === 'linux'
        ? { ipv4: { options: route4(4, ROUTE4.end), destination: ROUTE4.stop } }
        : { ipv4: { options: route4(4, ROUTE4.stop) } },
    travels: rewritten((bytes) => {
      bytes.writeUInt8(8, 22);
      swap(bytes, 16, 23, 4);
    }),
  },
  {
    // Linux clears them when they arrive.
    what: 'bytes behind the end of the options',
    fields: options(1, 1, 0, 9),
    cleared: rewritten((bytes) => bytes.writeUInt8(0, 23)),
    ah: { linux: REFUSED.linux },
  },
  {
    // Linux counts the last address even then.
    what: 'a source route that has ended',
    fields: () => ({ ipv4: { options: route4(8, ROUTE4.stop) } }),
    ah: { device: 'badmsg' },
  },
];

const TRANSPORT6: readonly Shape[] = [
  { what: 'hop-by-hop options', fields: extensions(hop) },
  {
    what: 'a hop-by-hop option that changes on the way',
    fields: extensions(changing),
    travels: (bytes) => bytes.writeUInt8(9, 45),
  },
  {
    what: 'a hop-by-hop option that must not change, and does',
    fields: extensions(hop),
    travels: (bytes) => bytes.writeUInt8(9, 45),
    ah: REFUSED,
  },
  // Linux puts its header behind them, the device in front.
  { what: 'destination options', fields: extensions(destination), order: { linux: [60], device: [] } },
  {
    what: 'destination options on both sides of a route',
    fields: extensions(hop, destination, ended, destination),
    order: { linux: [0, 60, 43], device: [0, 60, 43] },
  },
  {
    // Linux makes the ICV with it; what it makes itself has its header in front.
    what: 'the fragment header of a whole packet',
    fields: extensions(hop, fragment(0)),
    order: { linux: [0], device: [0, 44] },
    ah: { linux: REFUSED.linux },
  },
  {
    what: 'a route to a home address',
    fields: (to) =>
      to === 'linux'
        ? { ipv6: { extensions: [route6(ROUTE6.end)], destination: ROUTE6.stop } }
        : { ipv6: { extensions: [route6(ROUTE6.stop)] } },
    // Linux travels itself.
    travels: (bytes, to) => {
      if (to === 'linux') return;
      bytes.writeUInt8(0, 43);
      swap(bytes, 24, 48, 16);
    },
  },
];

/** A tunnel does not look at what its packets have, and takes fragments. */
const TUNNEL4: readonly Shape[] = [
  { what: 'options in it', fields: options(1, 1, 1, 1, ...SECURITY, 0) },
  { what: 'a first fragment in it', fields: () => ({ ipv4: { fragment: 0x2000 } }) },
  { what: 'a last fragment in it', fields: () => ({ ipv4: { fragment: 5 } }) },
];
const TUNNEL6: readonly Shape[] = [
  { what: 'extension headers in it', fields: extensions(hop, destination, ended, destination) },
  { what: 'a first fragment in it', fields: extensions(fragment(1)) },
  { what: 'a last fragment in it', fields: extensions(fragment(40)) },
];

/** The types of the extension headers of an IPv6 packet in front of ESP or AH. */
export function headersBefore(bytes: Buffer): number[] {
  const types: number[] = [];
  let next = bytes.readUInt8(6);
  for (let at = 40; next !== 50 && next !== 51; at += 8 * (types.at(-1) === 44 ? 1 : bytes.readUInt8(at + 1) + 1)) {
    types.push(next);
    next = bytes.readUInt8(at);
  }
  return types;
}

export function shapesOf({ sa, inner }: SharedSa): readonly Shape[] {
  if (sa.mode.endsWith('tunnel')) return inner === 4 ? TUNNEL4 : TUNNEL6;
  return inner === 4 ? TRANSPORT4 : TRANSPORT6;
}

const KINDS: readonly ['esp' | 'ah', Partial<Association>][] = [
  ['esp', {}],
  ['ah', { cipher: 'null', key: Buffer.alloc(0) }],
];
const VERSIONS = [4, 6] as const;
const wordsOf = (kind: 'esp' | 'ah', outer: 4 | 6) => (kind === 'ah' && outer === 4 ? { words: ALIGN4 } : {});

/** The associations of such packets: each mode, kind and version of IP. */
export const EXTENDED: readonly Wanted[] = KINDS.flatMap(([kind, changes]) =>
  VERSIONS.flatMap((outer): Wanted[] => [
    {
      changes: { ...changes, mode: `${kind}-transport` },
      outer,
      inner: outer,
      home: outer === 6,
      ...wordsOf(kind, outer),
    },
    ...VERSIONS.map((inner) => ({
      ...{ changes: { ...changes, mode: `${kind}-tunnel` as const }, outer, inner, ...wordsOf(kind, outer) },
    })),
  ]),
);

/** A tunnel's packets with more than a bare header in front: those of transport mode that hold a whole packet. */
function outerHeaders(shared: SharedSa): Step[] {
  const { sa, outer, inner } = shared;
  const plain = packetOf(shared, 'linux', 61);
  const ah = sa.mode.startsWith('ah');
  const bare = { ...sa, mode: ah ? 'ah-transport' : 'esp-transport' } as const;
  const [source, end] = [sa.tunnel?.source ?? Buffer.alloc(0), sa.tunnel?.destination ?? Buffer.alloc(0)];
  const next = inner === 4 ? 4 : 41;
  const around = (headers: Buffer | Extension[]) =>
    Buffer.isBuffer(headers)
      ? ipv4({
          ...{ payload: plain.bytes, protocol: next, options: headers },
          ...{ source: [...source].join('.'), destination: [...end].join('.') },
        })
      : ipv6({ payload: plain.bytes, next, extensions: headers, source, destination: end });
  const taken = { linux: plain.bytes, device: 'ok' } as const;
  const kinds: [string, Buffer | Extension[], Pick<Step, 'linux' | 'device'>][] =
    outer === 4
      ? [['options in front', Buffer.from([1, 148, 4, 0, 0, 1, 1, 0]), taken]]
      : [
          ['hop-by-hop and destination options in front', [hop, destination], taken],
          ['a fragment header in front', [fragment(0)], ah ? { ...taken, linux: REFUSED.linux } : taken],
        ];
  return kinds.map(([what, headers, fate], at) => ({
    what,
    bytes: outbound(bare, BigInt(at + 1), around(headers), someBytes(16, at)),
    ...fate,
  }));
}

export const OUTER_SCENES: readonly Scene[] = EXTENDED.filter(({ changes }) => changes.mode?.endsWith('tunnel')).map(
  (wanted) => ({ wanted, steps: outerHeaders }),
);
