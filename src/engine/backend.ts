import { CLAIM_FULL, CLAIM_NOBODY } from '../../spec/engine.ts';
import { DECLINING_HOST, type HostCryptography, hostImports } from './host_crypto.ts';
import type { WasmFunctions } from './webassembly.ts';

/**
 * What the engine calls from inside a notification to have requests run elsewhere. Addresses are offsets in the memory that the
 * engine runs in; `session` is that of a session, laid out as spec/engine.ts says.
 */
export interface EngineBackend extends HostCryptography {
  /** Writes the steps of a session (SESSION_STEPS): its parameters and keys stand there. */
  place(session: number): void;
  /** Gives the engine a free record to fill in; 'full': the request waits in its ring; 'nobody': it is run at once. */
  claim(): number | 'full' | 'nobody';
  /** The record is filled in for `place` (PLACE_*). Its session and its content are to be copied now. */
  post(record: number, place: number): void;
  /** The record's chain is used: it is free again. */
  release(record: number): void;
  /** A session is about to be closed: no copy of it may stay, but for what is under way. */
  closed(session: number): void;
}

/** No backend: the engine runs all requests at once. */
export const NO_BACKEND: EngineBackend = {
  ...DECLINING_HOST,
  place: () => {},
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
