// Published results of OpenSSL's algorithms, as lines for `evp-check vectors` (guest/openssl/check_vectors.c).
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { PUBLISHED } from '../services/published_vectors.ts';

const hex = v.pipe(v.string(), v.regex(/^([0-9a-f]{2})*$/));
const result = v.picklist(['valid', 'invalid']);
const Mac = v.object({ key: hex, msg: hex, tag: hex, result });
const Cipher = v.object({ key: hex, iv: hex, msg: hex, ct: hex, result });
const Aead = v.object({ ...Cipher.entries, aad: hex, tag: hex });
/** Project Wycheproof's vectors lie beside the repository, where they are kept at all. */
const FOLDER = resolve(import.meta.dirname, '../../../shared/vectors/wycheproof');

/** A line. Fields of no bytes are dashes. */
function line(kind: string, name: string, fields: readonly string[], expected: 'valid' | 'invalid' = 'valid'): string {
  return [kind, name, ...fields.map((field) => field || '-'), expected].join(' ');
}

/** The vectors of a file: those that the tests have themselves, and those of Project Wycheproof. */
function vectorsOf<Vector>(file: string, schema: v.GenericSchema<unknown, Vector>): Vector[] {
  const published = v.parse(v.pipe(v.array(schema), v.minLength(1)), PUBLISHED[file]);
  const path = resolve(FOLDER, file);
  if (!existsSync(path)) return published;
  const groups = v.object({ testGroups: v.array(v.object({ tests: v.array(schema) })) });
  return [
    ...published,
    ...v.parse(groups, JSON.parse(readFileSync(path, 'utf8'))).testGroups.flatMap(({ tests }) => tests),
  ];
}

/** What OpenSSL takes: no keys of 24 bytes here, IVs of up to 128 bytes, and of 12 alone for ChaCha20-Poly1305. */
function aeadLines(file: string): string[] {
  const gcm = file.startsWith('aes');
  return vectorsOf(file, Aead)
    .filter(
      ({ key, iv }) => key.length !== 48 && iv.length > 0 && iv.length <= (gcm ? 256 : 24) && (gcm || iv.length === 24),
    )
    .map(({ key, iv, aad, msg, ct, tag, result }) => {
      const name = gcm ? `AES-${key.length * 4}-GCM` : 'ChaCha20-Poly1305';
      return line('aead', name, [key, iv, aad, msg, ct, tag], result);
    });
}

/** With the padding of PKCS #7, as EVP has it: a wrong one is invalid. */
function cbcLines(): string[] {
  return vectorsOf('aes_cbc_pkcs5_test.json', Cipher).map(({ key, iv, msg, ct, result }) =>
    line('cipher', `AES-${key.length * 4}-CBC`, [key, iv, '', msg, ct, ''], result),
  );
}

function hmacLines(hash: string): string[] {
  return vectorsOf(`hmac_${hash}_test.json`, Mac).map(({ key, msg, tag, result }) =>
    line('mac', hash.toUpperCase(), [key, '', '', msg, '', tag], result),
  );
}

/** SP 800-38A, F.5.1, F.5.3 and F.5.5, and their plaintext. */
const COUNTER_TEXT =
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
  '30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710';
const COUNTER: readonly (readonly [string, string])[] = [
  [
    '2b7e151628aed2a6abf7158809cf4f3c',
    '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff' +
      '5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee',
  ],
  [
    '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
    '1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94' +
      '1e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050',
  ],
  [
    '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5' +
      '2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6',
  ],
];

/** FIPS 180-4's examples: the digests of "abc". */
const DIGESTS: readonly (readonly [string, string])[] = [
  ['SHA1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['SHA224', '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'],
  ['SHA256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['SHA384', 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7'],
  [
    'SHA512',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
];

/** All of them. */
export function publishedLines(): string[] {
  return [
    ...['aes_gcm_test.json', 'chacha20_poly1305_test.json'].flatMap(aeadLines),
    ...cbcLines(),
    ...['sha1', 'sha256'].flatMap(hmacLines),
    ...COUNTER.map(([key, text]) =>
      line('cipher', `AES-${key.length * 4}-CTR`, [
        key,
        'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
        '',
        COUNTER_TEXT,
        text,
        '',
      ]),
    ),
    ...DIGESTS.map(([name, digest]) => line('digest', name, ['', '', '', '616263', '', digest])),
    line('digest', 'SHA256', ['', '', '', '616264', '', DIGESTS[2]?.[1] ?? ''], 'invalid'),
  ];
}
