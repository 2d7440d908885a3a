import type { ReportedResult } from './results.ts';

/**
 * The result of a cell that never came back.
 * @param milliseconds how long it was waited for
 * @param text why, in words
 */
export function lostResult(milliseconds: number, text: string): Omit<ReportedResult, 'cell' | 'again'> {
  return {
    outcome: 'hung',
    expected: ['completed'],
    passed: false,
    struck: false,
    nth: undefined,
    requests: [{ what: 'the cell', end: text, expected: false }],
    violations: [],
    leaks: { sessions: 0, bytes: 0 },
    timeline: [{ at: 0, kind: 'fault', text }],
    log: [],
    milliseconds,
  };
}
