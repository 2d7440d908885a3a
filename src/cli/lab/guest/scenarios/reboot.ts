import type { GuestScenario } from './scenario.ts';

export const REBOOT: GuestScenario = {
  about: 'is loaded anew after the guest has rebooted with open sessions',
  section: '3.1.1',
  renews: true,
  reboots: true,
  run: async ({ load, reboot, roundTrip }) => {
    await load();
    await roundTrip(4096);
    await reboot();
    await load();
    await roundTrip(4096);
  },
};
