import { AF_ALG } from './af_alg.ts';
import { BIND } from './bind.ts';
import { LEAKS } from './leaks.ts';
import { MANY_PROCESSES } from './processes.ts';
import { REBOOT } from './reboot.ts';
import { RELOAD } from './reload.ts';
import { REMOVAL } from './removal.ts';
import type { GuestScenario } from './scenario.ts';
import { SELF_TEST } from './self_test.ts';
import { SUSPEND_RESUME } from './suspend.ts';

/** The scenarios of a Linux guest, by name. */
export const GUEST_SCENARIOS = {
  'guest-self-test': SELF_TEST,
  'guest-af-alg': AF_ALG,
  'guest-processes': MANY_PROCESSES,
  'guest-reload': RELOAD,
  'guest-leaks': LEAKS,
  'guest-bind': BIND,
  'guest-suspend': SUSPEND_RESUME,
  'guest-reboot': REBOOT,
  'guest-removal': REMOVAL,
} as const satisfies Record<string, GuestScenario>;

export type GuestScenarioName = keyof typeof GUEST_SCENARIOS;
