import { webcrypto } from 'node:crypto';
import { type Call, type Calls, callFor, type Implementation, resultDigest } from './implementation.ts';

const { subtle } = webcrypto;
type Prepared = Promise<Call<Promise<ArrayBuffer>>>;

function hash(algorithm: string) {
  return async (): Prepared =>
    ({ source }) =>
      subtle.digest(algorithm, source);
}

/** CBC is left out: Web Cryptography always pads. */
const CALLS: Calls<Prepared> = {
  'aes-128-ctr': async ({ key }) => {
    const imported = await subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt']);
    return ({ iv, source }) => subtle.encrypt({ name: 'AES-CTR', counter: iv, length: 128 }, imported, source);
  },
  'aes-128-gcm-encrypt': async ({ key }) => {
    const imported = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
    return ({ iv, source }) => subtle.encrypt({ name: 'AES-GCM', iv }, imported, source);
  },
  'sha-256': hash('SHA-256'),
  'sha-512': hash('SHA-512'),
  sha1: hash('SHA-1'),
  'hmac-sha-256': async ({ key }) => {
    const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    return ({ source }) => subtle.sign('HMAC', imported, source);
  },
};

const NAME = 'webcrypto';

/** The host's Web Cryptography: keys are imported once, and a batch's requests are given all at once, to be done on threads. */
export const webCrypto: Implementation = {
  name: NAME,
  has: (item) => CALLS[item] !== undefined,
  prepare: async (workload) => {
    const call = await callFor(NAME, CALLS, workload);
    const all = () => Promise.all(workload.requests.map(call));
    return {
      digest: async () => resultDigest((await all()).map((result) => new Uint8Array(result))),
      run: async (times) => {
        const start = performance.now();
        for (let i = 0; i < times; i++) await all();
        return performance.now() - start;
      },
      dispose: () => {},
    };
  },
  dispose: () => {},
};
