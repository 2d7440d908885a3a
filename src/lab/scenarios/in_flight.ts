import { roundTrip } from './requests.ts';
import type { Scenario } from './scenario.ts';

const REQUESTS = 12;

/** Requests of many processes at once. */
export const IN_FLIGHT: Scenario = {
  about: `has ${REQUESTS} requests of different lengths in flight at once, in sessions of their own`,
  section: '2.7.13',
  run: async (stage) => {
    await Promise.all(Array.from({ length: REQUESTS }, (_, i) => roundTrip(stage, `process ${i + 1}`)));
  },
};
