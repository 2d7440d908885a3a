// Where packets lie in guest memory: in foreign memory, in pieces, and with the result at the source's own place.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SA_OUTBOUND } from '../../spec/ipsec.ts';
import { ipsecOperation } from '../../src/driver/operations.ts';
import { DeviceTracer, decodeRequest, summarise } from '../../src/trace/index.ts';
import { asForeign } from '../support/foreign.ts';
import { type Association, objectOf, outbound } from './model.ts';
import { ipv4, ipv6 } from './packets.ts';
import { association, type IpsecBench, ipsecBench, open, someBytes, TUNNEL6 } from './rig.ts';

const gcm = { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) } as const;
const CASES: [string, Association][] = [
  ['AES-CBC', association()],
  ['AES-CBC with ESN and UDP', association({ esn: true, udp: true })],
  ['AES-CTR', association({ cipher: 'aes-ctr' })],
  ['GCM', association(gcm)],
  ['GCM in transport mode', association({ ...gcm, mode: 'esp-transport' })],
  ['AH', association({ mode: 'ah-transport', cipher: 'null', key: Buffer.alloc(0) })],
];
const packet = ipv4({ payload: someBytes(333) });
const iv = someBytes(16, 'iv');
const mode = { revision1: true, statelessLayout: false, session: 0n };

/** Cuts bytes into pieces of 1, 2, 3, ... bytes. */
function pieces(bytes: Uint8Array): Uint8Array[] {
  const cut: Uint8Array[] = [];
  for (let at = 0, length = 1; at < bytes.length; at += length++) cut.push(bytes.subarray(at, at + length));
  return cut;
}

describe.each([
  ['the engine', {}],
  ['foreign memory', { guestMemory: asForeign }],
])('in %s', (_, options) => {
  let bench: IpsecBench;
  beforeAll(async () => {
    bench = await ipsecBench({ queueSize: 256, ...options });
  });
  afterAll(() => bench.dispose());

  test.each(CASES)('%s: whole, and in pieces', async (_name, sa) => {
    const { driver, table } = bench;
    for (const scattered of [false, true]) {
      table.reset();
      expect(open(table, sa)).toEqual([0, 0]);
      const send = async (direction: 'outbound' | 'inbound', data: Uint8Array, length: number) => {
        const { readable, writable } = ipsecOperation({ direction, data, length }, mode);
        const [header = new Uint8Array(), source = new Uint8Array()] = readable;
        const [room = 0, status = 1] = writable;
        const rooms = scattered ? [1, 30, 5, room - 36] : [room];
        const result = await driver.submit({
          queue: 0,
          readable: scattered ? [...pieces(header), ...pieces(source)] : readable,
          writable: [...rooms, status],
        });
        expect(result.writable.at(-1)?.[0]).toBe(0);
        return Buffer.concat(result.writable.slice(0, -1)).subarray(0, result.written - 1);
      };
      const made = await send('outbound', packet.bytes, packet.bytes.length + 100);
      const at = (sa.udp ? 8 : 0) + 28;
      expect(made).toEqual(outbound(sa, 1n, packet, made.subarray(at, at + 16)));
      const arrived = outbound(sa, 1n, packet, iv);
      expect(await send('inbound', arrived, arrived.length)).toEqual(packet.bytes);
      const forged = Buffer.from(outbound(sa, 2n, packet, iv));
      forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1);
      const refused = await driver.ipsec({ direction: 'inbound', association: 0, data: forged });
      expect(refused.status).toBe('badmsg');
    }
  });

  test.each(CASES)('%s: the result goes where the source is, or overlaps it', async (_name, sa) => {
    const { driver, table, allocator } = bench;
    const base = allocator.take(2048);
    for (const shift of [0, 1, 20, 64, -16]) {
      table.reset();
      open(table, sa);
      for (const [direction, data] of [
        ['outbound', packet.bytes],
        ['inbound', outbound(sa, 1n, packet, iv)],
      ] as const) {
        const { readable } = ipsecOperation({ direction, data, length: 600 }, mode);
        const header = Buffer.from(readable[0] ?? []);
        const source = base + 256;
        bench.ram().set(header, base);
        bench.ram().set(data, source);
        const { written } = await driver.submitChain(0, {
          readable: [
            { address: base, bytes: header.length },
            { address: source, bytes: data.length },
          ],
          writable: [
            { address: source + shift, bytes: 600 },
            { address: base + 100, bytes: 1 },
          ],
        });
        expect(bench.ram()[base + 100]).toBe(0);
        const result = Buffer.from(bench.ram().slice(source + shift, source + shift + written - 1));
        const at = (sa.udp ? 8 : 0) + 28;
        expect(result).toEqual(
          direction === 'inbound' ? packet.bytes : outbound(sa, 1n, packet, result.subarray(at, at + 16)),
        );
      }
    }
  });
});

describe('what is seen of a request', () => {
  let bench: IpsecBench;
  beforeAll(async () => {
    bench = await ipsecBench();
  });
  afterAll(() => bench.dispose());

  test('the inspector names its parts, and statistics count it', async () => {
    const tracer = new DeviceTracer(bench.device, { perSecond: Number.POSITIVE_INFINITY });
    open(bench.table, association({ lifetime: { packetsSoft: 1 } }));
    await bench.driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
    await bench.driver.ipsec({ direction: 'inbound', association: 0, data: packet.bytes });
    const [sent, arrived] = tracer.requestsSince(0).slice(-2);
    if (!sent || !arrived) throw new Error('nothing was traced');
    expect(summarise(sent)).toMatchObject({ operation: 'IPSEC_OUTBOUND', status: 'IPSEC_SA_SOFT_EXPIRY' });
    expect(summarise(arrived)).toMatchObject({ operation: 'IPSEC_INBOUND', status: 'ERR' });
    const fields = new Map(decodeRequest(sent).map((field) => [field.name, field]));
    expect(fields.get('src_data_len')).toMatchObject({ value: `${packet.bytes.length} bytes`, section: '5.9.7.9' });
    expect(fields.get('src_data')?.bytes).toBe(packet.bytes.length);
    expect(fields.get('dst_data')?.bytes).toBe(packet.bytes.length + 128);
    const { ipsec } = bench.device.statistics().services;
    // A soft limit is a success.
    expect(ipsec).toMatchObject({ requests: 2, bytes: 2 * packet.bytes.length, errors: { err: 1, badmsg: 0 } });
  });
});

test.each([1, 26, 53])('MAC %i makes the ICV that the MAC service makes, cut to 96 bits', async (number) => {
  const { driver, table, dispose } = await ipsecBench();
  const names = { 1: 'hmac-md5', 26: 'cmac-aes', 53: 'xcbc-aes' } as const;
  const algorithm = names[number as keyof typeof names];
  const key = someBytes(16, 'mac');
  const sa = association({ cipher: 'null', key: Buffer.alloc(0), authKey: key, tunnel: TUNNEL6 });
  const object = Buffer.from(objectOf(sa, 'outbound'));
  object[120] = number;
  expect(table.create(SA_OUTBOUND, 0, object)).toBe(0);
  const inners = [1, 2, 3, 4].map((length) => ipv6({ payload: someBytes(70 * length) }).bytes);
  const made = await Promise.all(
    inners.map((data, at) => driver.ipsec({ direction: 'outbound', association: 0, data, hold: at < 3 })),
  );
  for (const { data } of made) {
    const covered = data.subarray(40, data.length - 12);
    const { data: mac } = await driver.mac({ algorithm, key, data: covered });
    expect(Buffer.from(data.subarray(data.length - 12))).toEqual(Buffer.from(mac.subarray(0, 12)));
  }
  await dispose();
});
