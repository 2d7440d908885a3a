import { describe, expect, test } from 'vitest';
import { defaultThresholds, guestThresholds, parseThresholds } from '../../src/backend/thresholds.ts';

describe('thresholds of a device whose guest runs in its thread', () => {
  test('give the host nothing below 16 KiB but for serial encryption alone, and no algorithm that it did not have', () => {
    const { host } = parseThresholds(guestThresholds('node:crypto'));
    const elsewhere = defaultThresholds('node:crypto').host;
    expect(Object.keys(host)).toEqual(Object.keys(elsewhere));
    for (const [name, { few, many }] of Object.entries(host)) {
      expect(few).toBeGreaterThanOrEqual(name === 'aes-cbc' ? 4096 : 16384);
      expect(many).toBeGreaterThanOrEqual(16384);
    }
    expect(host['chacha20-poly1305']).toEqual(elsewhere['chacha20-poly1305']);
  });

  test('are the same for workers, and where there is no host', () => {
    expect(guestThresholds('node:crypto').workers).toEqual(defaultThresholds('node:crypto').workers);
    expect(guestThresholds(undefined)).toEqual(defaultThresholds(undefined));
  });
});
