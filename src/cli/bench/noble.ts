import { callByCall, type Implementation } from './implementation.ts';

/** @noble/ciphers, or undefined where it is not installed: it is no dependency of the library. */
export async function loadNoble(): Promise<Implementation | undefined> {
  const aes = await importAes();
  if (!aes) return undefined;
  return {
    name: 'noble',
    prepare: async (workload) => {
      const { key, case: item } = workload;
      return callByCall(workload, (iv, source) => aes.cbc(key, iv, { disablePadding: true })[item.direction](source));
    },
    dispose: () => {},
  };
}

async function importAes() {
  try {
    return await import('@noble/ciphers/aes.js');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
