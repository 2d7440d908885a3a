import { sha256 } from '@noble/hashes/sha2.js';
import { roundTrip } from './requests.ts';
import type { Scenario } from './scenario.ts';
import { AES_GCM, HMAC_SHA_256 } from './vectors.ts';

const ROUNDS = 6;
const BYTES_MAX = 2000;

/** Requests of several services from several users, in an order of chance. */
export const MIXED: Scenario = {
  about: `sends requests of four services, up to three of them at once, in ${ROUNDS} rounds whose content is chance`,
  section: '5.9.7.3',
  run: async (stage) => {
    const { driver, random, request } = stage;
    const one = (): Promise<unknown> => {
      const data = random.bytes(random.below(BYTES_MAX));
      const { plaintext, ciphertext, ...gcm } = AES_GCM;
      switch (random.below(4)) {
        case 0:
          return request(
            `sha-256 of ${data.length} bytes`,
            () => driver.hash({ algorithm: 'sha-256', data }),
            sha256(data),
          );
        case 1: {
          const { key, message, mac } = HMAC_SHA_256;
          return request('hmac-sha-256', () => driver.mac({ algorithm: 'hmac-sha-256', key, data: message }), mac);
        }
        case 2:
          return request(
            'gcm encrypt',
            () => driver.aead({ algorithm: 'gcm', ...gcm, direction: 'encrypt', data: plaintext }),
            ciphertext,
          );
        default:
          return roundTrip(stage, 'aes-cbc');
      }
    };
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(Array.from({ length: 1 + random.below(3) }, one));
      await stage.sleep(random.below(20));
    }
  },
};
