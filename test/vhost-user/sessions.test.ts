// Sessions that come as messages, in the layouts of QEMU 7.2 (632 bytes) and of 10.0 and later (1072 bytes).
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import * as protocol from '../../src/transport/vhost-user/protocol.ts';
import { RawRing } from '../support/raw_ring.ts';
import { memoryTable, ringAddresses, u32s, u64 } from './support/client.ts';
import { fakeConnection } from './support/fake_host.ts';

const FILE_BYTES = 1024 * 1024;
const USER = 0x7f00_0000_0000;
/** Where requests of tests lie. */
const AT = { header: 0x20000, iv: 0x20100, source: 0x21000, destination: 0x22000, digest: 0x23000, status: 0x24000 };
const OPCODE_CIPHER = 2n;

let served: ReturnType<typeof fakeConnection>;
let file: Uint8Array<ArrayBuffer>;
let ring: RawRing;
let kick: (() => void) | undefined;
beforeEach(() => {
  served = fakeConnection();
  file = new Uint8Array(FILE_BYTES);
  const guest = {
    view: (address: number, bytes: number) => new DataView(file.buffer, address, bytes),
    write: (address: number, bytes: Uint8Array) => file.set(bytes, address),
  };
  ring = new RawRing(guest, 0x4000, 64);
  served.send(protocol.SET_FEATURES, u64(1n << 30n));
});
afterEach(() => served.end());

/** Starts data queue 0, as QEMU does at DRIVER_OK. */
function startRing(base = 0): void {
  const table = memoryTable([{ guestAddress: 0, bytes: FILE_BYTES, userAddress: USER, fileOffset: 0 }]);
  served.send(protocol.SET_MEM_TABLE, table, [{ file }]);
  served.send(protocol.SET_VRING_NUM, u32s(0, 64));
  served.send(protocol.SET_VRING_BASE, u32s(0, base));
  served.send(protocol.SET_VRING_ADDR, ringAddresses(0, USER + ring.desc, USER + ring.used, USER + ring.avail));
  served.send(protocol.SET_VRING_KICK, u64(0), ['event']);
  served.send(protocol.SET_VRING_CALL, u64(0), ['event']);
  [kick] = served.host.handlers.values();
}

interface Session {
  key: Uint8Array;
  authKey?: Uint8Array;
  fields?: Record<number, number>;
}

/** CREATE_CRYPTO_SESSION of AES-CBC; with an authKey, encryption and then HMAC-SHA1. */
function message(bytes: number, { key, authKey, fields = {} }: Session): Uint8Array {
  const payload = Buffer.alloc(bytes);
  if (bytes === protocol.ANY_SESSION_BYTES) payload.writeBigUInt64LE(OPCODE_CIPHER, 0);
  payload.writeUInt32LE(spec.CIPHER_AES_CBC, 8);
  payload.writeUInt32LE(key.length, 12);
  payload[32] = authKey ? spec.SYM_OP_ALGORITHM_CHAINING : spec.SYM_OP_CIPHER;
  payload[33] = spec.DIRECTION_ENCRYPT;
  payload.set(key, 56);
  if (authKey) {
    payload.writeUInt32LE(spec.MAC_HMAC_SHA1, 16);
    payload.writeUInt32LE(20, 20);
    payload.writeUInt32LE(authKey.length, 24);
    payload[34] = spec.HASH_MODE_AUTH;
    payload[35] = spec.CHAIN_CIPHER_THEN_HASH;
    payload.set(authKey, 120);
  }
  for (const [at, value] of Object.entries(fields)) payload.writeUInt32LE(value, Number(at));
  return payload;
}

/** Makes a session. Returns its id; negative: refused. */
function create(bytes: number, session: Session): bigint {
  const answer = served.send(protocol.CREATE_CRYPTO_SESSION, message(bytes, session));
  expect(answer?.byteLength).toBe(bytes);
  return answer?.getBigInt64(bytes === protocol.SYM_SESSION_BYTES ? 0 : 1064, true) ?? 0n;
}

/** Sends a request of the legacy layout, and returns its status. */
function send(id: bigint, source: Uint8Array, iv: Uint8Array, digestBytes = 0): number {
  const header = Buffer.alloc(72);
  header.writeBigUInt64LE(BigInt.asUintN(64, id), spec.DATA_SESSION_ID);
  header.writeUInt32LE(iv.length, spec.DATA_CIPHER_IV_LEN);
  header.writeUInt32LE(source.length, spec.DATA_CIPHER_SRC_LEN);
  header.writeUInt32LE(source.length, spec.DATA_CIPHER_DST_LEN);
  header.writeUInt32LE(digestBytes > 0 ? spec.SYM_OP_ALGORITHM_CHAINING : spec.SYM_OP_CIPHER, spec.DATA_SYM_OP_TYPE);
  if (digestBytes > 0) {
    header.writeUInt32LE(source.length, spec.DATA_CHAIN_CIPHER_LEN);
    header.writeUInt32LE(source.length, spec.DATA_CHAIN_HASH_LEN);
    header.writeUInt32LE(digestBytes, spec.DATA_CHAIN_RESULT_LEN);
  }
  file.set(header, AT.header);
  file.set(iv, AT.iv);
  file.set(source, AT.source);
  file[AT.status] = 0xff;
  ring.describeChain([
    { address: AT.header, bytes: 72 },
    { address: AT.iv, bytes: iv.length },
    { address: AT.source, bytes: source.length },
    { address: AT.destination, bytes: source.length, write: true },
    ...(digestBytes > 0 ? [{ address: AT.digest, bytes: digestBytes, write: true }] : []),
    { address: AT.status, bytes: 1, write: true },
  ]);
  ring.offer(0);
  kick?.();
  return file[AT.status] ?? -1;
}

const encrypt = (key: Uint8Array, iv: Uint8Array, data: Uint8Array) =>
  new Uint8Array(createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data));

describe.each([protocol.SYM_SESSION_BYTES, protocol.ANY_SESSION_BYTES])('a message of %i bytes', (bytes) => {
  const [key, iv, data] = [randomBytes(16), randomBytes(16), randomBytes(256)];

  test('a cipher', () => {
    startRing();
    const id = create(bytes, { key });
    expect(id).toBeGreaterThanOrEqual(0n);
    expect(send(id, data, iv)).toBe(spec.CRYPTO_OK);
    expect(file.slice(AT.destination, AT.destination + 256)).toEqual(encrypt(key, iv, data));
    served.send(protocol.CLOSE_CRYPTO_SESSION, u64(BigInt.asUintN(64, id)));
    expect(send(id, data, iv)).toBe(spec.CRYPTO_INVSESS);
    expect(served.device.sessionCount).toBe(0);
  });

  test('a cipher and an HMAC', () => {
    startRing();
    const authKey = randomBytes(20);
    const id = create(bytes, { key, authKey });
    expect(send(id, data, iv, 20)).toBe(spec.CRYPTO_OK);
    const result = encrypt(key, iv, data);
    expect(file.slice(AT.destination, AT.destination + 256)).toEqual(result);
    expect(Buffer.from(file.slice(AT.digest, AT.digest + 20))).toEqual(
      createHmac('sha1', authKey).update(result).digest(),
    );
  });

  test('sessions come and go 3,000 times', () => {
    startRing();
    for (let i = 0; i < 3000; i++) {
      const id = create(bytes, { key });
      expect(id).toBeGreaterThanOrEqual(0n);
      served.send(protocol.CLOSE_CRYPTO_SESSION, u64(BigInt.asUintN(64, id)));
    }
    expect(served.device.sessionCount).toBe(0);
  });

  test.each([
    ['an unknown cipher', { 8: 99 }],
    ['a key of no such length', { 12: 15 }],
    ['neither a cipher nor a chain', { 32: 0x0103 }],
  ])('%s is refused, and the next one is made', (_, fields) => {
    startRing();
    expect(create(bytes, { key, fields })).toBe(-1n);
    expect(create(bytes, { key })).toBeGreaterThanOrEqual(0n);
  });

  test('a key that is longer than its field ends the connection', () => {
    expect(() => create(bytes, { key, fields: { 12: 65 } })).toThrow(
      'CREATE_CRYPTO_SESSION: key_len is 65, 64 at most have room.',
    );
  });

  test('an authentication key that is longer than its field', () => {
    expect(() => create(bytes, { key, authKey: randomBytes(20), fields: { 24: 513 } })).toThrow(
      'CREATE_CRYPTO_SESSION: auth_key_len is 513, 512 at most have room.',
    );
  });

  test('where rings go on, sessions are kept; where another driver has them, they end', () => {
    startRing();
    const id = create(bytes, { key });
    expect(send(id, data, iv)).toBe(spec.CRYPTO_OK);
    const base = served.send(protocol.GET_VRING_BASE, u32s(0, 0))?.getUint32(4, true) ?? 0;
    expect(base).toBe(1);
    startRing(base);
    expect(send(id, data, iv)).toBe(spec.CRYPTO_OK);
    served.send(protocol.GET_VRING_BASE, u32s(0, 0));
    ring.clear();
    startRing(0);
    expect(served.device.sessionCount).toBe(0);
    expect(send(id, data, iv)).toBe(spec.CRYPTO_INVSESS);
    expect(create(bytes, { key })).toBeGreaterThanOrEqual(0n);
  });

  test('a request that names the memory of the daemon breaks the device, and a restart of the ring repairs it', () => {
    startRing();
    const id = create(bytes, { key });
    ring.describeChain([
      { address: 2 ** 52 + 1024, bytes: 72 },
      { address: AT.status, bytes: 1, write: true },
    ]);
    ring.offer(0);
    kick?.();
    expect(served.device.fault?.message).toContain('a request names memory of the daemon');
    expect(served.host.said.join()).toContain('DEVICE_NEEDS_RESET');
    served.send(protocol.GET_VRING_BASE, u32s(0, 0));
    ring.clear();
    startRing(0);
    expect(send(id, data, iv)).toBe(spec.CRYPTO_INVSESS);
    expect(send(create(bytes, { key }), data, iv)).toBe(spec.CRYPTO_OK);
  });
});

test('an asymmetric session, which this device does not serve, is refused', () => {
  const payload = Buffer.alloc(protocol.ANY_SESSION_BYTES);
  payload.writeBigUInt64LE(BigInt(spec.AKCIPHER_CREATE_SESSION), 0);
  payload.writeUInt32LE(100, 16);
  const answer = served.send(protocol.CREATE_CRYPTO_SESSION, payload);
  expect(answer?.getBigInt64(1064, true)).toBe(-1n);
});

test('a client that has given no memory is told of it once', () => {
  const key = randomBytes(16);
  create(protocol.SYM_SESSION_BYTES, { key });
  create(protocol.SYM_SESSION_BYTES, { key });
  expect(served.host.said).toHaveLength(1);
  expect(served.host.said[0]).toContain('has given no memory table');
});

test('2.7.10: the driver is told from where on to notify, although its features are not known', () => {
  startRing();
  const key = randomBytes(16);
  const id = create(protocol.SYM_SESSION_BYTES, { key });
  const event = () => new DataView(file.buffer).getUint16(ring.used + 4 + 8 * 64, true);
  expect(event()).toBe(0);
  for (let i = 1; i <= 3; i++) {
    send(id, randomBytes(16), randomBytes(16));
    expect(event()).toBe(i);
  }
  expect(served.host.signalled.length).toBeGreaterThanOrEqual(3);
});

test('no key is left in the window, nor in the message', () => {
  startRing();
  const key = randomBytes(32);
  const authKey = randomBytes(64);
  create(protocol.ANY_SESSION_BYTES, { key, authKey });
  expect(
    served.memory.useWindow((window) => [key, authKey].filter((bytes) => Buffer.from(window).includes(bytes))),
  ).toEqual([]);
});
