import type { GuestScenario } from './scenario.ts';

export const RELOAD: GuestScenario = {
  about: 'is unloaded and loaded again twice',
  section: '2.4',
  renews: true,
  run: async ({ load, roundTrip, step }) => {
    await load();
    for (let round = 0; round < 2; round++) {
      await step('rmmod virtio_crypto', 'rmmod virtio_crypto', { resets: true });
      await load();
      await roundTrip(4096);
    }
  },
};
