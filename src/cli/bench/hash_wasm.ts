import { type Call, callByCall, type Implementation, installed } from './implementation.ts';

/** hash-wasm, or undefined where it is not installed. Its hasher is made once for a workload, and an HMAC's key is set then. */
export async function loadHashWasm(): Promise<Implementation | undefined> {
  const library = await installed(() => import('hash-wasm'));
  if (!library) return undefined;
  const { createHMAC, createSHA1, createSHA256, createSHA512 } = library;
  const hash = (create: typeof createSHA256) => async (): Promise<Call> => {
    const hasher = await create();
    return ({ source }) => [hasher.init().update(source).digest('binary')];
  };
  return callByCall('hash-wasm', {
    'sha-256': hash(createSHA256),
    'sha-512': hash(createSHA512),
    sha1: hash(createSHA1),
    'hmac-sha-256': async ({ key }) => {
      const hasher = await createHMAC(createSHA256(), key);
      return ({ source }) => [hasher.init().update(source).digest('binary')];
    },
  });
}
