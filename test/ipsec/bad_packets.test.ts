// Bad packets (5.9.7.9) of both versions of IP, in each mode and with each algorithm: none is taken, and nothing of the
// association changes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Refusal } from '../../src/device/refusals.ts';
import { type Association, AUTHS, CIPHERS, outbound, withChecksum } from './model.ts';
import { ipv4, ipv6, type Packet } from './packets.ts';
import { association, type IpsecBench, ipsecBench, open, someBytes, TUNNEL4, TUNNEL6 } from './rig.ts';

let bench: IpsecBench;
let refusals: Refusal[] = [];
beforeAll(async () => {
  bench = await ipsecBench({ onRefused: (refusal) => refusals.push(refusal) });
});
afterAll(() => bench.dispose());

const iv = someBytes(16, 'iv');
const ALGORITHMS: Partial<Association>[] = [
  {},
  { cipher: '3des-cbc', key: someBytes(24, 'k'), auth: 'hmac-sha1-96', authKey: someBytes(20, 'a') },
  { cipher: 'aes-ctr', auth: 'hmac-sha-384-192' },
  { cipher: 'null', key: Buffer.alloc(0), auth: 'hmac-sha-512-256' },
  { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) },
  { cipher: 'ccm', auth: 'none', authKey: Buffer.alloc(0) },
  { cipher: 'chacha20-poly1305', key: someBytes(32, 'k'), auth: 'none', authKey: Buffer.alloc(0) },
];
const AH = { cipher: 'null', key: Buffer.alloc(0) } as const;
const MODES = ['esp-tunnel', 'esp-transport', 'ah-tunnel', 'ah-transport'] as const;
const VERSIONS = [4, 6] as const;
type Version = (typeof VERSIONS)[number];

/** An association over a version of IP, and a packet that it protects. */
function over(version: Version, changes: Partial<Association>): { sa: Association; plain: Packet } {
  const payload = someBytes(64);
  return {
    sa: association({ tunnel: version === 4 ? TUNNEL4 : TUNNEL6, ...changes }),
    plain: version === 4 ? ipv4({ payload, id: 0x1234 }) : ipv6({ payload, flow: 0x45678 }),
  };
}

function fresh(sa: Association): void {
  bench.table.reset();
  refusals = [];
  expect(open(bench.table, sa)).toEqual([0, 0]);
}

/** Sends a packet, of which nothing may come but its status, and returns that with the check that refused it. */
async function refused(direction: 'outbound' | 'inbound', data: Uint8Array): Promise<string> {
  const before = bench.table.save();
  const { status, data: result } = await bench.driver.ipsec({ direction, association: 0, data, length: 400 });
  expect(result).toHaveLength(0);
  expect(bench.table.save()).toEqual(before);
  const last = refusals.at(-1);
  return `${status} ${last?.kind === 'request' && last.status === status ? last.check : ''}`;
}

/** Sets the length in a packet's header to the bytes that there are, and the checksum of IPv4. */
function withLength(packet: Buffer): Buffer {
  if (packet.readUInt8(0) >> 4 === 6) {
    packet.writeUInt16BE(packet.length - 40, 4);
    return packet;
  }
  packet.writeUInt16BE(packet.length, 2);
  return withChecksum(packet);
}

const changed = (packet: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(packet);
  change(copy);
  return copy;
};

const CASES = MODES.flatMap((mode) => VERSIONS.map((version) => [mode, version] as const));
describe.each(CASES)('5.9.7.9 %s over IPv%i', (mode, version) => {
  const { sa, plain } = over(version, { mode, ...(mode.startsWith('ah') && AH) });
  const whole = outbound(sa, 1n, plain, iv);
  const headers = version === 4 ? 20 : 40;

  /** Both directions refuse what a change makes of a good packet. */
  async function both(change: (copy: Buffer) => void): Promise<void> {
    expect(await refused('inbound', changed(whole, change))).toBe('err packet');
    expect(await refused('outbound', changed(plain.bytes, change))).toBe('err packet');
  }

  test('no bytes, cut headers, and packets that lack their end', async () => {
    fresh(sa);
    for (let length = 0; length < whole.length; length++)
      expect(await refused('inbound', whole.subarray(0, length))).toBe('err packet');
    for (let length = 0; length < plain.bytes.length; length++)
      expect(await refused('outbound', plain.bytes.subarray(0, length))).toBe('err packet');
    expect((await bench.driver.ipsec({ direction: 'inbound', association: 0, data: whole })).status).toBe('ok');
  });

  test('packets whose header says that they end there', async () => {
    fresh(sa);
    for (let length = headers; length < whole.length; length++)
      expect(await refused('inbound', withLength(Buffer.from(whole.subarray(0, length))))).toMatch(
        /^(err packet|badmsg icv)$/,
      );
  });

  test('each wrong version', async () => {
    fresh(sa);
    for (let wrong = 0; wrong < 16; wrong++)
      if (wrong !== version) await both((copy) => copy.writeUInt8((wrong << 4) | (copy.readUInt8(0) & 15), 0));
  });

  test('lengths that are not those of the packet', async () => {
    fresh(sa);
    const field = version === 4 ? 2 : 4;
    for (const wrong of [-1, 1, 8, 0x4000])
      await both((copy) => copy.writeUInt16BE(copy.readUInt16BE(field) + wrong, field));
    // In IPv6 a length of 0 would be a jumbogram's (RFC 2675).
    for (const wrong of [0, 19, 0xffff]) await both((copy) => copy.writeUInt16BE(wrong, field));
  });

  test('another protocol, another SPI', async () => {
    fresh(sa);
    const own = mode.startsWith('ah') ? 51 : 50;
    for (const next of [1, 4, 6, 17, 41, 50, 51, 59, 132, 255].filter((protocol) => protocol !== own)) {
      const wrong = changed(whole, (copy) => copy.writeUInt8(next, version === 4 ? 9 : 6));
      expect(await refused('inbound', wrong)).toBe('err packet');
    }
    for (const spi of [0, 1, sa.spi - 1, 0xffff_ffff]) {
      const wrong = changed(whole, (copy) => copy.writeUInt32BE(spi, headers + (mode.startsWith('ah') ? 4 : 0)));
      expect(await refused('inbound', wrong)).toBe('err spi');
    }
  });

  test('fragments', async () => {
    fresh(sa);
    const tunnel = mode.endsWith('tunnel');
    for (const field of [0x2000, 1, 0x1fff, 0x3fff]) {
      const shift = version === 4 ? field : ((field << 3) | (field >> 13)) & 0xfff9;
      const cut = (packet: Buffer) =>
        version === 4
          ? withChecksum(changed(packet, (copy) => copy.writeUInt16BE(field, 6)))
          : ipv6({
              payload: packet.subarray(40),
              next: packet.readUInt8(6),
              extensions: [{ type: 44, data: Buffer.from([shift >> 8, shift & 0xff, 0, 0, 0, 7]), before: true }],
            }).bytes;
      expect(await refused('inbound', cut(whole))).toBe('err packet');
      if (!tunnel) expect(await refused('outbound', cut(plain.bytes))).toBe('err packet');
    }
  });

  if (version === 4)
    test('each length of the header but the right one', async () => {
      fresh(sa);
      for (let words = 0; words < 5; words++) await both((copy) => copy.writeUInt8(0x40 | words, 0));
      // Longer ones begin the next header elsewhere, or beyond the packet.
      for (let words = 6; words < 16; words++) {
        const wrong = changed(whole, (copy) => copy.writeUInt8(0x40 | words, 0));
        expect(await refused('inbound', wrong)).toMatch(/^(err (packet|spi|replay)|badmsg icv)$/);
      }
      const short = ipv4({ payload: Buffer.alloc(0) }).bytes;
      expect(
        await refused(
          'outbound',
          changed(short, (copy) => copy.writeUInt8(0x46, 0)),
        ),
      ).toBe('err packet');
    });
});

const ESP = (['esp-tunnel', 'esp-transport'] as const).flatMap((mode) =>
  VERSIONS.flatMap((version) => ALGORITHMS.map((changes) => over(version, { ...changes, mode }))),
);
const NAMED = ESP.map(
  (one) => [`${one.sa.mode} over IPv${one.sa.tunnel?.version} with ${one.sa.cipher} and ${one.sa.auth}`, one] as const,
);
describe.each(NAMED)('5.9.7.9 %s', (_, { sa, plain }) => {
  const { block, iv: ivBytes } = CIPHERS[sa.cipher];
  const { icv } = AUTHS[sa.auth];
  const packet = (padding: number[]) => outbound(sa, 1n, plain, iv, { padding: Buffer.from(padding) });
  const shortest = (() => {
    const payload = sa.mode === 'esp-tunnel' ? plain.bytes.length : 64;
    return (2 * block - ((payload + 2) % block)) % block;
  })();
  const counting = (length: number) => Array.from({ length }, (_one, at) => at + 1);

  test('RFC 4303 section 2.4: padding that does not count up', async () => {
    fresh(sa);
    const length = shortest + block;
    const right = counting(length);
    for (let at = 0; at < length; at++)
      expect(await refused('inbound', packet(right.map((value, index) => (index === at ? value ^ 1 : value))))).toBe(
        'err trailer',
      );
    expect(await refused('inbound', packet(right.map((value) => value - 1)))).toBe('err trailer');
    const { status } = await bench.driver.ipsec({ direction: 'inbound', association: 0, data: packet(right) });
    expect(status).toBe('ok');
  });

  test('padding that is longer than the text', async () => {
    fresh(sa);
    const empty = { ...plain, bytes: plain.bytes.subarray(0, plain.insert.at) };
    const padding = Buffer.from(counting((2 * block - 2) % block));
    for (const paddingLength of [padding.length + 1, 2 * block, 255]) {
      // As in transport mode, the text is the trailer alone.
      const made = outbound({ ...sa, mode: 'esp-transport' }, 1n, empty, iv, { padding, paddingLength });
      expect(await refused('inbound', made)).toBe('err trailer');
    }
  });

  test('an ICV that is cut, or not there', async () => {
    fresh(sa);
    const whole = packet(counting(shortest));
    for (let cut = 1; cut <= whole.length - plain.insert.at; cut++) {
      const text =
        whole.length - cut - (sa.mode === 'esp-tunnel' ? (sa.tunnel?.version === 6 ? 40 : 20) : plain.insert.at);
      const rest = text - 8 - ivBytes - icv;
      const expected = rest > 0 && rest % block === 0 ? 'badmsg icv' : 'err packet';
      const short = withLength(Buffer.from(whole.subarray(0, whole.length - cut)));
      expect({ cut, refused: await refused('inbound', short) }).toEqual({ cut, refused: expected });
    }
  });
});
