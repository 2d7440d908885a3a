import { expect, test } from 'vitest';
import { fuzzMessages } from './fuzz.ts';

/** At night a million. */
const { VHOST_SEQUENCES = '10000', DIFFERENTIAL_SEED = '1' } = process.env;

test(`${VHOST_SEQUENCES} sequences of messages: no crash, nothing left, and they reach what they are for`, {
  timeout: 7_200_000,
}, () => {
  const { sequences, messages, ended, ran, requests } = fuzzMessages(
    Number(DIFFERENTIAL_SEED),
    Number(VHOST_SEQUENCES),
  );
  expect(messages).toBeGreaterThan(7 * sequences);
  expect(ran / sequences).toBeGreaterThan(0.4);
  expect(requests / sequences).toBeGreaterThan(0.05);
  expect([...ended.keys()]).toEqual(
    expect.arrayContaining(['SET_MEM_TABLE', 'SET_VRING_KICK', 'CREATE_CRYPTO_SESSION', 'SET_FEATURES']),
  );
});
