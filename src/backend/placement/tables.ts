// Figures: the sizes from which requests run outside the engine, as measured on the machines that the comments name.
import type { AlgorithmName } from '../../../spec/names.ts';
import { WEBCRYPTO_BELOW } from './steps.ts';
import { ALGORITHMS, type Threshold, type Thresholds, type ThresholdTable } from './thresholds.ts';

/** The host's own cryptography: Node's, which returns its result at once, or a browser's, which returns a promise. */
export type HostKind = 'node:crypto' | 'webcrypto';

/** The same size at every depth. */
const from = (least: number): Threshold => ({ few: least, many: least, crowd: least });
const ALWAYS = from(1);

/** All algorithms of node:crypto at every size, for the backend 'host'. */
export const HOST_ALWAYS: ThresholdTable = {
  'aes-ecb': ALWAYS,
  'aes-cbc': ALWAYS,
  'aes-cbc-decrypt': ALWAYS,
  'aes-ctr': ALWAYS,
  'aes-xts': ALWAYS,
  gcm: ALWAYS,
  'chacha20-poly1305': ALWAYS,
  md5: ALWAYS,
  sha1: ALWAYS,
  'sha-224': ALWAYS,
  'sha-256': ALWAYS,
  'sha-384': ALWAYS,
  'sha-512': ALWAYS,
  'sha3-224': ALWAYS,
  'sha3-256': ALWAYS,
  'sha3-384': ALWAYS,
  'sha3-512': ALWAYS,
  'hmac-md5': ALWAYS,
  'hmac-sha1': ALWAYS,
  'hmac-sha-224': ALWAYS,
  'hmac-sha-256': ALWAYS,
  'hmac-sha-384': ALWAYS,
  'hmac-sha-512': ALWAYS,
};

const gcm = from(2048);
const parallel = from(4096);
const serial: Threshold = { few: 1024, many: 2048, crowd: 2048 };
const sha256: Threshold = { few: 1024, many: 2048, crowd: 2048 };
/** With four requests at a time, the engine is as fast as the processor's SHA-1 instructions. */
const sha1: Threshold = { few: 1024, many: 65536, crowd: 65536 };
/** The processors that were measured have no instructions for SHA-512. */
const sha512 = from(16384);
const chacha20 = from(65536);

/** A cipher object that is kept needs no new key schedule, and CBC decrypts blocks in parallel. */
const decryption = from(1024);
/** Either both parts of a chain run in node:crypto, or neither. */
const chain: Threshold = { few: 1024, many: 4096, crowd: 6144 };

/** Measured on Node 20.20, OpenSSL 3.0, an AMD EPYC with AES and SHA instructions. */
const HOST: ThresholdTable = {
  'aes-ecb': parallel,
  'aes-cbc': serial,
  'aes-cbc-decrypt': decryption,
  'aes-ctr': parallel,
  'aes-xts': parallel,
  gcm,
  'chacha20-poly1305': chacha20,
  sha1,
  'sha-224': sha256,
  'sha-256': sha256,
  'sha-384': sha512,
  'sha-512': sha512,
  'hmac-sha1': sha1,
  'hmac-sha-224': sha256,
  'hmac-sha-256': sha256,
  'hmac-sha-384': sha512,
  'hmac-sha-512': sha512,
  chain,
};

/** One request alone is faster in the engine. Workers gain with many requests, or if a request would block the emulator for 1 ms. */
const FAST: Threshold = { many: 8192, crowd: 8192 };
const SLOW: Threshold = { few: 32768, many: 1024, crowd: 1024 };

/** Algorithms that take the engine more than ten times as long as AES. */
const SLOW_ALGORITHMS: readonly AlgorithmName[] = [
  'des-ecb',
  'des-cbc',
  '3des-ecb',
  '3des-cbc',
  '3des-ctr',
  'kasumi-f8',
  'kasumi-f9',
  'snow3g-uea2',
  'snow3g-uia2',
  'aes-f8',
  'zuc-eea3',
  'zuc-eia3',
];

/** Thresholds of two workers beside the engine, measured on the same machine. */
const WORKERS: ThresholdTable = Object.fromEntries([
  ...ALGORITHMS.map((name) => [name, SLOW_ALGORITHMS.includes(name) ? SLOW : FAST] as const),
  ['aes-cbc-decrypt', FAST] as const,
]);

const webGcm = from(12288);
const webCtr: Threshold = { few: 12288, many: 12288, crowd: 65536 };
const webSerial: Threshold = { few: 4096, many: 16384 };
const webSha256: Threshold = { few: 4096, many: 16384, crowd: 16384 };
const webSha1: Threshold = { few: 32768, many: 131072, crowd: 131072 };
const webSha512 = from(65536);

/**
 * Measured in Chromium 156, with two cores of an AMD EPYC with AES and SHA instructions. CBC decryption needs two calls of WebCrypto, so
 * it gains nothing.
 */
const WEBCRYPTO: ThresholdTable = {
  'aes-cbc': webSerial,
  'aes-ctr': webCtr,
  gcm: webGcm,
  sha1: webSha1,
  'sha-256': webSha256,
  'sha-384': webSha512,
  'sha-512': webSha512,
  'hmac-sha1': webSha1,
  'hmac-sha-256': webSha256,
  'hmac-sha-384': webSha512,
  'hmac-sha-512': webSha512,
};
/** In a crowd, workers are also faster at sizes where WebCrypto does not gain yet. */
const BESIDE_WEBCRYPTO: Threshold = { many: WEBCRYPTO_BELOW, crowd: 4096 };
/** CTR goes to WebCrypto in pieces, so large requests do not slow WebCrypto down. Only a crowd does. */
const CTR_BESIDE_WEBCRYPTO: Threshold = { crowd: 8192 };

/** Chains in a browser: WebCrypto takes none. */
const WEB_CHAIN: Threshold = { many: 8192, crowd: 4096 };
/** Chains in Node that are too short for OpenSSL. A chain takes the engine two kernels, so a crowd of chains gains by workers. */
const NODE_CHAIN: Threshold = { crowd: 2048 };

/**
 * The default tables for a kind of host. Workers get the algorithms that the host cannot compute, and chains; in a browser they also get
 * the requests that WebCrypto runs slowly.
 */
export function defaultThresholds(kind: HostKind | undefined): Thresholds {
  if (!kind) return { host: {}, workers: WORKERS };
  const host = kind === 'webcrypto' ? WEBCRYPTO : HOST;
  const workers = Object.entries(WORKERS).flatMap(([name, threshold]): [string, Threshold][] => {
    if (!(name in host)) return [[name, threshold]];
    if (kind === 'node:crypto') return [];
    return [[name, name === 'aes-ctr' ? CTR_BESIDE_WEBCRYPTO : BESIDE_WEBCRYPTO]];
  });
  workers.push(['chain', kind === 'webcrypto' ? WEB_CHAIN : NODE_CHAIN]);
  return { host, workers: Object.fromEntries(workers) };
}

/**
 * If the guest runs in the device's thread, node:crypto's code has left the processor's caches when the next request comes. A call then
 * costs 6 to 22 µs beyond the work on its bytes, instead of 3, and gains from this size on. Measured with AES-128-CBC of Linux on v86.
 */
const HOST_BESIDE_GUEST_BYTES = 16384;
/** CBC gains earlier: its objects are kept, and the engine encrypts CBC slowly because it is serial. 4 KiB gain at every depth. */
const CBC_BESIDE_GUEST_BYTES = 4096;

/**
 * A guest that waits for WebCrypto loses a fifth of its speed, unless it has other requests to offer meanwhile. With 8 requests of 64 KiB
 * in flight it gains 50 %.
 */
const WEBCRYPTO_BESIDE_GUEST: Threshold = { many: 65536, crowd: 65536 };

/** The default tables for a device whose guest runs in the device's thread. */
export function guestThresholds(kind: HostKind | undefined): Thresholds {
  const { host: table, workers } = defaultThresholds(kind);
  if (kind === 'webcrypto') {
    const host = Object.fromEntries(Object.keys(table).map((name) => [name, WEBCRYPTO_BESIDE_GUEST]));
    return { host, workers: WORKERS };
  }
  const raised = Object.entries(table).map(([name, threshold]) => {
    const least = name === 'aes-cbc' ? CBC_BESIDE_GUEST_BYTES : HOST_BESIDE_GUEST_BYTES;
    const depths = Object.entries(threshold).map(([depth, bytes]) => [depth, Math.max(bytes, least)]);
    return [name, Object.fromEntries(depths)];
  });
  return { host: Object.fromEntries(raised), workers };
}
