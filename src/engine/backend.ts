import { CRYPTO_NOTSUPP } from '../../spec/crypto.ts';
import { CLAIM_FULL, CLAIM_NOBODY } from '../../spec/engine.ts';
import { DECLINING_HOST, type HostCryptography, hostImports } from './host_crypto.ts';
import type { WasmFunctions } from './webassembly.ts';

/**
 * The functions that the engine calls during a notification to have requests run elsewhere. Addresses are offsets in the engine's memory.
 * `session` is the address of a session, whose layout is in spec/engine.ts.
 */
export interface EngineBackend extends HostCryptography {
  /** Writes the steps of a session (SESSION_STEPS). The session's parameters and keys are already written. */
  place(session: number): void;
  /**
   * Keeps a copy of the key of an AKCIPHER session, `bytes` bytes at `key`. The session's parameters are already written.
   * Returns a status (5.9.7.1): OK if the session is possible.
   */
  keep(session: number, key: number, bytes: number): number;
  /** Whether requests in this AKCIPHER session have to wait in their rings, because what runs them is still being loaded. */
  waits(session: number): boolean;
  /** Returns a free record to fill in. 'full': the request waits in its ring. 'nobody': the engine runs it at once. */
  claim(): number | 'full' | 'nobody';
  /** Takes a record that is filled in for `place` (PLACE_*). Session and content must be copied now. */
  post(record: number, place: number): void;
  /** Called when the record's chain is used: the record is free again. */
  release(record: number): void;
  /** Called before a session is closed. Its copies must be removed, except those that requests under way still use. */
  closed(session: number): void;
}

/** No backend: the engine runs all requests at once. */
export const NO_BACKEND: EngineBackend = {
  ...DECLINING_HOST,
  place: () => {},
  keep: () => CRYPTO_NOTSUPP,
  waits: () => false,
  claim: () => 'nobody',
  post: () => {},
  release: () => {},
  closed: () => {},
};

/** The imports of the engine's binary. */
export function backendImports(backend: EngineBackend): WasmFunctions {
  return {
    ...hostImports(backend),
    place: (session: number) => backend.place(session >>> 0),
    keep: (session: number, key: number, bytes: number) => backend.keep(session >>> 0, key >>> 0, bytes >>> 0),
    waits: (session: number) => (backend.waits(session >>> 0) ? 1 : 0),
    claim: () => {
      const answer = backend.claim();
      if (typeof answer === 'number') return answer;
      return answer === 'full' ? CLAIM_FULL : CLAIM_NOBODY;
    },
    post: (record: number, place: number) => backend.post(record >>> 0, place),
    release: (record: number) => backend.release(record >>> 0),
    closed: (session: number) => backend.closed(session >>> 0),
  };
}
