import { CLAIM_FULL, CLAIM_NOBODY } from '../../spec/engine.ts';
import { type Depth, depthAt } from './depth.ts';
import type { WasmFunctions } from './webassembly.ts';

/** Who does the work of requests that the engine defers. The engine calls it from inside a notification. */
export interface Deferral {
  /** Content bytes from which requests of a session are deferred at this depth; 0: none of them. */
  from(session: number, depth: Depth): number;
  /** Gives the engine a free record to fill in; 'full': the request waits in its ring; 'nobody': it is run at once. */
  claim(): number | 'full' | 'nobody';
  /** The record is filled in. Its session and its content are to be copied now. */
  post(record: number): void;
  /** The record's chain is used: it is free again. */
  release(record: number): void;
  /** A session is about to be closed: no copy of it may stay, but for what is under way. */
  closed(session: number): void;
}

/** Nobody: all requests are run at once. */
export const NO_DEFERRAL: Deferral = {
  from: () => 0,
  claim: () => 'nobody',
  post: () => {},
  release: () => {},
  closed: () => {},
};

/** The imports of the engine's binary. */
export function deferralImports(deferral: Deferral): WasmFunctions {
  return {
    from: (session: number, depth: number) => deferral.from(session >>> 0, depthAt(depth)),
    claim: () => {
      const answer = deferral.claim();
      if (typeof answer === 'number') return answer;
      return answer === 'full' ? CLAIM_FULL : CLAIM_NOBODY;
    },
    post: (record: number) => deferral.post(record >>> 0),
    release: (record: number) => deferral.release(record >>> 0),
    closed: (session: number) => deferral.closed(session >>> 0),
  };
}
