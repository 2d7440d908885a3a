// One small request of each algorithm and of each kind of chain.
import { resultBytes } from '../../src/driver/results.ts';
import type { ChainHash } from '../../src/driver/sessions.ts';
import { AEADS, CIPHERS, MACS, type SymmetricName } from './algorithms.ts';
import { noise } from './memory.ts';
import { isAead, isCipher, isHash } from './service_arbitraries.ts';
import {
  aeadRequest,
  chainRequest,
  cipherRequest,
  hashRequest,
  macRequest,
  type ServiceRequest,
} from './service_requests.ts';

const BYTES = 48;
const keyOf = (keys: readonly number[], seed: number) => noise(keys.at(-1) ?? 16, seed);

/** A request of one algorithm over 48 bytes, in the direction that can fail where there are two. */
export function sampleOf(name: SymmetricName, bytes = BYTES): ServiceRequest {
  const data = noise(bytes, 23);
  if (isCipher(name)) {
    const { keys, iv } = CIPHERS[name];
    return cipherRequest(name, 'decrypt', keyOf(keys, 21), noise(iv, 22), data);
  }
  if (isHash(name)) return hashRequest(name, data);
  if (!isAead(name)) return macRequest(name, noise(Math.min(64, MACS[name].keys.at(-1) ?? 16), 21), data);
  const { keys, ivs } = AEADS[name];
  return aeadRequest({
    algorithm: name,
    direction: 'decrypt',
    key: keyOf(keys, 21),
    iv: noise(ivs[0] ?? 12, 22),
    aad: noise(13, 24),
    plaintext: data,
    tagLength: 16,
  });
}

const CHAIN_HASHES: readonly ChainHash[] = [
  { mode: 'plain', algorithm: 'sha-256' },
  { mode: 'nested', algorithm: 'sha3-256', key: noise(20, 31) },
  { mode: 'auth', algorithm: 'hmac-sha1', key: noise(20, 32) },
  { mode: 'auth', algorithm: 'gmac-aes', key: noise(16, 33) },
];

/** Chains in both orders, both directions, with hashes of every mode. */
export function sampleChains(bytes = 70): { name: string; request: ServiceRequest }[] {
  return CHAIN_HASHES.flatMap((hash, i) =>
    (['cipher-then-hash', 'hash-then-cipher'] as const).map((order, j) => {
      const cipher = i % 2 === 0 ? ('aes-cbc' as const) : ('aes-ctr' as const);
      const request = chainRequest({
        order,
        direction: j === 0 ? 'encrypt' : 'decrypt',
        cipher: {
          algorithm: cipher,
          key: noise(16, 34),
          iv: noise(16, 35),
          start: 6,
          length: bytes - (bytes % 16) - 16,
        },
        hash: { ...hash, resultLength: resultBytes(hash.algorithm), start: 2, length: bytes - 5 },
        aad: noise(13, 36),
        data: noise(bytes, 37),
      });
      return { name: `${cipher} ${order} ${hash.mode} ${hash.algorithm}`, request };
    }),
  );
}
