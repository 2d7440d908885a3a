// Security associations that the device and Linux's xfrm share, each with addresses of its own, and what `ip xfrm` has to know of them.
import { type Association, AUTHS, objectOf } from '../ipsec/model.ts';
import { type Ipv4Fields, type Ipv6Fields, ipv4, ipv6, type Packet } from '../ipsec/packets.ts';
import { association, someBytes } from '../ipsec/rig.ts';

type Version = 4 | 6;

/** MACs that the device and Linux have, and node:crypto has not: numbers of the specification. */
const OTHER_MACS = { 'xcbc-aes-96': 53, 'cmac-aes-96': 26 } as const;

export interface Wanted {
  changes: Partial<Association>;
  /** The MAC in place of the association's. */
  mac?: keyof typeof OTHER_MACS;
  outer: Version;
  inner: Version;
  /** The last sequence number before the first packet, in both directions. */
  last?: bigint;
  /** Whether Linux takes routes to its home address from there (RFC 6275 section 6.4). */
  home?: boolean;
  /** More words of `ip xfrm state add`. */
  words?: string;
}

/** An association of the device and of Linux, in both directions. */
export interface SharedSa extends Wanted {
  /** Its id in the device. The last part of the addresses is the one after it. */
  id: number;
  name: string;
  sa: Association;
}

/**
 * The protocol of plain packets, one for experiments. Policies for what arrives in transport mode are for it alone, so that ESP in UDP
 * is none of their packets.
 */
const PROTOCOL = 253;
/** Linux is here in each network: the tunnel's, and the ones inside of tunnels. */
const LINUX = 0xfffe;
/** Another address of Linux in the tunnel's network: source routes to it lead by there. */
const STOP = 0xfffd;
const NETS = {
  outer: { 4: '198.18', 6: 0xa },
  linux: { 4: '10.1', 6: 0xb },
  device: { 4: '10.2', 6: 0xc },
} as const;
type Net = keyof typeof NETS;

/** An address of a network, as text. */
function textOf(net: Net, version: Version, host: number): string {
  if (version === 4) return `${NETS[net][4]}.${host >> 8}.${host & 0xff}`;
  return `2001:db8:${NETS[net][6].toString(16)}::${host.toString(16)}`;
}

function bytesOf(net: Net, version: Version, host: number): Buffer {
  if (version === 4) return Buffer.from(textOf(net, version, host).split('.').map(Number));
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(0x20010db8, 0);
  bytes.writeUInt16BE(NETS[net][6], 4);
  bytes.writeUInt16BE(host, 14);
  return bytes;
}

/** Where source routes stop, and where they end. */
export const ROUTE4 = { stop: textOf('outer', 4, STOP), end: textOf('outer', 4, LINUX) } as const;
export const ROUTE6 = { stop: bytesOf('outer', 6, STOP), end: bytesOf('outer', 6, LINUX) } as const;

const ALGORITHMS: { changes: Partial<Association>; mac?: keyof typeof OTHER_MACS }[] = [
  { changes: { cipher: 'aes-cbc', auth: 'hmac-sha-256-128' } },
  { changes: { cipher: 'aes-cbc', key: someBytes(24, 'k'), auth: 'hmac-sha1-96', authKey: someBytes(20, 'a') } },
  { changes: { cipher: 'aes-cbc', key: someBytes(32, 'k'), auth: 'hmac-sha-384-192' } },
  { changes: { cipher: 'aes-cbc', auth: 'hmac-sha-512-256' } },
  { changes: { cipher: '3des-cbc', key: someBytes(24, 'k'), auth: 'hmac-sha1-96', authKey: someBytes(20, 'a') } },
  { changes: { cipher: 'aes-ctr', auth: 'hmac-sha-256-128' } },
  { changes: { cipher: 'null', key: Buffer.alloc(0), auth: 'hmac-sha-256-128' } },
  { changes: { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) } },
  { changes: { cipher: 'gcm', key: someBytes(32, 'k'), auth: 'none', authKey: Buffer.alloc(0) } },
  { changes: { cipher: 'ccm', auth: 'none', authKey: Buffer.alloc(0) } },
  { changes: { cipher: 'chacha20-poly1305', key: someBytes(32, 'k'), auth: 'none', authKey: Buffer.alloc(0) } },
  { changes: { authKey: someBytes(16, 'a') }, mac: 'xcbc-aes-96' },
  { changes: { authKey: someBytes(16, 'a') }, mac: 'cmac-aes-96' },
];
const AH_MACS: { changes: Partial<Association>; mac?: keyof typeof OTHER_MACS }[] = [
  { changes: { auth: 'hmac-sha1-96', authKey: someBytes(20, 'a') } },
  { changes: { auth: 'hmac-sha-256-128' } },
  { changes: { auth: 'hmac-sha-384-192' } },
  { changes: { auth: 'hmac-sha-512-256' } },
  { changes: { authKey: someBytes(16, 'a') }, mac: 'xcbc-aes-96' },
];
const VERSIONS: readonly Version[] = [4, 6];
/** The number after which an extended sequence number has a high half. */
const BEFORE_HIGH_HALF = 0xffff_fffen;
/** Linux fills the header of AH to 8 bytes in IPv4, too, unless it has this flag. RFC 4302 demands 4. */
export const ALIGN4 = 'flag align4';

const esp = (mode: 'esp-tunnel' | 'esp-transport', outer: Version, inner: Version): Wanted[] => [
  // Algorithms do not see the versions of IP: where they differ, some are enough.
  ...ALGORITHMS.filter((_, at) => inner === outer || at % 3 === 0).map(({ changes, ...more }) => ({
    changes: { mode, ...changes },
    outer,
    inner,
    ...more,
  })),
  ...ALGORITHMS.filter((_, at) => at % 4 === 0).map(({ changes, ...more }) => ({
    ...{ changes: { mode, esn: true, ...changes }, outer, inner, last: BEFORE_HIGH_HALF, words: 'flag esn', ...more },
  })),
  ...ALGORITHMS.filter((_, at) => at % 7 === 0).map(({ changes, ...more }) => ({
    changes: { mode, udp: true, ports: [4501, 4500] as [number, number], ...changes },
    ...{ outer, inner, words: 'encap espinudp', ...more },
  })),
];

const ah = (mode: 'ah-tunnel' | 'ah-transport', outer: Version, inner: Version): Wanted[] =>
  AH_MACS.flatMap(({ changes, ...more }) => {
    const all = { mode, cipher: 'null', key: Buffer.alloc(0), ...changes } as const;
    const wanted = { changes: all, outer, inner, words: outer === 4 ? ALIGN4 : '', ...more };
    const extended = { ...wanted, changes: { ...all, esn: true }, last: BEFORE_HIGH_HALF };
    return [wanted, { ...extended, words: outer === 4 ? 'flag align4 flag esn' : 'flag esn' }];
  });

/** Each mode, version of IP and algorithm that both have. */
export const EACH: readonly Wanted[] = VERSIONS.flatMap((outer) => [
  ...VERSIONS.flatMap((inner) => [...esp('esp-tunnel', outer, inner), ...ah('ah-tunnel', outer, inner)]),
  ...esp('esp-transport', outer, outer),
  ...ah('ah-transport', outer, outer),
]);

export function sharedSa(wanted: Wanted, id: number): SharedSa {
  const { changes, outer, inner, mac } = wanted;
  const ends = { source: bytesOf('outer', outer, id + 1), destination: bytesOf('outer', outer, LINUX) };
  const tunnel =
    outer === 4
      ? { version: 4 as const, ...ends, dscp: 0, df: false, ttl: 64 }
      : { version: 6 as const, ...ends, dscp: 0, flow: 0, hopLimit: 64 };
  const sa = association({ tunnel, spi: 0x1000 + id, ...changes });
  const name = [
    ...[sa.mode, `IPv${inner}`, sa.mode.endsWith('tunnel') && `in IPv${outer}`, sa.cipher],
    ...[sa.key.length * 8 || '', mac ?? (sa.auth === 'none' ? '' : sa.auth), sa.esn && 'ESN', sa.udp && 'in UDP'],
  ];
  return { ...wanted, id, sa, name: name.filter(Boolean).join(' ') };
}

/** The object of an association that the driver gives to the device. */
export function objectIn({ sa, mac }: SharedSa, direction: 'outbound' | 'inbound'): Uint8Array {
  const object = Buffer.from(objectOf(sa, direction));
  if (mac) object.writeBigUInt64LE(BigInt(OTHER_MACS[mac]), 120);
  return object;
}

/** What a packet has beside its addresses and its payload. */
export interface PacketFields {
  traffic?: number;
  df?: boolean;
  ipv4?: Partial<Ipv4Fields>;
  ipv6?: Partial<Ipv6Fields>;
}

/** A packet that goes from the device's side to Linux's, or from Linux's side to the device's. It has a protocol for experiments. */
export function packetOf(
  { sa, inner, id }: SharedSa,
  to: 'linux' | 'device',
  length: number,
  { traffic = 0, df = false, ...fields }: PacketFields = {},
): Packet {
  const tunnel = sa.mode.endsWith('tunnel');
  const there = { net: tunnel ? 'device' : 'outer', host: id + 1 } as const;
  const here = { net: tunnel ? 'linux' : 'outer', host: LINUX } as const;
  const [from, at] = to === 'linux' ? [there, here] : [here, there];
  const payload = someBytes(length, `${id} ${to}`);
  if (inner === 6) {
    const ends = { source: bytesOf(from.net, 6, from.host), destination: bytesOf(at.net, 6, at.host) };
    return ipv6({ payload, next: PROTOCOL, traffic, ...ends, ...fields.ipv6 });
  }
  const ends = { source: textOf(from.net, 4, from.host), destination: textOf(at.net, 4, at.host) };
  const usual = { payload, protocol: PROTOCOL, tos: traffic, id: 7, fragment: df ? 0x4000 : 0 };
  return ipv4({ ...usual, ...ends, ...fields.ipv4 });
}

const hex = (...bytes: Buffer[]) => (bytes.every(({ length }) => length === 0) ? '""' : `0x${hexOf(bytes)}`);
const hexOf = (bytes: Buffer[]) => Buffer.concat(bytes).toString('hex');

/** Algorithms and keys as `ip xfrm state` takes them. */
function algorithmWords({ sa, mac }: SharedSa): string {
  const { cipher, key, authKey, salt } = sa;
  const icv = mac ? 12 : AUTHS[sa.auth].icv;
  if (cipher === 'gcm') return `aead rfc4106(gcm(aes)) ${hex(key, salt)} ${icv * 8}`;
  // RFC 4309 has 3 bytes of salt.
  if (cipher === 'ccm') return `aead rfc4309(ccm(aes)) ${hex(key, salt.subarray(1))} ${icv * 8}`;
  if (cipher === 'chacha20-poly1305') return `aead rfc7539esp(chacha20,poly1305) ${hex(key, salt)} ${icv * 8}`;
  const auth = mac ? `${mac.slice(0, 4)}(aes)` : `hmac(${AUTHS[sa.auth].hash})`;
  const mode = `auth-trunc ${auth} ${hex(authKey)} ${icv * 8}`;
  if (sa.mode.startsWith('ah')) return mode;
  const names = {
    null: 'ecb(cipher_null)',
    'aes-cbc': 'cbc(aes)',
    'aes-ctr': 'rfc3686(ctr(aes))',
    '3des-cbc': 'cbc(des3_ede)',
  };
  return `${mode} enc ${names[cipher]} ${cipher === 'aes-ctr' ? hex(key, salt) : hex(key)}`;
}

/** Lines of `ip -batch` that give Linux an association, with the policies that use it. */
export function ipLines(shared: SharedSa): string[] {
  const { id, sa, outer, inner, last, home, words = '' } = shared;
  const [protocol, mode] = sa.mode.split('-');
  const tunnel = mode === 'tunnel';
  const [there, here] = [textOf('outer', outer, id + 1), textOf('outer', outer, LINUX)];
  const [from, to] = tunnel ? [textOf('device', inner, id + 1), textOf('linux', inner, LINUX)] : [there, here];
  const high = last === undefined ? '' : 'replay-seq-hi 0 replay-oseq-hi 0';
  const arrival = tunnel ? 'dir fwd' : `proto ${PROTOCOL} dir in`;
  const family = tunnel ? 'flag af-unspec' : '';
  const state = (source: string, destination: string, more: string) =>
    `xfrm state add src ${source} dst ${destination} proto ${protocol} spi ${sa.spi} reqid ${id + 1} mode ${mode} ` +
    `replay-window ${sa.window} ${high} ${family} ${more} ${algorithmWords(shared)}`;
  const [port, linuxPort] = sa.ports ?? [0, 0];
  const nat = (source: number, destination: number) =>
    sa.udp ? `${words} ${source} ${destination} ${outer === 4 ? '0.0.0.0' : '::'}` : words;
  const template = (source: string, destination: string) =>
    `tmpl src ${source} dst ${destination} proto ${protocol} reqid ${id + 1} mode ${mode}`;
  const optional = `tmpl src ${there} dst ${here} proto route2 mode ro level use`;
  return [
    state(there, here, `${nat(port, linuxPort)} ${last === undefined ? '' : `replay-seq ${last}`}`),
    state(here, there, `${nat(linuxPort, port)} ${last === undefined ? '' : `replay-oseq ${last}`}`),
    `xfrm policy add src ${from} dst ${to} ${arrival} ${template(there, here)} ${home ? optional : ''}`,
    `xfrm policy add src ${to} dst ${from} dir out ${template(here, there)}`,
    ...(home ? [`xfrm state add src ${there} dst ${here} proto route2 mode ro coa ${textOf('outer', 6, STOP)}`] : []),
  ];
}

/** Lines of `ip -batch` for the two links and the networks behind them. */
export const NETWORK_LINES: readonly string[] = [
  'link set lo up',
  ...['inside', 'outside'].map((link) => `link set ${link} mtu 4000 multicast off addrgenmode none up`),
  ...VERSIONS.flatMap((version) => {
    const net = (name: Net) => (version === 4 ? `${NETS[name][4]}.0.0/16` : `${textOf(name, version, 0)}/64`);
    return [
      // A route of IPv6 ends at a home address alone.
      `addr add ${textOf('outer', version, LINUX)}/${version === 4 ? '32' : '128 home nodad'} dev outside`,
      ...(version === 6 ? [`addr add ${textOf('outer', 6, STOP)}/128 nodad dev outside`] : []),
      `route add ${net('outer')} dev outside`,
      `route add ${net('device')} dev outside`,
      `route add ${net('linux')} dev inside`,
    ];
  }),
];

/** The script that gives the guest its network, and what it reads. */
export const SETUP = `#!/bin/sh
for family in ipv4 ipv6; do echo 1 > /proc/sys/net/$family/conf/all/forwarding; done
for link in all default inside outside; do echo 0 > /proc/sys/net/ipv4/conf/$link/rp_filter; done
for link in all default inside outside; do echo 1 > /proc/sys/net/ipv4/conf/$link/accept_source_route; done
exec /bin/ip -batch /network
`;
