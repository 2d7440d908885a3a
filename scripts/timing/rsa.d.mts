import type { TrialOf } from './trials.mjs';

export function rsaTrials(): TrialOf[];
