import { callByCall, type Implementation, installed } from './implementation.ts';

/** libsodium.js, or undefined where it is not installed. */
export async function loadLibsodium(): Promise<Implementation | undefined> {
  const library = await installed(() => import('libsodium-wrappers'));
  if (!library) return undefined;
  const sodium = library.default;
  await sodium.ready;
  return callByCall('libsodium', {
    'chacha20-poly1305-encrypt':
      ({ key }) =>
      ({ iv, source }) => [sodium.crypto_aead_chacha20poly1305_ietf_encrypt(source, null, null, iv, key)],
  });
}
