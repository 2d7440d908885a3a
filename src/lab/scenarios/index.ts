import { IN_FLIGHT } from './in_flight.ts';
import { MANY_SESSIONS } from './many_sessions.ts';
import { MIXED } from './mixed.ts';
import { RELOAD } from './reload.ts';
import { REMOVAL } from './removal.ts';
import { RESET_IN_FLIGHT } from './reset_in_flight.ts';
import type { Scenario } from './scenario.ts';
import { SELF_TEST } from './self_test.ts';
import { SESSION_CHURN } from './session_churn.ts';
import { SUSPENDED } from './suspended.ts';

/** The scenarios by name. They need no guest. */
export const SCENARIOS = {
  'self-test': SELF_TEST,
  mixed: MIXED,
  'in-flight': IN_FLIGHT,
  'session-churn': SESSION_CHURN,
  'many-sessions': MANY_SESSIONS,
  reload: RELOAD,
  'reset-in-flight': RESET_IN_FLIGHT,
  suspended: SUSPENDED,
  removal: REMOVAL,
} as const satisfies Record<string, Scenario>;

/** The name of a scenario in SCENARIOS. */
export type ScenarioName = keyof typeof SCENARIOS;
