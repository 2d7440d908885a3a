// ESP and AH through a whole device, against the model: in both directions, for each mode, version of IP and algorithm.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Association, CIPHERS, countingIv, openEsp, outbound } from './model.ts';
import { ipv4, ipv6, type Packet } from './packets.ts';
import { association, type IpsecBench, ipsecBench, open, someBytes, TUNNEL4, TUNNEL6 } from './rig.ts';

const LENGTHS = [0, 1, 13, 14, 15, 16, 17, 64, 255, 1400];

const ALGORITHMS: Partial<Association>[] = [
  { cipher: 'aes-cbc', auth: 'hmac-sha1-96', authKey: someBytes(20, 'a') },
  { cipher: 'aes-cbc', key: someBytes(32, 'k'), auth: 'hmac-sha-256-128' },
  { cipher: 'aes-cbc', key: someBytes(24, 'k'), auth: 'hmac-sha-384-192' },
  { cipher: 'aes-cbc', auth: 'hmac-sha-512-256' },
  { cipher: '3des-cbc', key: someBytes(24, 'k'), auth: 'hmac-sha1-96', authKey: someBytes(20, 'a') },
  { cipher: 'aes-ctr', auth: 'hmac-sha-256-128' },
  { cipher: 'null', key: Buffer.alloc(0), auth: 'hmac-sha-256-128' },
  { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) },
  { cipher: 'gcm', key: someBytes(32, 'k'), auth: 'none', authKey: Buffer.alloc(0) },
  { cipher: 'ccm', auth: 'none', authKey: Buffer.alloc(0) },
  { cipher: 'chacha20-poly1305', key: someBytes(32, 'k'), auth: 'none', authKey: Buffer.alloc(0) },
];

const nameOf = ({ mode, cipher, key, auth, tunnel, esn, udp }: Association) =>
  [mode, tunnel?.version, cipher, key.length * 8, auth, esn && 'ESN', udp && 'UDP'].filter(Boolean).join(' ');

const CASES: Association[] = (['esp-tunnel', 'esp-transport'] as const).flatMap((mode) =>
  [TUNNEL4, TUNNEL6].flatMap((tunnel) =>
    [{}, { esn: true }, { udp: true, ports: [4501, 4502] as [number, number] }].flatMap((more) =>
      ALGORITHMS.map((algorithms) => association({ mode, tunnel, ...more, ...algorithms })),
    ),
  ),
);

const AH_CASES: Association[] = (['ah-tunnel', 'ah-transport'] as const).flatMap((mode) =>
  [TUNNEL4, TUNNEL6].flatMap((tunnel) =>
    (['hmac-sha1-96', 'hmac-sha-256-128', 'hmac-sha-384-192', 'hmac-sha-512-256'] as const).flatMap((auth) =>
      [false, true].map((esn) => association({ mode, tunnel, cipher: 'null', key: Buffer.alloc(0), auth, esn })),
    ),
  ),
);

/** A packet of each version of IP. In transport mode the version of `tunnel` says which one. */
const packetsOf = (sa: Association, length: number): Packet[] => {
  const both = [
    ipv4({ payload: someBytes(length, length), tos: 0xb9, id: 7 }),
    ipv6({ payload: someBytes(length, length), traffic: 0xb9, flow: 0xabcde }),
  ];
  return sa.mode.endsWith('tunnel') ? both : both.slice(sa.tunnel?.version === 6 ? 1 : 0).slice(0, 1);
};

let bench: IpsecBench;
beforeAll(async () => {
  bench = await ipsecBench();
});
afterAll(() => bench.dispose());

/** The one device, without associations. */
function fresh(): IpsecBench {
  bench.table.reset();
  return bench;
}

/** The IV in a device's packet: the device chooses it for CBC. */
function ivIn(sa: Association, packet: Packet, made: Buffer): Buffer {
  const headers = sa.mode === 'esp-tunnel' ? (sa.tunnel?.version === 6 ? 40 : 20) : packet.insert.at;
  const at = headers + (sa.udp ? 8 : 0) + 8;
  return made.subarray(at, at + CIPHERS[sa.cipher].iv);
}

describe.each([...CASES, ...AH_CASES].map((sa) => [nameOf(sa), sa] as const))('5.9.7.9 %s', (_, sa) => {
  test('outbound packets are those of the model, and inbound packets of the model are unwrapped', async () => {
    const { driver, table } = fresh();
    expect(open(table, sa)).toEqual([0, 0]);
    let sequence = 0n;
    for (const length of LENGTHS) {
      for (const packet of packetsOf(sa, length)) {
        sequence++;
        const made = await driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
        expect(made.status).toBe('ok');
        const iv = ivIn(sa, packet, Buffer.from(made.data));
        expect(Buffer.from(made.data)).toEqual(outbound(sa, sequence, packet, iv));
        const given = outbound(sa, sequence, packet, someBytes(iv.length, `${sequence}`));
        const unwrapped = await driver.ipsec({ direction: 'inbound', association: 0, data: given });
        expect(unwrapped.status).toBe('ok');
        expect(Buffer.from(unwrapped.data)).toEqual(packet.bytes);
      }
    }
  });
});

test('5.9.7.9 counting IVs are the sequence number; IVs of CBC are unpredictable and never come again', async () => {
  const { driver, table } = fresh();
  open(table, association({ cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) }), 0);
  open(table, association(), 1);
  open(table, association(), 2);
  const packet = ipv4({ payload: someBytes(40) });
  const ivs = new Set<string>();
  for (let sequence = 1n; sequence <= 20n; sequence++) {
    const counted = await driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
    expect(Buffer.from(counted.data.subarray(28, 36))).toEqual(countingIv(sequence));
    for (const id of [1, 2]) {
      const { data } = await driver.ipsec({ direction: 'outbound', association: id, data: packet.bytes });
      ivs.add(Buffer.from(data.subarray(28, 44)).toString('hex'));
    }
  }
  // Two associations with the same keys have different secrets.
  expect(ivs.size).toBe(40);
});

test('5.9.7.9 the model opens what the device makes', async () => {
  const { driver, table } = fresh();
  const sa = association();
  open(table, sa);
  const packet = ipv4({ payload: someBytes(3) });
  const { data } = await driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
  const { payload, padding, next } = openEsp(sa, Buffer.from(data.subarray(20)), 1n);
  expect(payload).toEqual(packet.bytes);
  expect([...padding]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(next).toBe(4);
});
