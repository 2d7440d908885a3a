import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import { chainOperation } from '../../src/driver/operations.ts';
import type { ChainSession } from '../../src/driver/sessions.ts';
import { createBench } from '../support/bench.ts';
import { noise } from '../support/memory.ts';

const parameters: ChainSession = {
  service: 'chain',
  order: 'cipher-then-hash',
  direction: 'encrypt',
  cipher: { algorithm: 'aes-cbc', key: noise(16, 1) },
  hash: { mode: 'auth', algorithm: 'cmac-aes', key: noise(16, 2) },
};
const BYTES = 64;
const UNTOUCHED = 0;

describe.each(['split', 'packed'] as const)(
  'u32 sums (DPDK: cipher_start + len_to_cipher, dst + hash_len), %s ring',
  (ring) => {
    test.each([
      ['the window of the cipher', { [spec.DATA_CHAIN_CIPHER_START]: 0xfffffff0, [spec.DATA_CHAIN_CIPHER_LEN]: 32 }],
      ['the window of the cipher', { [spec.DATA_CHAIN_CIPHER_START]: 32, [spec.DATA_CHAIN_CIPHER_LEN]: 0xfffffff0 }],
      ['the window of the cipher', { [spec.DATA_CHAIN_CIPHER_START]: 16, [spec.DATA_CHAIN_CIPHER_LEN]: BYTES }],
      ['the window of the hash', { [spec.DATA_CHAIN_HASH_START]: 0xffffffff, [spec.DATA_CHAIN_HASH_LEN]: 1 }],
      ['the window of the hash', { [spec.DATA_CHAIN_HASH_START]: 1, [spec.DATA_CHAIN_HASH_LEN]: 0xffffffff }],
      ['the window of the hash', { [spec.DATA_CHAIN_HASH_START]: 0x80000000, [spec.DATA_CHAIN_HASH_LEN]: 0x80000000 }],
      ['destination and digest', { [spec.DATA_CHAIN_DST_LEN]: 0xfffffff0, [spec.DATA_CHAIN_RESULT_LEN]: 16 }],
      ['destination and digest', { [spec.DATA_CHAIN_DST_LEN]: 64, [spec.DATA_CHAIN_RESULT_LEN]: 0xffffffc0 }],
      ['source and associated data', { [spec.DATA_CHAIN_SRC_LEN]: 0xffffffc0, [spec.DATA_CHAIN_AAD_LEN]: 64 }],
    ])('%s wrap or end beyond the data: ERR, and nothing but the status is written (%o)', async (_, fields) => {
      const bench = await createBench({
        ring,
        layout: 'revision1',
        memoryBytes: 1024 * 1024,
        driver: { stateless: false },
      });
      const { id } = await bench.driver.createSession(parameters);
      const mode = { revision1: true, statelessLayout: false, session: id };
      const { readable, writable } = chainOperation(parameters, { iv: noise(16, 3), data: noise(BYTES, 4) }, 16, mode);
      const [header] = readable;
      const view = new DataView(header?.buffer ?? expect.unreachable());
      const send = () => bench.driver.submit({ queue: 0, readable, writable });
      expect((await send()).writable.at(-1)?.[0]).toBe(spec.CRYPTO_OK);
      for (const [offset, value] of Object.entries(fields)) view.setUint32(Number(offset), value, true);
      const { written, writable: parts } = await send();
      expect(written).toBe(0);
      expect(parts.at(-1)?.[0]).toBe(spec.CRYPTO_ERR);
      for (const part of parts.slice(0, -1)) expect(part.every((byte) => byte === UNTOUCHED)).toBe(true);
      expect(bench.device.fault).toBeUndefined();
      await bench.dispose();
    });
  },
);
