// Requests of associations in one notification: they run side by side, and come to the same as one after the other.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Association, outbound } from './model.ts';
import { ipv4 } from './packets.ts';
import { association, type IpsecBench, ipsecBench, open, someBytes } from './rig.ts';

const RINGS = ['split', 'packed'] as const;
const benches: IpsecBench[] = [];
beforeAll(async () => {
  for (const ring of RINGS) benches.push(await ipsecBench({ ring, queueSize: 256 }));
});
afterAll(async () => {
  for (const bench of benches) await bench.dispose();
});

const ALGORITHMS: [string, Partial<Association>][] = [
  ['AES-CBC', {}],
  ['AES-CBC with ESN', { esn: true }],
  ['AES-CBC with UDP', { udp: true }],
  ['AES-CTR', { cipher: 'aes-ctr' }],
  ['no cipher', { cipher: 'null', key: Buffer.alloc(0) }],
  ['GCM', { cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) }],
  ['HMAC-SHA-512', { auth: 'hmac-sha-512-256' }],
];

test.each(RINGS.flatMap((_, ring) => ALGORITHMS.map(([name, changes]) => [RINGS[ring], name, ring, changes] as const)))(
  'a %s ring, %s',
  async (_ring, _name, index, changes) => {
    const bench = benches[index];
    if (!bench) throw new Error('There is no such ring.');
    const { table, driver } = bench;
    table.reset();
    const sa = association({ ...changes, lifetime: { packetsSoft: 20 } });
    open(table, sa, 0);
    open(table, { ...sa, spi: 77 }, 1);
    const packets = Array.from({ length: 23 }, (_, at) => ipv4({ payload: someBytes((at * 97) % 700, at), id: at }));
    const made = await Promise.all(
      packets.map(({ bytes }, at) =>
        driver.ipsec({ direction: 'outbound', association: at % 5 === 4 ? 1 : 0, data: bytes, hold: at < 22 }),
      ),
    );
    let first = 0n;
    let second = 0n;
    for (const [at, packet] of packets.entries()) {
      const other = at % 5 === 4;
      if (other) second++;
      else first++;
      const { status, data } = made[at] ?? { status: 'err', data: new Uint8Array() };
      expect(status).toBe(first >= 20n && !other ? 'soft-expiry' : 'ok');
      const esp = 20 + (sa.udp ? 8 : 0);
      const iv = Buffer.from(data).subarray(
        esp + 8,
        esp + 8 + (sa.cipher === 'aes-cbc' ? 16 : sa.cipher === 'null' ? 0 : 8),
      );
      const expected = outbound(other ? { ...sa, spi: 77 } : sa, other ? second : first, packet, iv);
      expect(Buffer.from(data)).toEqual(expected);
    }
    const back = await Promise.all(
      made.map(({ data }, at) =>
        driver.ipsec({ direction: 'inbound', association: at % 5 === 4 ? 1 : 0, data, hold: at < 22 }),
      ),
    );
    expect(back.map(({ data }) => Buffer.from(data))).toEqual(packets.map(({ bytes }) => bytes));
    // A replay beside good packets is found in the same notification.
    const replays = await Promise.all(
      [made[3], made[3]].map((given, at) =>
        driver.ipsec({ direction: 'inbound', association: 0, data: given?.data ?? new Uint8Array(), hold: at === 0 }),
      ),
    );
    expect(replays.map(({ status }) => status)).toEqual(['err', 'err']);
  },
);

test.each(RINGS)('a %s ring: chained requests of sessions share the lanes with packets', async (ring) => {
  const bench = benches[RINGS.indexOf(ring)];
  if (!bench) throw new Error('There is no such ring.');
  const { table, driver } = bench;
  table.reset();
  const sa = association();
  open(table, sa);
  const key = someBytes(16, 'chain');
  const chain = {
    order: 'cipher-then-hash',
    direction: 'encrypt',
    cipher: { algorithm: 'aes-cbc', key, iv: someBytes(16, 'iv') },
    hash: { mode: 'auth', algorithm: 'hmac-sha-256', key: someBytes(32, 'mac') },
    data: someBytes(256),
  } as const;
  const session = await driver.createSession({ service: 'chain', ...chain, aadLength: 0 });
  const alone = await driver.chain(chain);
  const { bytes } = ipv4({ payload: someBytes(300) });
  const results = await Promise.all([
    driver.ipsec({ direction: 'outbound', association: 0, data: bytes, hold: true }),
    driver.chainInSession(session, { iv: chain.cipher.iv, data: chain.data }, { hold: true }),
    driver.ipsec({ direction: 'outbound', association: 0, data: bytes, hold: true }),
    driver.chainInSession(session, { iv: chain.cipher.iv, data: chain.data }),
  ]);
  expect(results[1]).toEqual(alone);
  expect(results[3]).toEqual(alone);
  for (const [index, sequence] of [
    [0, 1n],
    [2, 2n],
  ] as const) {
    const data = Buffer.from(results[index].data);
    expect(data).toEqual(outbound(sa, sequence, ipv4({ payload: someBytes(300) }), data.subarray(28, 44)));
  }
});

test.each(RINGS)(
  'a %s ring: good, forged and repeated packets in one notification each get their status',
  async (ring) => {
    const bench = benches[RINGS.indexOf(ring)];
    if (!bench) throw new Error('There is no such ring.');
    const { table, driver, device } = bench;
    for (const mode of ['esp-tunnel', 'esp-transport'] as const) {
      table.reset();
      const sa = association({ mode, lifetime: { packetsSoft: 7, packetsHard: 8 } });
      open(table, sa);
      const packets = Array.from({ length: 9 }, (_, at) => ipv4({ payload: someBytes(40 + 33 * at, at) }));
      const sealed = packets.map((packet, at) => outbound(sa, BigInt(at + 1), packet, someBytes(16, at)));
      const one = sealed[0] ?? Buffer.alloc(0);
      const forged = Buffer.from(one);
      forged.writeUInt8(one.readUInt8(40) ^ 1, 40);
      const wrong = outbound(sa, 50n, packets[0] ?? ipv4({ payload: forged }), someBytes(16), {
        padding: Buffer.alloc(mode === 'esp-tunnel' ? 2 : 6, 9),
      });
      const sent = [forged, one, one, wrong, ...sealed.slice(1, 4), forged, one, ...sealed.slice(4)];
      const before = device.statistics().services.ipsec;
      const results = await Promise.all(
        sent.map((data, at) =>
          driver.ipsec({ direction: 'inbound', association: 0, data, hold: at < sent.length - 1 }),
        ),
      );
      expect(results.map(({ status }) => status)).toEqual([
        ...['badmsg', 'ok', 'err', 'err', 'ok', 'ok', 'ok'],
        ...['err', 'err', 'ok', 'ok', 'soft-expiry', 'soft-expiry', 'err'],
      ]);
      const good = results.filter(({ status }) => status === 'ok' || status === 'soft-expiry');
      expect(good.map(({ data }) => Buffer.from(data))).toEqual(packets.slice(0, 8).map(({ bytes }) => bytes));
      for (const { status, data } of results) expect(data.length > 0).toBe(status === 'ok' || status === 'soft-expiry');
      const { requests, errors } = device.statistics().services.ipsec;
      expect(requests - before.requests).toBe(sent.length);
      expect([errors.badmsg - before.errors.badmsg, errors.err - before.errors.err]).toEqual([1, 5]);
    }
  },
);
