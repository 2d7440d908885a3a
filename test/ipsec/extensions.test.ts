// Options of IPv4, and extension headers and fragments of IPv6 (5.9.7.9): where the header of IPsec stands
// among them, and what AH sees of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Association, outbound } from './model.ts';
import { address4, address6, type Extension, ipv4, ipv6, type Packet } from './packets.ts';
import { association, type IpsecBench, ipsecBench, open, someBytes, TUNNEL4, TUNNEL6 } from './rig.ts';

let bench: IpsecBench;
beforeAll(async () => {
  bench = await ipsecBench();
});
afterAll(() => bench.dispose());

const payload = someBytes(33);
const gcm = { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) } as const;
const ah = { cipher: 'null', key: Buffer.alloc(0) } as const;
/** The IV of the first packet of a counting cipher. */
const FIRST = Buffer.from('0000000000000001', 'hex');
const ERR = { status: 'err', data: Buffer.alloc(0) };

async function send(direction: 'outbound' | 'inbound', data: Uint8Array) {
  const result = await bench.driver.ipsec({ direction, association: 0, data });
  return { status: result.status, data: Buffer.from(result.data) };
}

/** What the device makes of the first packet of an association. */
async function first(sa: Association, direction: 'outbound' | 'inbound', data: Uint8Array) {
  bench.table.reset();
  expect(open(bench.table, sa)).toEqual([0, 0]);
  return send(direction, data);
}

/** The device makes the model's packet, and takes it. */
async function bothWays(sa: Association, packet: Packet): Promise<Buffer> {
  const made = outbound(sa, 1n, packet, FIRST);
  expect(await first(sa, 'outbound', packet.bytes)).toEqual({ status: 'ok', data: made });
  expect(await send('inbound', made)).toEqual({ status: 'ok', data: packet.bytes });
  return made;
}

const hop: Extension = { type: 0, data: Buffer.from([5, 2, 0, 0, 1, 0]), before: true };
const destination: Extension = { type: 60, data: Buffer.from([0x1e, 4, 1, 2, 3, 4]), before: true };
const whole: Extension = { type: 44, data: Buffer.from([0, 0, 0, 0, 0, 7]), before: true };
const ESP = association({ mode: 'esp-transport', ...gcm });
const AH = association({ mode: 'ah-transport', ...ah });

/** A routing header with addresses of which some are left, and its data at the end of the route. */
function route(type: number, left: number, addresses: Buffer[], end: Buffer[] = addresses): Extension {
  const data = (segments: number, list: Buffer[]) =>
    Buffer.concat([Buffer.from([type, segments, 0, 0, 0, 0]), ...list]);
  return { type: 43, data: data(left, addresses), before: true, immutable: data(0, end) };
}
const [A, B, C, D] = [address6(2), address6(0x21), address6(0x22), address6(0x23)];
/** Routes with addresses left, from A: their headers, and their ends. */
const ROUTES: [string, Extension, Buffer][] = [
  ['of one address', route(2, 1, [B], [A]), B],
  ['of three addresses', route(0, 3, [B, C, D], [A, B, C]), D],
  ['of three addresses, one of them visited', route(0, 2, [B, C, D], [B, A, C]), D],
];

describe('RFC 4302 section 3.3.3.1.2: AH counts a route as it will be at its end', () => {
  test.each(ROUTES)('%s', async (_, header, end) => {
    const packet = ipv6({ payload, extensions: [hop, header], finalDestination: end });
    const made = outbound(AH, 1n, packet, FIRST);
    expect(await first(AH, 'outbound', packet.bytes)).toEqual({ status: 'ok', data: made });
    // Not there yet.
    expect(await send('inbound', made)).toEqual(ERR);
    const arrived = ipv6({
      payload,
      extensions: [hop, { ...header, data: header.immutable ?? header.data }],
      destination: end,
    });
    expect(outbound(AH, 1n, arrived, FIRST).subarray(-payload.length - 28)).toEqual(
      made.subarray(-payload.length - 28),
    );
    expect(await send('inbound', outbound(AH, 1n, arrived, FIRST))).toEqual({ status: 'ok', data: arrived.bytes });
  });

  test.each([
    ['more addresses left than there are', route(0, 4, [B, C, D])],
    ['half an address', route(0, 1, [B, C.subarray(0, 8)])],
    ['no address', route(2, 1, [])],
    ['another type', route(4, 1, [B])],
    ['type 253, which is for experiments', route(253, 1, [B])],
  ])('a route that cannot be read: %s', async (_, header) => {
    const packet = ipv6({ payload, extensions: [header] });
    expect(await first(AH, 'outbound', packet.bytes)).toEqual(ERR);
    // ESP does not look at it, but for a checksum of UDP.
    await bothWays(ESP, packet);
    expect(await first({ ...ESP, udp: true }, 'outbound', packet.bytes)).toEqual(ERR);
    const ended = {
      ...header,
      data: Buffer.concat([Buffer.from([header.data.readUInt8(0), 0]), header.data.subarray(2)]),
    };
    await bothWays(AH, ipv6({ payload, extensions: [{ ...ended, immutable: ended.data }] }));
  });

  test.each(ROUTES)('RFC 8200 section 8.1: a checksum of UDP counts the last address: %s', async (_, header, end) => {
    const packet = ipv6({ payload, extensions: [hop, header], finalDestination: end });
    await bothWays({ ...ESP, udp: true }, packet);
    await bothWays(
      { ...ESP, udp: true },
      ipv6({ payload, extensions: [hop, whole, destination, header], finalDestination: end }),
    );
  });
});

describe('RFC 4302 appendix A2: the fragment header of a whole packet', () => {
  const headers = [hop, destination, whole];

  test.each([
    ['alone', [whole], []],
    ['behind others', headers, [hop, destination]],
    ['between others', [hop, whole, route(0, 0, [B])], [hop, route(0, 0, [B])]],
    ['twice', [whole, hop, whole], [hop]],
  ])('AH makes its ICV as if it were not there: %s', async (_, extensions, others) => {
    const made = await bothWays(AH, ipv6({ payload, extensions }));
    const without = outbound(AH, 1n, ipv6({ payload, extensions: others }), FIRST);
    expect(made.subarray(-payload.length - 32)).toEqual(without.subarray(-payload.length - 32));
    expect(made.length).toBe(without.length + 8 * (extensions.length - others.length));
  });

  test('AH does not see what is in it, and sees that another packet follows', async () => {
    const packet = ipv6({ payload, extensions: headers });
    const made = outbound(AH, 1n, packet, FIRST);
    // Its reserved byte, and its identification.
    for (const at of [57, 63]) {
      const changed = Buffer.from(made);
      changed.writeUInt8(9, at);
      const { status, data } = await first(AH, 'inbound', changed);
      expect({ status, byte: data.readUInt8(at) }).toEqual({ status: 'ok', byte: 9 });
    }
    const wrong = Buffer.from(made);
    wrong.writeUInt8(wrong.readUInt8(53) ^ 1, 53);
    expect((await first(AH, 'inbound', wrong)).status).toBe('badmsg');
  });
});

test.each([
  ['ESP', ESP],
  ['AH', AH],
])('%s: 16 extension headers, and not one more', async (_, sa) => {
  const many = (count: number) => Array.from({ length: count }, () => hop);
  await bothWays(sa, ipv6({ payload, extensions: many(16) }));
  const packet = ipv6({ payload, extensions: many(17) });
  expect(await first(sa, 'outbound', packet.bytes)).toEqual(ERR);
  expect(await send('inbound', outbound(sa, 1n, packet, FIRST))).toEqual(ERR);
});

describe('RFC 4302 appendix A1: source routes of IPv4', () => {
  const options = (...bytes: number[]) => Buffer.from(bytes);
  const hops = [...address4('10.0.0.1'), ...address4('10.0.0.2')];

  test.each([131, 137])('type %i at its end: the destination stays', async (type) => {
    const ended = options(type, 11, 12, ...hops, 0);
    await bothWays(AH, ipv4({ payload, options: ended, immutableOptions: Buffer.alloc(12) }));
    await bothWays(AH, ipv4({ payload, options: options(type, 3, 4, 0), immutableOptions: Buffer.alloc(4) }));
  });

  test.each([
    ['half an address', options(131, 9, 4, 10, 0, 0, 1, 10, 0, 0, 0, 0)],
    ['a pointer into its head', options(131, 11, 3, ...hops, 0)],
    ['no pointer', options(137, 2, 1, 1)],
    ['two of them', options(131, 7, 4, 10, 0, 0, 1, 137, 7, 4, 10, 0, 0, 2, 0, 0)],
  ])('%s: AH refuses it, ESP does not look at it', async (_, wrong) => {
    const packet = ipv4({ payload, options: wrong });
    expect(await first(AH, 'outbound', packet.bytes)).toEqual(ERR);
    await bothWays(ESP, packet);
  });
});

/** Inner packets with options, extension headers and fragments: a tunnel does not look at them. */
const INNER: [string, Packet][] = [
  ['options of IPv4', ipv4({ payload, options: Buffer.from([148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0]) })],
  ['options that cannot be read', ipv4({ payload, options: Buffer.from([7, 0, 0, 0]) })],
  ['a fragment of IPv4', ipv4({ payload, fragment: 0x2005 })],
  ['the last fragment of IPv4', ipv4({ payload, fragment: 0x1fff })],
  ['extension headers', ipv6({ payload, extensions: [hop, destination, route(0, 2, [B, C]), whole, destination] })],
  ['a fragment of IPv6', ipv6({ payload, extensions: [{ ...whole, data: Buffer.from([0xff, 0xf9, 0, 0, 0, 7]) }] })],
  ['an extension header that is not whole', ipv6({ payload: Buffer.from([17, 200, 0, 0, 0, 0, 0, 0]), next: 0 })],
];

const OUTERS = [
  ['IPv4', TUNNEL4],
  ['IPv6', TUNNEL6],
] as const;
const KINDS = [
  ['ESP', { ...gcm, mode: 'esp-tunnel' }, 'esp-transport'],
  ['AH', { ...ah, mode: 'ah-tunnel' }, 'ah-transport'],
] as const;

describe.each(KINDS)('a tunnel of %s', (_kind, changes, transport) => {
  describe.each(OUTERS)('over %s', (_version, tunnel) => {
    const sa = association({ ...changes, tunnel });

    test.each(INNER)('with %s in it', async (_, inner) => {
      const made = await bothWays(sa, inner);
      expect(made.readUInt8(tunnel.version === 4 ? 0 : 6)).toBe(
        tunnel.version === 4 ? 0x45 : sa.mode === 'ah-tunnel' ? 51 : 50,
      );
    });

    /** A tunnel's packet with more than a bare header in front: that of transport mode with a packet as its payload. */
    const wrapped = (inner: Packet, more: { options?: Buffer; immutableOptions?: Buffer; extensions?: Extension[] }) =>
      tunnel.version === 4
        ? ipv4({ payload: inner.bytes, protocol: 4, ...more })
        : ipv6({ payload: inner.bytes, next: 4, ...more });

    test('inbound, its header may have options or extension headers', async () => {
      const inner = ipv4({ payload });
      const seen = Buffer.from([0, 0, 0, 148, 4, 0, 0, 0]);
      const heads = [
        { extensions: [destination] },
        {
          extensions: [hop, destination, whole],
          options: Buffer.from([7, 3, 4, 148, 4, 0, 0, 0]),
          immutableOptions: seen,
        },
      ];
      for (const more of heads) {
        const arrived = outbound({ ...sa, mode: transport }, 1n, wrapped(inner, more), FIRST);
        expect(await first(sa, 'inbound', arrived)).toEqual({ status: 'ok', data: inner.bytes });
      }
    });

    test('inbound, a fragment is no packet', async () => {
      const arrived = outbound(sa, 1n, ipv4({ payload }), FIRST);
      if (tunnel.version === 4) {
        arrived.writeUInt16BE(0x2000, 6);
        expect(await first(sa, 'inbound', arrived)).toEqual(ERR);
        return;
      }
      const fragment = { ...whole, data: Buffer.from([0, 1, 0, 0, 0, 7]) };
      const packet = ipv6({ payload: arrived.subarray(40), next: arrived.readUInt8(6), extensions: [fragment] });
      expect(await first(sa, 'inbound', packet.bytes)).toEqual(ERR);
    });
  });
});

test('RFC 4303 section 2.6 is about ESP alone: in AH a packet with next header 59 is one', async () => {
  for (const packet of [ipv4({ payload, protocol: 59 }), ipv6({ payload, next: 59 })]) await bothWays(AH, packet);
  const tunnel = association({ mode: 'ah-tunnel', ...ah });
  const arrived = outbound({ ...tunnel, mode: 'ah-transport' }, 1n, ipv4({ payload, protocol: 59 }), FIRST);
  expect(await first(tunnel, 'inbound', arrived)).toEqual(ERR);
});
