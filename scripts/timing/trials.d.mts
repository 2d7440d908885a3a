import type { Trial } from './measure.mjs';

/** A trial before it is made, for a build of the engine or of a kernel. */
export interface TrialOf {
  algorithm: string;
  what: string;
  make(build: 'simd' | 'relaxed-simd'): Trial;
}

export function engineTrials(): TrialOf[];
