import type { Outcome } from '../faults/fault.ts';
import { FAULTS } from '../faults/index.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { type Cell, NO_FAULT, type RequestEnd } from './cell.ts';

/** What became of a request that has not ended. */
export const OPEN = 'open';
/** What became of a request whose result is not the right one. */
export const WRONG = 'wrong';

/** What a cell's requests come to. */
export interface Ends {
  /** The requests of the scenario. */
  ends: readonly RequestEnd[];
  /** The request after it; undefined if the scenario did not end. */
  afterwards: RequestEnd | undefined;
  /** Resets of the device that the driver made by itself. */
  ownResets: number;
}

export function outcomeOf({ ends, afterwards, ownResets }: Ends): Outcome {
  const all = afterwards ? [...ends, afterwards] : ends;
  if (!afterwards || all.some(({ end }) => end === OPEN)) return 'hung';
  if (all.some(({ end }) => end === WRONG)) return 'wrong';
  if (!afterwards.expected) return 'gave up';
  if (ownResets > 0) return 'recovered';
  return ends.some(({ expected }) => !expected) ? 'error' : 'completed';
}

/** The outcomes of a correct driver in a cell. */
export function expectedOutcomes({ scenario, fault }: Cell, struck: boolean): Outcome[] {
  const own: readonly Outcome[] = (SCENARIOS[scenario] satisfies Scenario as Scenario).outcomes ?? [];
  const ofFault: readonly Outcome[] = fault !== NO_FAULT && struck ? FAULTS[fault].outcomes : [];
  const all = [...ofFault, ...own];
  return all.length === 0 ? ['completed'] : [...new Set(all)];
}
