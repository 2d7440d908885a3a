import type { GuestScenario } from './scenario.ts';
import { BUSY, PCI_DEVICE } from './shell.ts';

export const REMOVAL: GuestScenario = {
  about: 'loses the device while a process encrypts',
  section: '3.3.1',
  outcomes: ['gave up'],
  run: async ({ load, step }) => {
    await load();
    await step('a process that encrypts', BUSY);
    await step('the device is taken out', `${PCI_DEVICE}; echo 1 > $d/remove`, { resets: true });
  },
};
