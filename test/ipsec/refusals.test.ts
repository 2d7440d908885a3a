// What the device refuses in packets (5.9.7.9): each gets its status, and nothing of the association changes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SA_INBOUND, SA_OUTBOUND } from '../../spec/ipsec.ts';
import type { Refusal } from '../../src/device/refusals.ts';
import { createBench } from '../../src/testing/index.ts';
import { type Association, objectOf, outbound, withChecksum } from './model.ts';
import { ipv4, ipv6, type Packet } from './packets.ts';
import { association, DIRECTIONS, type IpsecBench, ipsecBench, open, someBytes, TUNNEL6 } from './rig.ts';

let bench: IpsecBench;
let refusals: Refusal[] = [];
beforeAll(async () => {
  bench = await ipsecBench({ onRefused: (refusal) => refusals.push(refusal) });
});
afterAll(() => bench.dispose());

/** The device with one association of each direction. */
function fresh(sa: Association): void {
  bench.table.reset();
  refusals = [];
  expect(open(bench.table, sa)).toEqual([0, 0]);
}

const iv = someBytes(16, 'iv');
const inner = ipv4({ payload: someBytes(64) });

/** Sends a packet that must be refused, and checks that the association is as before. */
async function refused(
  direction: 'outbound' | 'inbound',
  data: Uint8Array,
  expected: { status: string; check: string },
  length?: number,
): Promise<void> {
  const before = bench.table.save();
  const result = await bench.driver.ipsec({ direction, association: 0, data, ...(length !== undefined && { length }) });
  expect(result).toEqual({ status: expected.status, data: new Uint8Array() });
  expect(refusals.at(-1)).toMatchObject({ kind: 'request', ...expected });
  expect(bench.table.save()).toEqual(before);
}

async function accepted(data: Uint8Array, packet: Packet, status = 'ok'): Promise<void> {
  const result = await bench.driver.ipsec({ direction: 'inbound', association: 0, data });
  expect(result.status).toBe(status);
  expect(Buffer.from(result.data)).toEqual(packet.bytes);
}

const PACKET = { status: 'err', check: 'packet' };
const MODES = ['esp-tunnel', 'esp-transport', 'ah-tunnel', 'ah-transport'] as const;
const ofMode = (mode: (typeof MODES)[number], changes: Partial<Association> = {}) =>
  association({ mode, ...(mode.startsWith('ah') && { cipher: 'null', key: Buffer.alloc(0) }), ...changes });

test.each(MODES)('5.9.7.9 %s: packets of 0 to 60 bytes, and cut ones', async (mode) => {
  const sa = ofMode(mode);
  fresh(sa);
  const whole = outbound(sa, 1n, inner, iv);
  for (let length = 0; length <= 60; length++) {
    await refused('inbound', whole.subarray(0, length), PACKET);
    await refused('outbound', inner.bytes.subarray(0, length), PACKET);
  }
  for (const version of [0x05, 0x15, 0x55, 0x75, 0xf5]) {
    const wrong = Buffer.from(whole);
    wrong.writeUInt8(version, 0);
    await refused('inbound', wrong, PACKET);
    const plain = Buffer.from(inner.bytes);
    plain.writeUInt8(version, 0);
    await refused('outbound', plain, PACKET);
  }
  for (const header of [0x40, 0x44]) {
    const wrong = Buffer.from(whole);
    wrong.writeUInt8(header, 0);
    await refused('inbound', wrong, PACKET);
  }
  for (const total of [0, 19, whole.length - 1, whole.length + 1, 0xffff]) {
    const wrong = Buffer.from(whole);
    wrong.writeUInt16BE(total, 2);
    await refused('inbound', wrong, PACKET);
  }
  await accepted(whole, inner);
});

test.each(MODES)('5.9.7.9 %s: packets that say they end after 20 to 60 bytes', async (mode) => {
  const sa = ofMode(mode);
  fresh(sa);
  const whole = outbound(sa, 1n, inner, iv);
  for (let length = 20; length <= 60; length++) {
    const cut = Buffer.from(whole.subarray(0, length));
    cut.writeUInt16BE(length, 2);
    const before = bench.table.save();
    const { status } = await bench.driver.ipsec({ direction: 'inbound', association: 0, data: withChecksum(cut) });
    expect(['err', 'badmsg']).toContain(status);
    expect(bench.table.save()).toEqual(before);
  }
});

test.each(MODES)('5.9.7.9 %s: BADMSG if the integrity check fails, at every byte that it covers', async (mode) => {
  const sa = ofMode(mode);
  fresh(sa);
  const whole = outbound(sa, 1n, inner, iv);
  const first = mode.startsWith('ah') ? 20 : 28;
  for (let at = first; at < whole.length; at++) {
    // In AH: the next header, the reserved field, and what is behind SPI and sequence number.
    const structural = mode.startsWith('ah') && ((at > 20 && at < 32 && at !== 22 && at !== 23) || at === 21);
    const wrong = Buffer.from(whole);
    wrong.writeUInt8(wrong.readUInt8(at) ^ 0x10, at);
    if (!structural) await refused('inbound', wrong, { status: 'badmsg', check: 'icv' });
  }
  await accepted(whole, inner);
});

test('5.9.7.9 an ICV that is cut, and one of another association', async () => {
  const sa = association();
  fresh(sa);
  const whole = outbound(sa, 1n, inner, iv);
  for (let cut = 1; cut <= 16; cut++) {
    const short = Buffer.from(whole.subarray(0, whole.length - cut));
    short.writeUInt16BE(short.length, 2);
    // Only a cut by a whole block leaves a text of whole blocks.
    const expected = cut === 16 ? { status: 'badmsg', check: 'icv' } : PACKET;
    await refused('inbound', withChecksum(short), expected);
  }
  const other = outbound({ ...sa, authKey: someBytes(32, 'other') }, 1n, inner, iv);
  await refused('inbound', other, { status: 'badmsg', check: 'icv' });
  const elsewhere = outbound({ ...sa, spi: sa.spi + 1 }, 1n, inner, iv);
  await refused('inbound', elsewhere, { status: 'err', check: 'spi' });
});

test('RFC 4303 section 2.4: padding that does not count up from 1, or is longer than the packet', async () => {
  const sa = association();
  fresh(sa);
  for (const bytes of [
    [2, 2],
    [1, 3],
    [0, 0],
    [1, 1],
  ]) {
    const payload = ipv4({ payload: someBytes(8) });
    const odd = outbound(sa, 1n, payload, iv, { padding: Buffer.from(bytes) });
    await refused('inbound', odd, { status: 'err', check: 'trailer' });
  }
  // A text of one block whose trailer claims 200 bytes of padding.
  const claims = Buffer.concat([someBytes(14), Buffer.from([200, 4])]);
  const odd = outbound(sa, 1n, { ...inner, bytes: claims.subarray(0, 14) }, iv, { padding: Buffer.alloc(0), next: 4 });
  await refused('inbound', odd, { status: 'err', check: 'inner' });
});

test('RFC 4303 section 2.6, 2.7: packets without content, and padding that hides the length', async () => {
  const sa = association();
  fresh(sa);
  await accepted(outbound(sa, 1n, inner, iv, { extra: someBytes(100) }), inner);
  const dummy = await bench.driver.ipsec({
    direction: 'inbound',
    association: 0,
    data: outbound(sa, 2n, inner, iv, { next: 59 }),
  });
  expect(dummy).toEqual({ status: 'ok', data: new Uint8Array() });
  await refused('inbound', outbound(sa, 2n, inner, iv, { next: 59 }), { status: 'err', check: 'replay' });
});

test('a tunnel whose payload is no IP packet, or of another version', async () => {
  const sa = association();
  fresh(sa);
  for (const next of [0, 6, 17, 41, 50, 255]) {
    await refused('inbound', outbound(sa, 1n, inner, iv, { next }), { status: 'err', check: 'inner' });
  }
  const short = Buffer.from(inner.bytes);
  short.writeUInt16BE(0xffff, 2);
  await refused('inbound', outbound(sa, 1n, { ...inner, bytes: short }, iv), { status: 'err', check: 'inner' });
});

test.each(['esp-transport', 'ah-transport'] as const)('RFC 4303 section 3.3.4: %s takes no fragments', async (mode) => {
  const sa = ofMode(mode);
  fresh(sa);
  for (const fragment of [0x2000, 1, 0x1fff, 0x3001]) {
    await refused('outbound', ipv4({ payload: someBytes(8), fragment }).bytes, PACKET);
    const arrived = outbound(sa, 1n, inner, iv);
    arrived.writeUInt16BE(fragment, 6);
    await refused('inbound', withChecksum(arrived), PACKET);
  }
  for (const fragment of ['0001', '0008', 'fff9']) {
    const data = Buffer.from(`${fragment}00000001`, 'hex');
    const extensions = [{ type: 44, data: Buffer.concat([data.subarray(0, 6)]), before: true }];
    await refused('outbound', ipv6({ payload: someBytes(8), extensions }).bytes, PACKET);
  }
  // Don't Fragment alone is no fragment.
  const { status } = await bench.driver.ipsec({
    direction: 'outbound',
    association: 0,
    data: ipv4({ payload: someBytes(8), fragment: 0x4000 }).bytes,
  });
  expect(status).toBe('ok');
});

test('extension headers that run beyond the packet, and too many of them', async () => {
  const sa = ofMode('esp-transport', { tunnel: TUNNEL6 });
  fresh(sa);
  const good = ipv6({ payload: someBytes(40), extensions: [{ type: 0, data: Buffer.alloc(6), before: true }] });
  for (const length of [6, 40, 255]) {
    const long = Buffer.from(good.bytes);
    long.writeUInt8(length, 41);
    await refused('outbound', long, PACKET);
    await refused('inbound', long, PACKET);
  }
  const many = Array.from({ length: 17 }, () => ({ type: 60, data: Buffer.alloc(6), before: true }));
  await refused('outbound', ipv6({ payload: someBytes(8), extensions: many }).bytes, PACKET);
  const cut = ipv6({ payload: Buffer.alloc(0), next: 43 });
  await refused('outbound', cut.bytes, PACKET);
});

test('UDP encapsulation: other protocols, lengths, and the keepalive of RFC 3948 section 4', async () => {
  const sa = association({ udp: true });
  fresh(sa);
  const whole = outbound(sa, 1n, inner, iv);
  const plain = outbound({ ...sa, udp: false }, 1n, inner, iv);
  await refused('inbound', plain, PACKET);
  const long = Buffer.from(whole);
  long.writeUInt16BE(whole.length, 24);
  await refused('inbound', long, PACKET);
  const keepalive = ipv4({ payload: Buffer.from('1194119400090000ff', 'hex') });
  await refused('inbound', keepalive.bytes, PACKET);
  await accepted(whole, inner);
  fresh(association());
  await refused('inbound', whole, PACKET);
});

test('room for the result, and IP packets that would be too long', async () => {
  const sa = association();
  fresh(sa);
  const whole = outbound(sa, 1n, inner, iv);
  const TOO_LONG = { status: 'err', check: 'packet-length' };
  await refused('inbound', whole, TOO_LONG, inner.bytes.length - 1);
  await refused('outbound', inner.bytes, TOO_LONG, whole.length - 1);
  await refused('outbound', ipv4({ payload: someBytes(65_500) }).bytes, TOO_LONG);
  const exact = { direction: 'outbound', association: 0, data: inner.bytes, length: whole.length } as const;
  expect((await bench.driver.ipsec(exact)).data).toHaveLength(whole.length);
  const back = { direction: 'inbound', association: 0, data: whole, length: inner.bytes.length } as const;
  expect(Buffer.from((await bench.driver.ipsec(back)).data)).toEqual(inner.bytes);
});

test('5.9.7.9 INVSESS for an id that names no association of the direction', async () => {
  bench.table.reset();
  const { driver, table } = bench;
  expect(table.create(SA_OUTBOUND, 3, objectOf(association(), 'outbound'))).toBe(0);
  for (const id of [0, 2, 4, 8, 0xffff_ffff, 0x1_0000_0003n, 0xffff_ffff_ffff_ffffn]) {
    const result = await driver.ipsec({ direction: 'outbound', association: id, data: inner.bytes });
    expect(result.status).toBe('invsess');
  }
  const other = await driver.ipsec({ direction: 'inbound', association: 3, data: inner.bytes });
  expect(other.status).toBe('invsess');
  expect(refusals.at(-1)).toMatchObject({ check: 'sa', status: 'invsess' });
  expect((await driver.ipsec({ direction: 'outbound', association: 3, data: inner.bytes })).status).toBe('ok');
});

test('5.9.7.3 requests without the flag of session mode', async () => {
  fresh(association());
  const { driver } = bench;
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0x0500, 0);
  header.writeUInt32LE(inner.bytes.length, 24);
  header.writeUInt32LE(200, 28);
  const { writable } = await driver.submit({ queue: 0, readable: [header, inner.bytes], writable: [200, 1] });
  expect(writable.at(-1)?.[0]).toBe(3);
});

test('5.9.5 a device without associations does not offer the service', async () => {
  expect(bench.driver.readConfig().services >> 5).toBe(1);
  const without = await createBench({ layout: 'revision1' });
  expect(without.driver.readConfig().services >> 5).toBe(0);
  expect(without.device.associations).toBeUndefined();
  const result = await without.driver.ipsec({ direction: 'outbound', association: 0, data: inner.bytes });
  expect(result.status).toBe('notsupp');
  await without.dispose();
});

test('what lies behind the result stays as it was, and the used element says how long the result is', async () => {
  fresh(association({ cipher: 'gcm', auth: 'none', authKey: Buffer.alloc(0) }));
  const { driver } = bench;
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0x0500, 0);
  header.writeUInt32LE(1, 16);
  header.writeUInt32LE(inner.bytes.length, 24);
  header.writeUInt32LE(400, 28);
  const { writable, written } = await driver.submit({ queue: 0, readable: [header, inner.bytes], writable: [400, 1] });
  const total = 20 + 8 + 8 + 84 + 2 + 2 + 16;
  expect(written).toBe(total + 1);
  expect(Buffer.from(writable[0] ?? []).readUInt16BE(2)).toBe(total);
  expect(writable.at(-1)?.[0]).toBe(0);
});

test('directions do not mix: the table has ids for each', () => {
  bench.table.reset();
  expect(bench.table.create(DIRECTIONS.inbound, 0, objectOf(association(), 'inbound'))).toBe(0);
  expect(bench.table.query(SA_OUTBOUND, 0)).toBeUndefined();
  expect(bench.table.query(SA_INBOUND, 0)).toEqual(new Uint8Array(objectOf(association(), 'inbound')));
});
