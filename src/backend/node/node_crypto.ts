import type * as NodeCrypto from 'node:crypto';

/** The module node:crypto if this runs in Node. It comes from `process`, so that bundlers for browsers see no import. */
export function nodeCrypto(): typeof NodeCrypto | undefined {
  return globalThis.process?.getBuiltinModule?.('node:crypto');
}
