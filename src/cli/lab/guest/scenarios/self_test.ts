import type { GuestScenario } from './scenario.ts';

export const SELF_TEST: GuestScenario = {
  about: "is loaded, and goes through the kernel's self-test",
  section: '3.1.1',
  strikesLoad: true,
  // A kernel does not use an algorithm whose self-test has failed.
  outcomes: ['gave up'],
  run: async ({ load }) => void (await load()),
};
