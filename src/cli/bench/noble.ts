import { type Call, callByCall, type Implementation, installed } from './implementation.ts';
import type { Workload } from './workload.ts';

/** @noble/ciphers and @noble/hashes, or undefined where they are not installed: they are no dependencies of the library. */
export async function loadNoble(): Promise<Implementation | undefined> {
  const modules = await installed(() =>
    Promise.all([
      import('@noble/ciphers/aes.js'),
      import('@noble/ciphers/chacha.js'),
      import('@noble/hashes/sha2.js'),
      import('@noble/hashes/legacy.js'),
      import('@noble/hashes/hmac.js'),
    ]),
  );
  if (!modules) return undefined;
  const [{ cbc, ctr, gcm }, { chacha20poly1305 }, { sha256, sha512 }, { sha1 }, { hmac }] = modules;
  const hash =
    (digest: (message: Uint8Array) => Uint8Array) =>
    (): Call =>
    ({ source }) => [digest(source)];
  const whole = { disablePadding: true };
  return callByCall('noble', {
    'aes-128-cbc-encrypt':
      ({ key }) =>
      ({ iv, source }) => [cbc(key, iv, whole).encrypt(source)],
    'aes-128-cbc-decrypt':
      ({ key }) =>
      ({ iv, source }) => [cbc(key, iv, whole).decrypt(source)],
    'aes-128-ctr':
      ({ key }) =>
      ({ iv, source }) => [ctr(key, iv).encrypt(source)],
    'aes-128-gcm-encrypt':
      ({ key }) =>
      ({ iv, source }) => [gcm(key, iv).encrypt(source)],
    'chacha20-poly1305-encrypt':
      ({ key }) =>
      ({ iv, source }) => [chacha20poly1305(key, iv).encrypt(source)],
    'sha-256': hash(sha256),
    'sha-512': hash(sha512),
    sha1: hash(sha1),
    'hmac-sha-256':
      ({ key }) =>
      ({ source }) => [hmac(sha256, key, source)],
    'aes-128-cbc+hmac-sha-256':
      ({ key, macKey }: Workload): Call =>
      ({ iv, source }) => {
        const result = cbc(key, iv, whole).encrypt(source);
        return [result, hmac(sha256, macKey, result)];
      },
  });
}
