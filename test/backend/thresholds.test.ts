import { describe, expect, test } from 'vitest';
import { defaultThresholds, guestThresholds } from '../../src/backend/placement/tables.ts';
import { placingOf } from '../../src/backend/placement/takes.ts';
import { parseThresholds } from '../../src/backend/placement/thresholds.ts';

describe('thresholds of a device whose guest runs in its thread', () => {
  test('give the host nothing below 16 KiB but for serial encryption alone, and no algorithm that it did not have', () => {
    const { host } = parseThresholds(guestThresholds('node:crypto'));
    const elsewhere = defaultThresholds('node:crypto').host;
    expect(Object.keys(host)).toEqual(Object.keys(elsewhere));
    for (const [name, { few, many, crowd }] of Object.entries(host)) {
      for (const least of [few, many, crowd]) expect(least).toBeGreaterThanOrEqual(name === 'aes-cbc' ? 4096 : 16384);
    }
    expect(host['chacha20-poly1305']).toEqual(elsewhere['chacha20-poly1305']);
  });

  test('give WebCrypto nothing that is alone, and leave to workers what they have without it', () => {
    const { host, workers } = parseThresholds(guestThresholds('webcrypto'));
    expect(Object.keys(host)).toEqual(Object.keys(defaultThresholds('webcrypto').host));
    for (const { few, many, crowd } of Object.values(host)) {
      expect(few).toBeUndefined();
      expect(many).toBeGreaterThanOrEqual(16384);
      expect(crowd).toBeGreaterThanOrEqual(16384);
    }
    expect(workers).toEqual(defaultThresholds(undefined).workers);
  });

  test('are the same for workers, and where there is no host', () => {
    expect(guestThresholds('node:crypto').workers).toEqual(defaultThresholds('node:crypto').workers);
    expect(guestThresholds(undefined)).toEqual(defaultThresholds(undefined));
  });
});

test('a chain goes elsewhere by its own threshold, or by that of a part of it where that is lower', () => {
  const { workers } = parseThresholds(defaultThresholds('webcrypto'));
  const { feed } = placingOf({ backend: 'auto', guestInThread: false, learn: false }, 'webcrypto');
  const from = (cipher: 'aes-cbc' | 'kasumi-f8', digest?: 'hmac-sha-256') =>
    feed({ algorithms: { cipher, digest, decrypts: false }, isSubtle: false }, 'many').workers;
  expect(from('aes-cbc', 'hmac-sha-256')).toBe(workers.chain?.many);
  expect(from('aes-cbc')).toBe(workers['aes-cbc']?.many);
  expect(from('aes-cbc') ?? expect.unreachable()).toBeGreaterThan(
    from('aes-cbc', 'hmac-sha-256') ?? expect.unreachable(),
  );
  expect(from('kasumi-f8', 'hmac-sha-256')).toBe(workers['kasumi-f8']?.many);
});
