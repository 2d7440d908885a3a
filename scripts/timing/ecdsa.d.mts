import type { TrialOf } from './trials.mjs';

export function ecdsaTrials(): TrialOf[];
