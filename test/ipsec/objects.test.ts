// Security associations as resource objects of the administration queue (5.9.7.9 of virtio 1.4): capabilities, objects, and that packets
// find what a driver has made.
import { afterEach, describe, expect, test } from 'vitest';
import * as spec from '../../spec/ipsec.ts';
import { SERVICES } from '../../spec/services.ts';
import { decodeModeCaps, encodeModeCaps, type ModeCap } from '../../src/device/ipsec/mode_caps.ts';
import type { BenchOptions } from '../../src/testing/bench.ts';
import { createBench } from '../../src/testing/bench.ts';
import { objectOf } from './model.ts';
import { ipv4 } from './packets.ts';
import { association, type IpsecBench, ipsecBench, someBytes } from './rig.ts';

const LIMIT = 8;
const TYPES = [
  ['outbound', spec.OUTBOUND_SA_TYPE],
  ['inbound', spec.INBOUND_SA_TYPE],
] as const;
const EINVAL = { status: 'einval', qualifier: 'invalid-field' };
const PACKET = ipv4({ payload: someBytes(100) }).bytes;

const benches: IpsecBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.dispose();
});

async function up(options: BenchOptions = {}) {
  const bench = await ipsecBench({ features: { adminQueue: true }, ...options });
  benches.push(bench);
  const { admin } = bench.driver;
  await admin.useAll();
  return { ...bench, admin };
}

const limits = (inbound: number, outbound: number): Uint8Array => {
  const bytes = new Uint8Array(spec.RESOURCE_CAP_BYTES);
  new DataView(bytes.buffer).setUint32(spec.RESOURCE_CAP_INBOUND, inbound, true);
  new DataView(bytes.buffer).setUint32(spec.RESOURCE_CAP_OUTBOUND, outbound, true);
  return bytes;
};

/** A driver that has set both capabilities: all of them, or as `narrow` leaves them. */
async function ready(narrow: (modes: ModeCap[]) => ModeCap[] = (modes) => modes, options: BenchOptions = {}) {
  const made = await up(options);
  const { admin } = made;
  const { result } = await admin.deviceCapability(spec.IPSEC_SA_CAP, 1024);
  const modes = decodeModeCaps(result) ?? [];
  expect(await admin.setCapability(spec.IPSEC_RESOURCE_CAP, limits(LIMIT, LIMIT))).toMatchObject({ status: 'ok' });
  expect(await admin.setCapability(spec.IPSEC_SA_CAP, encodeModeCaps(narrow(modes)))).toMatchObject({ status: 'ok' });
  return { ...made, modes };
}

describe('5.9.7.9 capabilities', () => {
  test('both are in the list, and the commands for objects too [5.9.7.9.4-1] [5.9.7.9.4-2]', async () => {
    const { admin } = await up();
    expect((await admin.capabilityIds()).ids).toEqual([spec.IPSEC_RESOURCE_CAP, spec.IPSEC_SA_CAP]);
    expect((await admin.listQuery()).opcodes).toEqual([0, 1, 7, 8, 9, 10, 11, 12, 13]);
    const limitsAnswer = await admin.deviceCapability(spec.IPSEC_RESOURCE_CAP, spec.RESOURCE_CAP_BYTES);
    expect(limitsAnswer.result).toEqual(limits(LIMIT, LIMIT));
  });

  test('a device without the service has none of them, and no bit of the service', async () => {
    const bench = await createBench({ features: { adminQueue: true } });
    expect((await bench.driver.admin.listQuery()).opcodes).toEqual([0, 1]);
    expect((bench.driver.readConfig().services >> SERVICES.ipsec.number) & 1).toBe(0);
    await bench.dispose();
  });

  test('the modes have entries of 44 bytes, with the algorithms of the device', async () => {
    const { admin } = await up();
    const { result, written } = await admin.deviceCapability(spec.IPSEC_SA_CAP, 1024);
    expect(written).toBe(8 + 8 + 4 * 44);
    expect(result.length).toBe(8 + 4 * 44);
    const [espTunnel, espTransport, ahTunnel, ahTransport] = decodeModeCaps(result) ?? [];
    expect([espTunnel?.mode, espTransport?.mode, ahTunnel?.mode, ahTransport?.mode]).toEqual([1, 2, 3, 4]);
    expect(espTunnel).toMatchObject({ window: 1024, options: 0x7f, ciphers: 0b1_0001_1000n, aeads: 0b1110 });
    expect(ahTunnel).toMatchObject({ options: 0x7d, ciphers: 0n, aeads: 0, cipherKeyBytes: 0, authKeyBytes: 32 });
    expect(espTransport).toEqual({ ...espTunnel, mode: 2 });
    expect(ahTransport).toEqual({ ...ahTunnel, mode: 4 });
  });

  test.each<[string, BenchOptions['algorithms'], number[]]>([
    ['GCM alone', ['gcm'], [1, 2]],
    ['AES-CBC alone', ['aes-cbc'], []],
    ['AES-CBC and HMAC-SHA-256', ['aes-cbc', 'hmac-sha-256'], [1, 2, 3, 4]],
  ])('with %s, modes without algorithms are left out', async (_name, algorithms = 'all', expected) => {
    const { admin } = await up({ algorithms });
    const { result } = await admin.deviceCapability(spec.IPSEC_SA_CAP, 1024);
    expect(decodeModeCaps(result)?.map(({ mode }) => mode)).toEqual(expected);
  });

  test.each<[string, (modes: ModeCap[]) => ModeCap[]]>([
    ['a mode that there is not', ([first]) => (first ? [{ ...first, mode: 5 }] : [])],
    ['a mode twice', ([first]) => (first ? [first, first] : [])],
    ['a larger window', ([first]) => (first ? [{ ...first, window: first.window + 1 }] : [])],
    ['an option more', ([first]) => (first ? [{ ...first, options: 0xff }] : [])],
    ['a cipher more', ([first]) => (first ? [{ ...first, ciphers: first.ciphers | 2n }] : [])],
    ['a MAC more', ([first]) => (first ? [{ ...first, macs: first.macs | (1n << 63n) }] : [])],
    ['an AEAD more', ([first]) => (first ? [{ ...first, aeads: 0x80000000 }] : [])],
    ['longer cipher keys', ([first]) => (first ? [{ ...first, cipherKeyBytes: 64 }] : [])],
    ['longer MAC keys', ([first]) => (first ? [{ ...first, authKeyBytes: 33 }] : [])],
    ['more entries than there is room for', (modes) => [...modes, ...modes]],
  ])('%s than the device has is refused', async (_name, widen) => {
    const { admin, modes } = await ready();
    expect(await admin.setCapability(spec.IPSEC_SA_CAP, encodeModeCaps(widen(modes)))).toMatchObject(EINVAL);
    expect(await admin.setCapability(spec.IPSEC_RESOURCE_CAP, limits(LIMIT + 1, 0))).toMatchObject(EINVAL);
    expect(await admin.setCapability(spec.IPSEC_RESOURCE_CAP, limits(0, LIMIT + 1))).toMatchObject(EINVAL);
    expect(await admin.createObject(spec.OUTBOUND_SA_TYPE, 0, objectOf(association(), 'outbound'))).toMatchObject({
      status: 'ok',
    });
  });
});

describe('5.9.7.9 objects', () => {
  test.each(TYPES)(
    'without the capabilities the commands for %s ones are no commands [5.9.7.9.4-3]',
    async (direction, type) => {
      const { admin } = await up();
      const object = objectOf(association(), direction);
      const expected = { status: 'einval', qualifier: 'invalid-opcode' };
      for (const caps of [[], [spec.IPSEC_RESOURCE_CAP]]) {
        for (const cap of caps) await admin.setCapability(cap, limits(1, 1));
        expect(await admin.createObject(type, 0, object)).toMatchObject(expected);
        expect(await admin.modifyObject(type, 0, object)).toMatchObject(expected);
        expect(await admin.queryObject(type, 0, spec.SA_OBJECT_BYTES)).toMatchObject(expected);
        expect(await admin.destroyObject(type, 0)).toMatchObject(expected);
      }
    },
  );

  test.each(TYPES)(
    'an %s one is made, queried, modified, destroyed, and made again [5.9.7.9.4-2] [5.9.7.9.4-6]',
    async (direction, type) => {
      const { admin, table } = await ready();
      const object = objectOf(association(), direction);
      const other = objectOf(association({ spi: 77, window: 32 }), direction);
      for (let lives = 0; lives < 2; lives++) {
        expect(await admin.createObject(type, 5, object)).toMatchObject({ status: 'ok' });
        expect(new Uint8Array(object)).toEqual(table.query(direction === 'outbound' ? 1 : 2, 5));
        expect((await admin.queryObject(type, 5, 200)).result.slice(0, spec.SA_OBJECT_BYTES)).toEqual(
          new Uint8Array(object),
        );
        expect(await admin.modifyObject(type, 5, other)).toMatchObject({ status: 'ok' });
        const { written, result } = await admin.queryObject(type, 5, 200);
        expect(written).toBe(208);
        expect(result.slice(0, spec.SA_OBJECT_BYTES)).toEqual(new Uint8Array(other));
        expect(await admin.destroyObject(type, 5)).toMatchObject({ status: 'ok' });
      }
    },
  );

  test.each(TYPES)(
    'an id of an %s one in use is EEXIST, and ids from the limit on are EINVAL [5.9.7.9.4-4] [5.9.7.9.4-5]',
    async (direction, type) => {
      const { admin } = await up();
      await admin.setCapability(spec.IPSEC_RESOURCE_CAP, direction === 'inbound' ? limits(3, 0) : limits(0, 3));
      const { result } = await admin.deviceCapability(spec.IPSEC_SA_CAP, 1024);
      await admin.setCapability(spec.IPSEC_SA_CAP, result);
      const object = objectOf(association(), direction);
      expect(await admin.createObject(type, 2, object)).toMatchObject({ status: 'ok' });
      expect(await admin.createObject(type, 2, object)).toMatchObject({ status: 'eexist' });
      expect(await admin.createObject(type, 3, object)).toMatchObject(EINVAL);
      const [other] = TYPES.filter(([name]) => name !== direction).map(([name, number]) => ({ name, number }));
      expect(
        await admin.createObject(other?.number ?? 0, 0, objectOf(association(), other?.name ?? 'outbound')),
      ).toMatchObject(EINVAL);
    },
  );

  const byte = (at: number, value: number) => (object: Uint8Array) => object.fill(value, at, at + 1);
  const wrong: [string, (object: Uint8Array) => Uint8Array][] = [
    ['mode 0', byte(spec.SA_OBJECT_MODE, 0)],
    ['mode 5', byte(spec.SA_OBJECT_MODE, 5)],
    ['direction 0', byte(spec.SA_OBJECT_DIRECTION, 0)],
    ['direction 3', byte(spec.SA_OBJECT_DIRECTION, 3)],
    ['an unknown option', byte(spec.SA_OBJECT_OPTIONS, 0x80)],
    ['an unknown option in the high half', byte(spec.SA_OBJECT_OPTIONS + 7, 0x80)],
    ['no SPI', (object) => object.fill(0, spec.SA_OBJECT_SPI, spec.SA_OBJECT_SPI + 4)],
    ['a cipher that packets do not have', byte(spec.SA_OBJECT_CIPHER, 13)],
    ['a cipher beyond all masks', byte(spec.SA_OBJECT_CIPHER + 7, 1)],
    ['an unknown AEAD', (object) => byte(spec.SA_OBJECT_CIPHER, 4)(byte(spec.SA_OBJECT_CIPHER + 1, 3)(object))],
    ['a MAC that packets do not have', byte(spec.SA_OBJECT_AUTH, 41)],
    ['no MAC', byte(spec.SA_OBJECT_AUTH, 0)],
    ['a MAC beyond all masks', byte(spec.SA_OBJECT_AUTH + 7, 0xff)],
    ['a cipher key of a wrong length', byte(spec.SA_OBJECT_CIPHER_KEY_LEN, 15)],
    ['a cipher key longer than its field', byte(spec.SA_OBJECT_CIPHER_KEY_LEN, 33)],
    ['a MAC key longer than its field', byte(spec.SA_OBJECT_AUTH_KEY_LEN, 33)],
    ['a MAC key of 256 bytes', byte(spec.SA_OBJECT_AUTH_KEY_LEN + 1, 1)],
  ];
  test.each(wrong)('%s is EINVAL, and an object that is modified so stays [5.9.7.9.4-5]', async (_name, damage) => {
    const { admin } = await ready();
    for (const [direction, type] of TYPES) {
      const object = new Uint8Array(objectOf(association(), direction));
      expect(await admin.createObject(type, 0, damage(object.slice()))).toMatchObject(EINVAL);
      expect(await admin.createObject(type, 0, object)).toMatchObject({ status: 'ok' });
      expect(await admin.modifyObject(type, 0, damage(object.slice()))).toMatchObject(EINVAL);
      expect((await admin.queryObject(type, 0, 200)).result.slice(0, spec.SA_OBJECT_BYTES)).toEqual(object);
    }
  });

  const narrowed: [string, (mode: ModeCap) => Partial<ModeCap>][] = [
    ['the cipher', ({ ciphers }) => ({ ciphers: ciphers & ~8n })],
    ['the MAC', ({ macs }) => ({ macs: macs & ~16n })],
    ['the option ESN', () => ({ options: 0 })],
    ['the cipher key', ({ cipherKeyBytes }) => ({ cipherKeyBytes: Math.min(15, cipherKeyBytes) })],
    ['the MAC key', () => ({ authKeyBytes: 31 })],
  ];
  test.each(narrowed)('%s must be within what the driver has chosen [5.9.7.9.4-5]', async (_name, change) => {
    const { admin } = await ready((modes) => modes.map((mode) => ({ ...mode, ...change(mode) })));
    for (const [direction, type] of TYPES) {
      expect(await admin.createObject(type, 0, objectOf(association({ esn: true }), direction))).toMatchObject(EINVAL);
    }
  });

  test('the mode and, inbound, the window must be within what the driver has chosen [5.9.7.9.4-5]', async () => {
    const { admin } = await ready((modes) => modes.slice(1, 3).map((mode) => ({ ...mode, window: 32 })));
    const transport = association({ mode: 'esp-transport' });
    for (const [direction, type] of TYPES) {
      expect(await admin.createObject(type, 0, objectOf(association(), direction))).toMatchObject(EINVAL);
    }
    expect(await admin.createObject(spec.INBOUND_SA_TYPE, 0, objectOf(transport, 'inbound'))).toMatchObject(EINVAL);
    expect(await admin.createObject(spec.OUTBOUND_SA_TYPE, 0, objectOf(transport, 'outbound'))).toMatchObject({
      status: 'ok',
    });
  });

  test('a short object has zeros behind its end, and that is EINVAL where they are wrong', async () => {
    const { admin } = await ready();
    const object = objectOf(association(), 'outbound');
    for (let bytes = 0; bytes < 132; bytes += 4) {
      expect(await admin.createObject(spec.OUTBOUND_SA_TYPE, 0, object.subarray(0, bytes)), `${bytes}`).toMatchObject(
        EINVAL,
      );
    }
  });

  test('a reset destroys all of them [5.9.7.9.4-7]', async () => {
    const { admin, driver, table } = await ready();
    for (const [direction, type] of TYPES) await admin.createObject(type, 1, objectOf(association(), direction));
    expect(table.save().length).toBe(2);
    driver.start();
    expect(table.save()).toEqual([]);
  });

  test('capabilities cannot be changed while there are associations', async () => {
    const { admin, modes } = await ready();
    await admin.createObject(spec.INBOUND_SA_TYPE, 0, objectOf(association(), 'inbound'));
    expect(await admin.setCapability(spec.IPSEC_SA_CAP, encodeModeCaps(modes.slice(0, 1)))).toMatchObject({
      status: 'ebusy',
    });
    expect(await admin.setCapability(spec.IPSEC_RESOURCE_CAP, limits(0, 0))).toMatchObject({ status: 'ebusy' });
  });
});

describe('packets', () => {
  test('go out by one object and come in by the other, until it is destroyed [5.9.7.9.4-8] [5.9.7.9.4-9]', async () => {
    const { admin, driver } = await ready();
    for (const [direction, type] of TYPES) await admin.createObject(type, 3, objectOf(association(), direction));
    const sent = await driver.ipsec({ direction: 'outbound', association: 3, data: PACKET });
    expect(sent.status).toBe('ok');
    const tampered = sent.data.slice().fill(sent.data[60] ? 0 : 1, 60, 61);
    expect((await driver.ipsec({ direction: 'inbound', association: 3, data: tampered })).status).toBe('badmsg');
    const received = await driver.ipsec({ direction: 'inbound', association: 3, data: sent.data });
    expect(received).toMatchObject({ status: 'ok', data: new Uint8Array(PACKET) });
    expect((await driver.ipsec({ direction: 'outbound', association: 3, data: PACKET.subarray(0, 19) })).status).toBe(
      'err',
    );
    await admin.destroyObject(spec.INBOUND_SA_TYPE, 3);
    expect((await driver.ipsec({ direction: 'inbound', association: 3, data: sent.data })).status).toBe('invsess');
  });

  test('have the numbers after those of the saved device, and its window', async () => {
    const from = await ready();
    for (const [direction, type] of TYPES) await from.admin.createObject(type, 0, objectOf(association(), direction));
    const [first, second] = [1, 2].map(() =>
      from.driver.ipsec({ direction: 'outbound', association: 0, data: PACKET }),
    );
    const sent = await first;
    expect((await from.driver.ipsec({ direction: 'inbound', association: 0, data: sent?.data ?? PACKET })).status).toBe(
      'ok',
    );
    await second;
    const state = JSON.parse(JSON.stringify(from.device.save({ includeKeys: true })));
    from.device.restore(state);
    const next = await from.driver.ipsec({ direction: 'outbound', association: 0, data: PACKET });
    expect(new DataView(next.data.buffer, next.data.byteOffset).getUint32(24)).toBe(3);
    expect((await from.driver.ipsec({ direction: 'inbound', association: 0, data: sent?.data ?? PACKET })).status).toBe(
      'err',
    );
    expect(from.device.save({ includeKeys: true }).administration?.objects.length).toBe(2);
  });
});
