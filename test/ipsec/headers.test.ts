// The headers around a packet (5.9.7.9): what the options of an association copy and change, options and extension headers, AH's view.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Association, afterHop, outbound } from './model.ts';
import { address4, type Ipv4Fields, ipv4, ipv6, type Packet } from './packets.ts';
import { association, type IpsecBench, ipsecBench, open, someBytes, TUNNEL4, TUNNEL6 } from './rig.ts';

let bench: IpsecBench;
beforeAll(async () => {
  bench = await ipsecBench();
});
afterAll(() => bench.dispose());

const payload = someBytes(33);
const gcm = { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) } as const;
const ah = { cipher: 'null', key: Buffer.alloc(0) } as const;
const iv = someBytes(16, 'iv');
/** The IV of the first packet of a counting cipher. */
const FIRST = Buffer.from('0000000000000001', 'hex');

function fresh(sa: Association): void {
  bench.table.reset();
  expect(open(bench.table, sa)).toEqual([0, 0]);
}

async function send(direction: 'outbound' | 'inbound', data: Uint8Array) {
  const result = await bench.driver.ipsec({ direction, association: 0, data });
  return { status: result.status, data: Buffer.from(result.data) };
}

/** The outer packet that the device makes, which must be the model's. */
async function made(sa: Association, packet: Packet): Promise<Buffer> {
  fresh(sa);
  const { status, data } = await send('outbound', packet.bytes);
  expect(status).toBe('ok');
  expect(data).toEqual(outbound(sa, 1n, packet, FIRST));
  return data;
}

const classOf = (packet: Buffer) =>
  packet.readUInt8(0) >> 4 === 4 ? packet.readUInt8(1) : (packet.readUInt16BE(0) >> 4) & 0xff;

describe.each([
  ['IPv4', TUNNEL4],
  ['IPv6', TUNNEL6],
] as const)('a tunnel of %s', (_, tunnel) => {
  const inners = (traffic: number, hops = 9) => [
    ipv4({ payload, tos: traffic, ttl: hops }),
    ipv6({ payload, traffic, hopLimit: hops, flow: 0xfffff }),
  ];

  test("RFC 4301 section 5.1.2: DSCP is the association's, or copied", async () => {
    for (const inner of inners(0xb9)) {
      expect(classOf(await made(association({ ...gcm, tunnel }), inner))).toBe(tunnel.dscp << 2);
      expect(classOf(await made(association({ ...gcm, tunnel, copyDscp: true }), inner))).toBe(0xb8);
      expect(classOf(await made(association({ ...gcm, tunnel, copyDscp: true, ecn: true }), inner))).toBe(0xb9);
    }
  });

  test('RFC 6040 section 4.1: the mark is copied with the option, else 0', async () => {
    for (const mark of [0, 1, 2, 3]) {
      for (const inner of inners(mark)) {
        expect(classOf(await made(association({ ...gcm, tunnel, ecn: true }), inner)) & 3).toBe(mark);
        expect(classOf(await made(association({ ...gcm, tunnel }), inner)) & 3).toBe(0);
      }
    }
  });

  /** Marks: 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE. The result for each inner mark, by the outer mark; undefined: dropped. */
  const MARKS = [
    [0, 0, 0, undefined],
    [1, 1, 1, 3],
    [2, 1, 2, 3],
    [3, 3, 3, 3],
  ];

  test('RFC 6040 section 4.2: marks of the outer header go over, and impossible ones are refused', async () => {
    const sa = association({ ...gcm, tunnel: { ...tunnel, dscp: 0 } });
    for (const [mark, row] of MARKS.entries()) {
      for (const [outer, expected] of row.entries()) {
        for (const [index, inner] of inners(0x28 | mark).entries()) {
          const wanted = inners(0x28 | (expected ?? 0))[index] ?? inner;
          // The mark is set on the way, so it is set in what the model makes.
          const arrived = outbound(sa, 1n, inner, iv);
          const marked = tunnel.version === 4 ? remarked(arrived, outer) : arrived;
          if (tunnel.version === 6) marked.writeUInt8((marked.readUInt8(1) & 0xcf) | (outer << 4), 1);
          fresh({ ...sa, ecn: true });
          const refused = { status: 'err', data: Buffer.alloc(0) };
          expect(await send('inbound', marked)).toEqual(
            expected === undefined ? refused : { status: 'ok', data: wanted.bytes },
          );
          fresh(sa);
          expect(await send('inbound', marked)).toEqual({ status: 'ok', data: inner.bytes });
        }
      }
    }
  });

  test('RFC 4301 section 5.1.2.1: TTL and hop limit, in both directions', async () => {
    const sa = association({ ...gcm, tunnel, decrementTtl: true });
    for (const inner of [...inners(0, 255), ...inners(0, 2)]) {
      await made(sa, inner);
      fresh(sa);
      const arrived = outbound({ ...sa, decrementTtl: false }, 1n, inner, iv);
      expect(await send('inbound', arrived)).toEqual({ status: 'ok', data: afterHop(inner.bytes) });
    }
    for (const inner of [...inners(0, 1), ...inners(0, 0)]) {
      fresh(sa);
      expect((await send('outbound', inner.bytes)).status).toBe('err');
      const arrived = outbound({ ...sa, decrementTtl: false }, 1n, inner, iv);
      expect((await send('inbound', arrived)).status).toBe('err');
      expect((await send('outbound', inners(0, 2)[0]?.bytes ?? payload)).status).toBe('ok');
    }
  });

  test('a wrong checksum of the inner header stays wrong', async () => {
    const sa = association({ ...gcm, tunnel, decrementTtl: true });
    const inner = ipv4({ payload });
    inner.bytes.writeUInt16BE(inner.bytes.readUInt16BE(10) ^ 0x0101, 10);
    fresh(sa);
    const { data } = await send('inbound', outbound({ ...sa, decrementTtl: false }, 1n, inner, iv));
    const right = afterHop(inner.bytes);
    expect(data.readUInt16BE(10)).not.toBe(right.readUInt16BE(10));
    data.writeUInt16BE(right.readUInt16BE(10), 10);
    expect(data).toEqual(right);
  });
});

/** An IPv4 packet with another mark, and its checksum. */
function remarked(packet: Buffer, mark: number): Buffer {
  const fields = {
    payload: packet.subarray(20),
    protocol: packet.readUInt8(9),
    tos: (packet.readUInt8(1) & 0xfc) | mark,
  };
  const more = { ttl: packet.readUInt8(8), id: packet.readUInt16BE(4), fragment: packet.readUInt16BE(6) };
  const addresses = [packet.subarray(12, 16), packet.subarray(16, 20)].map((bytes) => [...bytes].join('.'));
  const [source = '', destination = ''] = addresses;
  return ipv4({ ...fields, ...more, source, destination }).bytes;
}

test("RFC 4301 section 5.1.2.1: DF is the association's, or copied; IPv6 counts as DF", async () => {
  const cases: [Packet, boolean, boolean, number][] = [
    [ipv4({ payload, fragment: 0x4000 }), false, false, 0],
    [ipv4({ payload, fragment: 0x4000 }), false, true, 0x4000],
    [ipv4({ payload }), true, false, 0x4000],
    [ipv4({ payload }), true, true, 0],
    [ipv4({ payload, fragment: 0x2010 }), false, true, 0],
    [ipv6({ payload }), false, true, 0x4000],
    [ipv6({ payload }), false, false, 0],
  ];
  for (const [inner, df, copyDf, expected] of cases) {
    const outer = await made(association({ ...gcm, tunnel: { ...TUNNEL4, df }, copyDf }), inner);
    expect(outer.readUInt16BE(6)).toBe(expected);
  }
});

test('a TTL and ports of 0 are the usual ones', async () => {
  fresh(association({ ...gcm, udp: true, tunnel: { ...TUNNEL4, ttl: 0 } }));
  const { data } = await send('outbound', ipv4({ payload }).bytes);
  expect(data.readUInt8(8)).toBe(64);
  expect([data.readUInt16BE(20), data.readUInt16BE(22), data.readUInt16BE(26)]).toEqual([4500, 4500, 0]);
});

/** Both directions of one packet in transport mode. */
async function bothWays(sa: Association, packet: Packet): Promise<void> {
  await made(sa, packet);
  expect(await send('inbound', outbound(sa, 1n, packet, FIRST))).toEqual({ status: 'ok', data: packet.bytes });
}

const options = (...bytes: number[]) => Buffer.from(bytes);
const OPTIONS: [string, Partial<Ipv4Fields>][] = [
  ['none', {}],
  ['no operation, end', { options: options(1, 1, 0, 99) }],
  ['router alert', { options: options(148, 4, 0, 0) }],
  ['security', { options: options(130, 3, 1, 1) }],
  ['record route', { options: options(7, 7, 8, 1, 2, 3, 4, 0), immutableOptions: options(0, 0, 0, 0, 0, 0, 0, 0) }],
  ['timestamp', { options: options(68, 4, 5, 0), immutableOptions: options(0, 0, 0, 0) }],
  [
    'alert between two',
    { options: options(7, 3, 4, 148, 4, 0, 0, 1), immutableOptions: options(0, 0, 0, 148, 4, 0, 0, 1) },
  ],
];

describe.each(['esp-transport', 'ah-transport'] as const)('%s', (mode) => {
  const sa = association({ mode, ...(mode === 'ah-transport' ? ah : gcm), tunnel: TUNNEL4 });

  test.each(OPTIONS)('RFC 4302 appendix A1: IPv4 with options: %s', async (_, fields) => {
    await bothWays(sa, ipv4({ payload, tos: 0xff, fragment: 0x4000, ...fields }));
  });

  const hop = { type: 0, data: Buffer.from([5, 2, 0, 0, 1, 0]), before: true };
  const route = { type: 43, data: Buffer.from([4, 0, 0, 0, 0, 0]), before: true };
  const whole = { type: 44, data: Buffer.from([0, 0, 0, 0, 0, 7]), before: true };
  const first = { type: 60, data: Buffer.from([0x1e, 4, 1, 2, 3, 4]), before: true };
  const last = { ...first, before: false };
  const changing = { ...hop, data: Buffer.from([0x3e, 4, 1, 2, 3, 4]), immutable: Buffer.from([0x3e, 4, 0, 0, 0, 0]) };
  test.each([
    ['hop-by-hop', [hop]],
    ['hop-by-hop with an option that may change', [changing]],
    ['destination options alone, which stay behind', [last]],
    ['destination options before a route', [hop, first, route, last]],
    ['a fragment header of the whole packet', [whole]],
    ['all', [hop, first, route, whole, last]],
  ])('RFC 4303 section 3.1.1: IPv6 with %s', async (_, extensions) => {
    await bothWays(sa, ipv6({ payload, traffic: 0xff, flow: 0x54321, extensions }));
  });

  test('inbound, destination options in front are passed over', async () => {
    fresh(sa);
    const packet = ipv6({ payload, extensions: [{ ...last, before: true }] });
    expect(await send('inbound', outbound(sa, 1n, packet, FIRST))).toEqual({ status: 'ok', data: packet.bytes });
  });
});

describe('AH', () => {
  const sa = association({ mode: 'ah-transport', ...ah });

  test('RFC 4302 section 3.3.3.1: fields that change on the way do not matter', async () => {
    const packet = ipv4({ payload });
    fresh(sa);
    const sent = outbound(sa, 1n, packet, iv);
    sent.writeUInt8(0x1b, 1);
    sent.writeUInt8(3, 8);
    sent.writeUInt16BE(0x1234, 10);
    const { status, data } = await send('inbound', sent);
    expect(status).toBe('ok');
    expect(data.subarray(20)).toEqual(payload);
    expect([data.readUInt8(1), data.readUInt8(8), data.readUInt8(9)]).toEqual([0x1b, 3, 17]);
    for (const [at, bit] of [
      [4, 1],
      [12, 1],
      [19, 128],
    ] as const) {
      const wrong = outbound(sa, 2n, packet, iv);
      wrong.writeUInt8(wrong.readUInt8(at) ^ bit, at);
      expect((await send('inbound', wrong)).status).toBe('badmsg');
    }
  });

  test('RFC 4302 appendix A1: a source route counts with its last address', async () => {
    const route = options(131, 11, 4, ...address4('10.0.0.1'), ...address4('10.0.0.2'), 0);
    const fields = { payload, options: route, immutableOptions: Buffer.alloc(12), finalDestination: '10.0.0.2' };
    await made(sa, ipv4(fields));
    // At the destination, the route has ended, and the address is there.
    const end = options(131, 11, 12, ...address4('198.51.100.2'), ...address4('10.0.0.1'), 0);
    const arrived = ipv4({ payload, options: end, immutableOptions: Buffer.alloc(12), destination: '10.0.0.2' });
    expect(await send('inbound', outbound(sa, 1n, arrived, iv))).toEqual({ status: 'ok', data: arrived.bytes });
  });

  test('options and routes that cannot be read', async () => {
    fresh(sa);
    for (const wrong of [
      options(7, 1, 0, 0),
      options(7, 0, 0, 0),
      options(7, 5, 0, 0),
      options(1, 1, 1, 7),
      options(131, 4, 0, 0),
    ]) {
      expect((await send('outbound', ipv4({ payload, options: wrong }).bytes)).status).toBe('err');
    }
    const under = { type: 43, data: Buffer.from([0, 1, 0, 0, 0, 0]), before: true };
    const beyond = { type: 0, data: Buffer.from([5, 9, 0, 0, 0, 0]), before: true };
    const cut = { type: 0, data: Buffer.from([1, 3, 0, 0, 0, 5]), before: true };
    for (const extension of [under, beyond, cut]) {
      expect((await send('outbound', ipv6({ payload, extensions: [extension] }).bytes)).status).toBe('err');
    }
    expect((await send('outbound', ipv4({ payload }).bytes)).status).toBe('ok');
  });

  test('a header with another length', async () => {
    fresh(sa);
    const packet = ipv4({ payload });
    for (const length of [0, 1, 3, 4, 7, 255]) {
      const wrong = outbound(sa, 1n, packet, iv);
      wrong.writeUInt8(length, 21);
      expect((await send('inbound', wrong)).status).toBe('err');
    }
  });
});
