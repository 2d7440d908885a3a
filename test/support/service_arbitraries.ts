// Random requests of each algorithm: keys, IVs, lengths with a liking for small ones and the edges of blocks, data.
import fc from 'fast-check';
import {
  AEAD_ALGORITHMS,
  type AeadAlgorithm,
  type AlgorithmName,
  CIPHER_ALGORITHMS,
  type CipherAlgorithm,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  MAC_ALGORITHMS,
  type MacAlgorithm,
} from '../../spec/names.ts';
import type { ChainHash } from '../../src/driver/sessions.ts';
import { AEADS, CIPHERS, cipherLength, HASHES, longestText, MACS, type SymmetricName } from './algorithms.ts';
import { noise } from './memory.ts';
import {
  aeadRequest,
  chainRequest,
  cipherRequest,
  hashRequest,
  macRequest,
  type ServiceRequest,
} from './service_requests.ts';

const LONGEST = 70_000;

/** Lengths of data: mostly short, often at the edge of a block or of a kernel's stride. */
export const lengths: fc.Arbitrary<number> = fc.oneof(
  { weight: 30, arbitrary: fc.nat(300) },
  {
    weight: 30,
    arbitrary: fc
      .tuple(fc.constantFrom(8, 16, 64, 128, 136, 168, 256), fc.nat(9), fc.integer({ min: -1, max: 1 }))
      .map(([block, count, step]) => Math.max(0, block * count + step)),
  },
  { weight: 8, arbitrary: fc.nat(5000) },
  { weight: 1, arbitrary: fc.nat(LONGEST) },
);
const seeds = fc.nat(1_000_000);
const directions = fc.constantFrom('encrypt', 'decrypt');

export const isCipher = (name: AlgorithmName): name is CipherAlgorithm => Object.hasOwn(CIPHER_ALGORITHMS, name);
export const isHash = (name: AlgorithmName): name is HashAlgorithm => Object.hasOwn(HASH_ALGORITHMS, name);
export const isMac = (name: AlgorithmName): name is MacAlgorithm => Object.hasOwn(MAC_ALGORITHMS, name);
export const isAead = (name: AlgorithmName): name is AeadAlgorithm => Object.hasOwn(AEAD_ALGORITHMS, name);

/** Requests of one algorithm, each with a key of its own. */
export function requestsOf(name: SymmetricName): fc.Arbitrary<ServiceRequest> {
  if (isCipher(name)) return ciphers(name);
  if (isHash(name)) return hashes(name);
  return isMac(name) ? macs(name) : aeads(name);
}

function ciphers(algorithm: CipherAlgorithm): fc.Arbitrary<ServiceRequest> {
  const { keys, iv } = CIPHERS[algorithm];
  return fc
    .tuple(directions, fc.constantFrom(...keys), lengths, seeds, fc.boolean())
    .map(([direction, keyBytes, bytes, seed, highCounter]) =>
      cipherRequest(
        algorithm,
        direction,
        noise(keyBytes, seed),
        // Counters that are about to run over.
        highCounter ? new Uint8Array(iv).fill(0xff) : noise(iv, seed + 1),
        noise(cipherLength(algorithm, bytes), seed + 2),
      ),
    );
}

function hashes(algorithm: HashAlgorithm): fc.Arbitrary<ServiceRequest> {
  const results = fc.integer({ min: 1, max: HASHES[algorithm] ?? 500 });
  return fc
    .tuple(lengths, seeds, fc.oneof(fc.constant(undefined), results))
    .map(([bytes, seed, length]) => hashRequest(algorithm, noise(bytes, seed), length));
}

function macs(algorithm: MacAlgorithm): fc.Arbitrary<ServiceRequest> {
  const { keys, least, bytes: macBytes } = MACS[algorithm];
  return fc
    .tuple(
      fc.constantFrom(...keys),
      lengths,
      seeds,
      fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: macBytes })),
    )
    .map(([keyBytes, bytes, seed, length]) =>
      macRequest(algorithm, noise(keyBytes, seed), noise(least + bytes, seed + 1), length),
    );
}

function aeads(algorithm: AeadAlgorithm): fc.Arbitrary<ServiceRequest> {
  const { keys, ivs, tags } = AEADS[algorithm];
  return fc
    .record({
      direction: directions,
      keyBytes: fc.constantFrom(...keys),
      ivBytes: fc.constantFrom(...ivs),
      tagLength: fc.constantFrom(...tags),
      aadBytes: fc.oneof(fc.constant(0), fc.nat(40), lengths),
      bytes: lengths,
      seed: seeds,
      changedBit: fc.option(fc.nat(), { nil: undefined, freq: 2 }),
    })
    .map(({ direction, keyBytes, ivBytes, tagLength, aadBytes, bytes, seed, changedBit }) =>
      aeadRequest({
        algorithm,
        direction,
        key: noise(keyBytes, seed),
        iv: noise(ivBytes, seed + 1),
        aad: noise(aadBytes, seed + 2),
        plaintext: noise(Math.min(bytes, longestText(algorithm, ivBytes)), seed + 3),
        tagLength,
        ...(changedBit === undefined ? {} : { changedBit }),
      }),
    );
}

/** A stretch of data: two numbers say where, in thousandths. */
function windowOf(bytes: number, start: number, length: number): { start: number; length: number } {
  const from = Math.floor((bytes * start) / 1000);
  return { start: from, length: Math.floor(((bytes - from) * length) / 1000) };
}
const thousandths = fc.oneof(fc.constantFrom(0, 1000), fc.nat(1000));

/** Chains of any cipher with any hash or MAC of those given. */
export function chainsOf(names: readonly AlgorithmName[]): fc.Arbitrary<ServiceRequest> {
  const digests = names.filter((name) => isHash(name) || isMac(name));
  return fc
    .record({
      order: fc.constantFrom('cipher-then-hash', 'hash-then-cipher'),
      direction: directions,
      cipher: fc.constantFrom(...names.filter(isCipher)),
      digest: fc.constantFrom(...digests),
      nested: fc.boolean(),
      bytes: lengths,
      aadBytes: fc.oneof(fc.constant(0), fc.nat(40)),
      places: fc.tuple(thousandths, thousandths, thousandths, thousandths),
      cut: fc.oneof(fc.constant(0), fc.nat(70)),
      keyIndex: fc.nat(),
      seed: seeds,
    })
    .map(({ order, direction, cipher, digest, nested, bytes, aadBytes, places, cut, keyIndex, seed }) => {
      const { keys, iv, least: shortest = 0 } = CIPHERS[cipher];
      const total = Math.max(bytes, shortest);
      const window = windowOf(total, places[0], places[1]);
      const cipherBytes = cipherLength(cipher, window.length);
      const hashed = windowOf(total, places[2], places[3]);
      const { hash, least } = digestPart(digest, nested, cut, keyIndex, seed);
      return chainRequest({
        order,
        direction,
        cipher: {
          algorithm: cipher,
          key: noise(keys[keyIndex % keys.length] ?? 16, seed),
          iv: noise(iv, seed + 1),
          // A window that is shorter than the algorithm takes is made longer, and may have to begin earlier.
          start: Math.min(window.start, total - cipherBytes),
          length: cipherBytes,
        },
        hash: { ...hash, ...hashed },
        aad: noise(Math.max(aadBytes, least - hashed.length), seed + 2),
        data: noise(total, seed + 3),
      });
    });
}

function digestPart(
  digest: HashAlgorithm | MacAlgorithm,
  nested: boolean,
  cut: number,
  keyIndex: number,
  seed: number,
): { hash: ChainHash; least: number } {
  const shortened = (own: number) => (cut > 0 && cut < own ? { resultLength: cut } : {});
  if (isMac(digest)) {
    const { keys, bytes, least } = MACS[digest];
    const key = noise(keys[keyIndex % keys.length] ?? 16, seed + 4);
    return { hash: { mode: 'auth', algorithm: digest, key, ...shortened(bytes) }, least };
  }
  const length = shortened(HASHES[digest] ?? 71);
  return nested
    ? { hash: { mode: 'nested', algorithm: digest, key: noise(keyIndex % 100, seed + 4), ...length }, least: 0 }
    : { hash: { mode: 'plain', algorithm: digest, ...length }, least: 0 };
}
