// The offsets of spec/crypto.ts, which the engine reads requests by, against the structures of the specification.
import { describe, expect, test } from 'vitest';
import * as crypto from '../../spec/crypto.ts';
import type { Field, Header, Layout } from '../../spec/layout.ts';
import * as akcipher from '../../spec/layouts/akcipher.ts';
import * as layouts from '../../spec/layouts.ts';
import { encode } from '../../src/driver/encode.ts';

/** A stretch of bytes: where it begins, and where it ends. */
type Stretch = readonly [start: number, end: number];

/** Bytes before `end` that no field has. */
function gapsOf(fields: readonly Field[], end: number): Stretch[] {
  const gaps: Stretch[] = [];
  let at = 0;
  for (const { name, offset, bytes } of fields.toSorted((a, b) => a.offset - b.offset)) {
    expect(offset, `${name} begins behind the field before it`).toBeGreaterThanOrEqual(at);
    if (offset > at) gaps.push([at, offset]);
    at = offset + bytes;
  }
  expect(at, 'the last field ends within the fixed-length part').toBeLessThanOrEqual(end);
  if (at < end) gaps.push([at, end]);
  return gaps;
}

const CONTROL_RESERVED: Stretch = [12, 16];
const DATA_PADDING: Stretch = [20, 24];

test.each<[string, Header, Stretch[]]>([
  ['5.9.7.2 virtio_crypto_ctrl_header', layouts.CONTROL_HEADER, [CONTROL_RESERVED]],
  ['5.9.7.3 virtio_crypto_op_header', layouts.DATA_HEADER, [DATA_PADDING]],
])('%s: every byte belongs to a field or is reserved', (_, { fields, bytes, legacyBytes }, reserved) => {
  expect(gapsOf(fields, bytes)).toEqual(reserved);
  expect(legacyBytes).toBe(72);
});

/** Behind the header: padding, what is reserved, and what a union has in excess of this member. */
test.each<[string, Layout, Stretch[]]>([
  ['virtio_crypto_destroy_session_flf', layouts.DESTROY_SESSION, []],
  [
    'virtio_crypto_cipher_session_flf',
    layouts.CIPHER_SESSION,
    [
      [28, 64],
      [68, 72],
    ],
  ],
  [
    'virtio_crypto_alg_chain_session_flf',
    layouts.CHAIN_SESSION,
    [
      [36, 40],
      [52, 56],
      [60, 64],
      [68, 72],
    ],
  ],
  ['virtio_crypto_hash_create_session_flf', layouts.HASH_SESSION, []],
  ['virtio_crypto_mac_create_session_flf', layouts.MAC_SESSION, [[28, 32]]],
  ['virtio_crypto_aead_create_session_flf', layouts.AEAD_SESSION, [[36, 40]]],
  ['virtio_crypto_akcipher_create_session_flf', akcipher.AKCIPHER_SESSION, [[28, 72]]],
  ['the same of RSA', akcipher.RSA_SESSION, [[36, 72]]],
  ['the same of ECDSA', akcipher.ECDSA_SESSION, [[32, 72]]],
  [
    'virtio_crypto_cipher_data_flf',
    layouts.CIPHER_DATA,
    [
      [36, 64],
      [68, 72],
    ],
  ],
  [
    'virtio_crypto_alg_chain_data_flf',
    layouts.CHAIN_DATA,
    [
      [60, 64],
      [68, 72],
    ],
  ],
  ['virtio_crypto_hash_data_flf', layouts.HASH_DATA, []],
  ['virtio_crypto_mac_data_flf', layouts.MAC_DATA, []],
  ['virtio_crypto_aead_data_flf', layouts.AEAD_DATA, [[44, 48]]],
  ['virtio_crypto_akcipher_data_flf', akcipher.AKCIPHER_DATA, []],
  ['virtio_crypto_cipher_data_flf_stateless', layouts.CIPHER_STATELESS, [[48, 96]]],
  ['virtio_crypto_alg_chain_data_flf_stateless', layouts.CHAIN_STATELESS, [[92, 96]]],
  ['virtio_crypto_hash_data_flf_stateless', layouts.HASH_STATELESS, [[36, 40]]],
  ['virtio_crypto_mac_data_flf_stateless', layouts.MAC_STATELESS, []],
  ['virtio_crypto_aead_data_flf_stateless', layouts.AEAD_STATELESS, []],
  ['virtio_crypto_akcipher_data_flf_stateless', akcipher.AKCIPHER_STATELESS, [[36, 44]]],
  ['the same of RSA', akcipher.RSA_STATELESS, []],
  ['the same of ECDSA', akcipher.ECDSA_STATELESS, [[40, 44]]],
])('5.9.7 %s: every byte belongs to a field or is reserved', (_, { header, fields, bytes }, reserved) => {
  const padding = header === layouts.CONTROL_HEADER ? CONTROL_RESERVED : DATA_PADDING;
  expect(gapsOf([...header.fields, ...fields], bytes)).toEqual([padding, ...reserved]);
  expect(fields.map(({ offset }) => offset)).toEqual(fields.map(({ offset }) => offset).toSorted((a, b) => a - b));
});

test('5.9.7.6 from iv_len on, a chain’s fields have the order of session mode in both layouts: the engine reads them so', () => {
  const offsetsIn = ({ fields }: Layout): Map<string, number> => {
    const start = fields.find(({ name }) => name === 'iv_len')?.offset ?? expect.unreachable();
    const behind = fields.filter(({ offset, name }) => offset >= start && name !== 'op_type');
    return new Map(behind.map(({ name, offset }) => [name, offset - start]));
  };
  expect(offsetsIn(layouts.CHAIN_STATELESS)).toEqual(offsetsIn(layouts.CHAIN_DATA));
  expect(offsetsIn(layouts.CIPHER_STATELESS)).toEqual(offsetsIn(layouts.CIPHER_DATA));
});

test('every offset of a request in spec/crypto.ts is that of a field', () => {
  const all = [...Object.values(layouts), ...Object.values(akcipher)] as unknown[];
  const known = new Set<number>();
  for (const item of all) {
    if (typeof item !== 'object' || item === null || !('fields' in item) || !Array.isArray(item.fields)) continue;
    for (const { offset } of item.fields) known.add(offset);
  }
  const offsets = Object.entries(crypto).filter(
    ([name]) => /^(CTRL|DATA|STATELESS)_/.test(name) && !/_BYTES$/.test(name) && !/_PARAMETERS$/.test(name),
  );
  expect(offsets.length).toBeGreaterThan(80);
  for (const [name, offset] of offsets) expect(known.has(offset), name).toBe(true);
});

describe('encoding', () => {
  test('writes fields by name, the lengths of parts, and zeros elsewhere', () => {
    const key = Uint8Array.of(1, 2, 3);
    const { header, readable, writable } = encode(layouts.MAC_STATELESS, true, {
      header: { opcode: crypto.MAC, session_id: 0x1122334455667788n },
      fields: { 'sess_para.algo': 0xfffffffe },
      readable: { src_data: new Uint8Array(), auth_key: key },
      writable: { hash_result: 20 },
    });
    const expected = new DataView(new ArrayBuffer(crypto.DATA_AUTH_STATELESS_BYTES));
    expected.setUint32(0, 0x0200, true);
    expected.setBigUint64(8, 0x1122334455667788n, true);
    expected.setUint32(24, 0xfffffffe, true);
    expected.setUint32(28, 3, true);
    expected.setUint32(36, 20, true);
    expect(header).toEqual(new Uint8Array(expected.buffer));
    expect(readable).toEqual([key]);
    expect(writable).toEqual([20]);
  });

  test('5.9.7 pads to 72 bytes without REVISION_1', () => {
    const { header } = encode(layouts.HASH_SESSION, false, { header: {}, fields: { hash_result_len: 32 } });
    expect(header).toHaveLength(72);
    expect(header[crypto.CTRL_AUTH_RESULT_LEN]).toBe(32);
  });

  test('a field that is given wins over the length of its part: CCM’s iv has more bytes than iv_len says', () => {
    const { header, readable } = encode(layouts.AEAD_DATA, true, {
      header: {},
      fields: { iv_len: 12 },
      readable: { iv: new Uint8Array(16) },
    });
    expect(header[crypto.DATA_AEAD_IV_LEN]).toBe(12);
    expect(readable).toEqual([new Uint8Array(16)]);
  });

  test('a field that the layout does not have is refused', () => {
    const layout: Layout = layouts.HASH_DATA;
    expect(() => encode(layout, true, { header: {}, fields: { iv_len: 1 } })).toThrow('no field iv_len');
  });
});
