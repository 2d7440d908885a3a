// What a security association remembers (5.9.7.9): sequence numbers, the anti-replay window, lifetimes; and what becomes of it when its
// object is changed, when it ends, when the device is reset, saved and restored.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SA_DONE, SA_EXISTS, SA_INBOUND, SA_INVALID, SA_OUTBOUND, SA_UNKNOWN } from '../../spec/ipsec.ts';
import { type Association, objectOf, outbound } from './model.ts';
import { ipv4 } from './packets.ts';
import { association, DIRECTIONS, type IpsecBench, ipsecBench, open, someBytes, TUNNEL6 } from './rig.ts';

let bench: IpsecBench;
beforeAll(async () => {
  bench = await ipsecBench();
});
afterAll(() => bench.dispose());

const packet = ipv4({ payload: someBytes(20) });
const iv = someBytes(16, 'iv');
/** The shortest work: no cipher. */
const plain = (changes: Partial<Association> = {}) =>
  association({ cipher: 'null', key: Buffer.alloc(0), auth: 'hmac-sha1-96', ...changes });

function fresh(sa: Association): void {
  bench.table.reset();
  expect(open(bench.table, sa)).toEqual([SA_DONE, SA_DONE]);
}

const send = async (direction: 'outbound' | 'inbound', data: Uint8Array) =>
  (await bench.driver.ipsec({ direction, association: 0, data })).status;
const receive = (sa: Association, sequence: bigint) => send('inbound', outbound(sa, sequence, packet, iv));

/** Sets the last sequence number of association 0. */
function setSequence(direction: keyof typeof DIRECTIONS, sequence: bigint): void {
  const saved = bench.table.save();
  bench.table.reset();
  for (const sa of saved) {
    const state = Buffer.from(sa.state, 'hex');
    if (sa.direction === DIRECTIONS[direction]) state.writeBigUInt64LE(sequence, 0);
    expect(bench.table.restore({ ...sa, state: state.toString('hex') })).toBe(true);
  }
}

describe('sequence numbers', () => {
  test('RFC 4303 section 3.3.3: the last number is used once, then requests fail', async () => {
    fresh(association());
    setSequence('outbound', 0xffff_fffen);
    expect(await send('outbound', packet.bytes)).toBe('ok');
    for (let times = 0; times < 3; times++) expect(await send('outbound', packet.bytes)).toBe('err');
  });

  test('RFC 4303 section 2.2.1: an extended number goes on, up to its own end', async () => {
    const sa = association({ esn: true });
    fresh(sa);
    setSequence('outbound', 0xffff_ffffn);
    const { data } = await bench.driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
    const made = Buffer.from(data);
    expect(made.readUInt32BE(24)).toBe(0);
    expect(made).toEqual(outbound(sa, 0x1_0000_0000n, packet, made.subarray(28, 44)));
    setSequence('outbound', 0xffff_ffff_ffff_fffen);
    expect(await send('outbound', packet.bytes)).toBe('ok');
    expect(await send('outbound', packet.bytes)).toBe('err');
  });

  test('RFC 4303 appendix A2: the high half of a number follows from the window', async () => {
    const sa = plain({ esn: true, window: 64 });
    fresh(sa);
    setSequence('inbound', 0xffff_fff0n);
    expect(await receive(sa, 0x1_0000_0003n)).toBe('ok');
    expect(await receive(sa, 0xffff_fff8n)).toBe('ok');
    expect(await receive(sa, 0xffff_fff8n)).toBe('err');
    expect(await receive(sa, 0x1_0000_0003n)).toBe('err');
    // It is taken for a number of the next round, so its ICV is wrong.
    expect(await receive(sa, 0x0_8000_0000n)).toBe('badmsg');
    setSequence('inbound', 5n);
    expect(await receive(sa, 0x1_ffff_ffffn)).toBe('badmsg');
    expect(await receive(sa, 0xffff_ffffn)).toBe('ok');
    expect(await receive(sa, 0x1_0000_0000n)).toBe('ok');
  });
});

describe('5.9.7.9 the anti-replay window', () => {
  test.each([2, 3, 32, 63, 64, 65, 128, 1000, 1024])('of %i packets', async (window) => {
    const sa = plain({ window });
    fresh(sa);
    const top = 5000n;
    const oldest = top - BigInt(window) + 1n;
    expect(await receive(sa, oldest)).toBe('ok');
    expect(await receive(sa, top)).toBe('ok');
    expect(await receive(sa, top)).toBe('err');
    expect(await receive(sa, oldest)).toBe('err');
    expect(await receive(sa, oldest - 1n)).toBe('err');
    expect(await receive(sa, 0n)).toBe('err');
    expect(await receive(sa, top + 1n)).toBe('ok');
  });

  test('of 0 packets: nothing is a replay', async () => {
    const sa = plain({ window: 0 });
    fresh(sa);
    for (const sequence of [7n, 7n, 1n, 100_000n, 1n, 0n]) expect(await receive(sa, sequence)).toBe('ok');
  });

  test('takes what a window of numbers takes, in any order', async () => {
    const step = fc.oneof(
      fc.integer({ min: -80, max: 80 }),
      fc.integer({ min: -2500, max: 2500 }),
      fc.integer({ min: 0, max: 40_000 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 31, 64, 100, 1024),
        fc.array(step, { minLength: 1, maxLength: 40 }),
        async (window, steps) => {
          const sa = plain({ window });
          fresh(sa);
          const seen = new Set<number>();
          let top = 0;
          for (const by of steps) {
            const sequence = Math.max(0, top + by);
            const takes = sequence > top || (sequence > 0 && top - sequence < window && !seen.has(sequence));
            expect(await receive(sa, BigInt(sequence))).toBe(takes ? 'ok' : 'err');
            if (takes) seen.add(sequence);
            top = Math.max(top, takes ? sequence : 0);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('RFC 4303 section 3.4.3: a forged packet with a high number does not move it', async () => {
    const sa = plain();
    fresh(sa);
    const forged = outbound({ ...sa, authKey: someBytes(32, 'forger') }, 1_000_000n, packet, iv);
    expect(await send('inbound', forged)).toBe('badmsg');
    expect(await receive(sa, 1n)).toBe('ok');
  });
});

describe('5.9.7.9 lifetimes', () => {
  const bytes = packet.bytes.length;

  test('soft limits: the request is done, and its status says so from then on', async () => {
    for (const lifetime of [{ packetsSoft: 3 }, { bytesSoft: 3 * bytes }, { bytesSoft: 2 * bytes + 1 }]) {
      const sa = plain({ lifetime });
      fresh(sa);
      for (const expected of ['ok', 'ok', 'soft-expiry', 'soft-expiry'] as const) {
        const made = await bench.driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
        expect(made.status).toBe(expected);
        const back = await bench.driver.ipsec({ direction: 'inbound', association: 0, data: made.data });
        expect(back).toEqual({ status: expected, data: new Uint8Array(packet.bytes) });
      }
    }
  });

  test('hard limits: requests fail from then on, and nothing changes', async () => {
    for (const lifetime of [{ packetsHard: 2 }, { bytesHard: 2 * bytes }, { bytesHard: 3 * bytes - 1 }]) {
      const sa = plain({ lifetime });
      fresh(sa);
      for (const sequence of [1n, 2n]) {
        expect(await send('outbound', packet.bytes)).toBe('ok');
        expect(await receive(sa, sequence)).toBe('ok');
      }
      const before = bench.table.save();
      expect(await send('outbound', packet.bytes)).toBe('err');
      expect(await receive(sa, 3n)).toBe('err');
      expect(bench.table.save()).toEqual(before);
    }
  });

  test('packets that fail do not count, and limits count only with the option', async () => {
    const sa = plain({ lifetime: { packetsHard: 1 } });
    fresh(sa);
    for (let times = 0; times < 3; times++) expect(await send('inbound', packet.bytes)).toBe('err');
    expect(await receive(sa, 1n)).toBe('ok');
    bench.table.reset();
    const object = objectOf(sa, 'outbound');
    object[16] = 0;
    expect(bench.table.create(SA_OUTBOUND, 0, object)).toBe(SA_DONE);
    for (let times = 0; times < 3; times++) expect(await send('outbound', packet.bytes)).toBe('ok');
  });
});

describe('5.9.7.9 objects', () => {
  const create = (sa: Association, direction: keyof typeof DIRECTIONS = 'outbound', id = 0) =>
    bench.table.create(DIRECTIONS[direction], id, objectOf(sa, direction));

  test('EEXIST for an id in use, EINVAL for one beyond the limit, ENXIO for one that is not there', () => {
    fresh(association());
    const { table } = bench;
    const before = table.save();
    expect(create(association())).toBe(SA_EXISTS);
    for (const id of [8, 9, 0xffff_ffff]) {
      expect(create(association(), 'outbound', id)).toBe(SA_INVALID);
      expect(create(association(), 'inbound', id)).toBe(SA_INVALID);
      expect(table.destroy(SA_INBOUND, id)).toBe(SA_UNKNOWN);
    }
    expect(table.modify(SA_OUTBOUND, 1, objectOf(association(), 'outbound'))).toBe(SA_UNKNOWN);
    expect(table.destroy(SA_OUTBOUND, 1)).toBe(SA_UNKNOWN);
    expect(table.query(SA_OUTBOUND, 1)).toBeUndefined();
    expect(table.save()).toEqual(before);
  });

  test('a destroyed one can be made again, without a reset', async () => {
    fresh(association());
    expect(bench.table.destroy(SA_OUTBOUND, 0)).toBe(SA_DONE);
    expect(await send('outbound', packet.bytes)).toBe('invsess');
    expect(create(association())).toBe(SA_DONE);
    expect(await send('outbound', packet.bytes)).toBe('ok');
  });

  const none = Buffer.alloc(0);
  test.each<[string, Partial<Association>]>([
    ['a cipher without integrity', { auth: 'none', authKey: none }],
    ['neither cipher nor integrity', { cipher: 'null', key: none, auth: 'none', authKey: none }],
    ['an AEAD with a MAC', { cipher: 'gcm' }],
    ['a key of a wrong length', { key: someBytes(17) }],
    ['a MAC without a key', { authKey: none }],
    ['AH with a cipher', { mode: 'ah-tunnel' }],
    ['AH with an AEAD', { mode: 'ah-tunnel', cipher: 'gcm', auth: 'none', authKey: none }],
    ['AH in UDP', { mode: 'ah-tunnel', cipher: 'null', key: none, udp: true }],
    ['SPI 0', { spi: 0 }],
    ['a key without a cipher', { cipher: 'null' }],
  ])('EINVAL for %s', (_, changes) => {
    bench.table.reset();
    expect(create(association(changes))).toBe(SA_INVALID);
    expect(create(association(changes), 'inbound')).toBe(SA_INVALID);
    expect(bench.table.save()).toEqual([]);
  });

  test('EINVAL for fields with other values than the specification has', () => {
    bench.table.reset();
    const cases: [at: number, ...values: number[]][] = [
      [0, 0, 5, 255],
      [1, 0, 2, 3],
      [16, 0x80],
      [17, 1],
      [23, 0x80],
      [24, 0, 1, 5, 7],
      [76, 1, 2, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 63, 64],
      [80, 1],
      [84, 33, 255],
      [120, 0, 3, 25, 27, 28, 41, 49, 50, 54, 64],
      [124, 1],
      [128, 33, 255],
    ];
    for (const [at, ...values] of cases) {
      for (const value of values) {
        const object = objectOf(association(), 'outbound');
        object[at] = value;
        expect(bench.table.create(SA_OUTBOUND, 0, object), `${at}: ${value}`).toBe(SA_INVALID);
      }
    }
    expect(bench.table.create(SA_OUTBOUND, 0, new Uint8Array(195))).toBe(SA_INVALID);
    expect(bench.table.create(SA_OUTBOUND, 0, new Uint8Array(197))).toBe(SA_INVALID);
    expect(create(association({ window: 1025 }), 'inbound')).toBe(SA_INVALID);
    expect(create(association({ window: 0, esn: true }), 'inbound')).toBe(SA_INVALID);
    expect(create(association({ window: 0, esn: true }))).toBe(SA_DONE);
  });

  test('EINVAL for algorithms that the device does not offer', async () => {
    const own = await ipsecBench({ algorithms: ['aes-cbc', 'hmac-sha-256'] });
    const made = [association(), association({ auth: 'hmac-sha1-96' }), association({ cipher: 'aes-ctr' })];
    const gcm = association({ cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) });
    const statuses = [...made, gcm].map((sa, id) => own.table.create(SA_OUTBOUND, id, objectOf(sa, 'outbound')));
    expect(statuses).toEqual([SA_DONE, SA_INVALID, SA_INVALID, SA_INVALID]);
    await own.dispose();
  });

  test('random objects are made or refused, and what is made comes back', () => {
    const valid = objectOf(association(), 'outbound');
    const change = fc.tuple(fc.integer({ min: 0, max: 195 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        bench.table.reset();
        const object = Uint8Array.from(valid);
        for (const [at, value] of changes) object[at] = value;
        const status = bench.table.create(SA_OUTBOUND, 7, object);
        expect([SA_DONE, SA_INVALID]).toContain(status);
        expect(bench.table.query(SA_OUTBOUND, 7)).toEqual(status === SA_DONE ? object : undefined);
      }),
      { numRuns: 300 },
    );
  });

  test('a change keeps the numbers with the keys, and a failed one changes nothing', async () => {
    const sa = association();
    fresh(sa);
    await send('outbound', packet.bytes);
    const before = bench.table.save();
    const wrong = objectOf({ ...sa, key: someBytes(5) }, 'outbound');
    expect(bench.table.modify(SA_OUTBOUND, 0, wrong)).toBe(SA_INVALID);
    expect(bench.table.save()).toEqual(before);
    const other = { ...sa, tunnel: TUNNEL6, copyDscp: true };
    expect(bench.table.modify(SA_OUTBOUND, 0, objectOf(other, 'outbound'))).toBe(SA_DONE);
    expect(bench.table.query(SA_OUTBOUND, 0)).toEqual(new Uint8Array(objectOf(other, 'outbound')));
    const second = await bench.driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
    const made = Buffer.from(second.data);
    expect(made).toEqual(outbound(other, 2n, packet, made.subarray(48, 64)));
    for (const changed of [{ key: someBytes(16, 'new') }, { spi: 9 }, { salt: someBytes(4, 'new') }]) {
      expect(bench.table.modify(SA_OUTBOUND, 0, objectOf({ ...other, ...changed }, 'outbound'))).toBe(SA_DONE);
      const { data } = await bench.driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
      expect(Buffer.from(data).readUInt32BE(44)).toBe(1);
    }
  });

  test('2.4 a reset destroys all, and wipes their keys', async () => {
    const own = await ipsecBench();
    const key = someBytes(16, 'a key that is found nowhere');
    expect(open(own.table, association({ key }))).toEqual([SA_DONE, SA_DONE]);
    const found = () => Buffer.from(own.memory.buffer).includes(key);
    expect(found()).toBe(true);
    own.device.reset();
    expect(own.table.save()).toEqual([]);
    expect(found()).toBe(false);
    own.driver.start();
    expect(open(own.table, association({ key }))).toEqual([SA_DONE, SA_DONE]);
    own.table.destroy(SA_OUTBOUND, 0);
    expect(found()).toBe(true);
    own.table.destroy(SA_INBOUND, 0);
    expect(found()).toBe(false);
    await own.dispose();
  });
});

describe('saved states', () => {
  test('have associations with their numbers and windows, if keys are saved', async () => {
    const sa = association();
    const from = await ipsecBench();
    open(from.table, sa);
    const first = await from.driver.ipsec({ direction: 'outbound', association: 0, data: packet.bytes });
    await from.driver.ipsec({ direction: 'inbound', association: 0, data: first.data });
    const state = JSON.parse(JSON.stringify(from.device.save({ includeKeys: true })));
    expect(from.device.save().associations).toEqual([]);
    const to = await ipsecBench();
    to.device.restore(state);
    expect(to.table.save()).toEqual(from.table.save());
    to.driver.start();
    expect(to.table.save()).toEqual([]);
    for (const wrong of [{ direction: 3 }, { id: 8 }, { object: '00'.repeat(196) }]) {
      const damaged = { ...state, associations: [{ ...state.associations[0], ...wrong }] };
      expect(() => to.device.restore(damaged)).toThrow('security association');
    }
    for (const wrong of [{ object: 'zz' }, { state: '' }, { more: 1 }]) {
      const damaged = { ...state, associations: [{ ...state.associations[0], ...wrong }] };
      expect(() => to.device.restore(damaged)).toThrow('damaged');
    }
    await from.dispose();
    await to.dispose();
  });
});
