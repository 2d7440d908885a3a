import type { GuestScenario } from './scenario.ts';

/** The kernel stops after its devices are suspended, waits a second, and resumes them: no machine has to wake up. */
const SUSPEND = [
  // The interrupt controller of the machine cannot wake it, and the kernel warns of each device that asks for that.
  'for w in /sys/devices/*/*/power/wakeup /sys/devices/*/*/*/power/wakeup; do [ -e $w ] && echo disabled > $w; done; true',
  'echo 1 > /sys/module/suspend/parameters/pm_test_delay',
  'echo devices > /sys/power/pm_test',
  'echo freeze > /sys/power/state',
].join(' && ');

export const SUSPEND_RESUME: GuestScenario = {
  about: 'is suspended and resumed with all devices of the guest, twice',
  section: '2.4.2',
  renews: true,
  run: async ({ load, roundTrip, step }) => {
    await load();
    for (let round = 0; round < 2; round++) {
      await roundTrip(4096);
      await step('suspend and resume, by pm_test', SUSPEND, { resets: true });
      await roundTrip(4096);
    }
  },
};
