import type { Scenario } from './scenario.ts';
import { AES_CBC, AES_CTR, AES_GCM, HMAC_SHA_256, SHA_256 } from './vectors.ts';

/** Published vectors of four services, one after another, as a kernel compares them when a driver registers its algorithms. */
export const SELF_TEST: Scenario = {
  about: 'runs published vectors of four services, one after another, and one message with a wrong tag',
  section: '5.9.7.3',
  run: async ({ driver, request }) => {
    for (const [algorithm, vector] of [['aes-cbc', AES_CBC] as const, ['aes-ctr', AES_CTR] as const]) {
      const { key, iv, plaintext, ciphertext } = vector;
      const encrypt = { algorithm, direction: 'encrypt', key, iv, data: plaintext } as const;
      await request(`${algorithm} encrypt`, () => driver.cipher(encrypt), ciphertext);
      const decrypt = { algorithm, direction: 'decrypt', key, iv, data: ciphertext } as const;
      await request(`${algorithm} decrypt`, () => driver.cipher(decrypt), plaintext);
    }
    await request('sha-256', () => driver.hash({ algorithm: 'sha-256', data: SHA_256.message }), SHA_256.digest);
    const { key, message, mac } = HMAC_SHA_256;
    await request('hmac-sha-256', () => driver.mac({ algorithm: 'hmac-sha-256', key, data: message }), mac);
    const { plaintext, ciphertext, ...gcm } = AES_GCM;
    const aead = { algorithm: 'gcm', ...gcm } as const;
    await request('gcm encrypt', () => driver.aead({ ...aead, direction: 'encrypt', data: plaintext }), ciphertext);
    await request('gcm decrypt', () => driver.aead({ ...aead, direction: 'decrypt', data: ciphertext }), plaintext);
    const forged = ciphertext.with(-1, 0);
    await request(
      'gcm decrypt of a wrong tag',
      () => driver.aead({ ...aead, direction: 'decrypt', data: forged }),
      'badmsg',
    );
  },
};
