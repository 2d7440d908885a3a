import type { GuestScenario } from './scenario.ts';

/** The first rounds take memory that stays for the next ones: caches of the kernel's allocators. */
const FIRST_ROUNDS = 2;
const ROUNDS = 6;
const PAGE_BYTES = 4096;
/** Without a leak, free pages differed by 2 over 5 rounds: programs of the guest come and go. */
const NOISE_PAGES = 16;

export const LEAKS: GuestScenario = {
  about: `is unloaded and loaded again ${ROUNDS} times, and the guest has as much free memory as before`,
  section: '2.4',
  renews: true,
  run: async ({ load, roundTrip, step, freePages, grown }) => {
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round++) {
        await step('rmmod virtio_crypto', 'rmmod virtio_crypto', { resets: true });
        await load();
        await roundTrip(4096);
      }
      return freePages();
    };
    await load();
    const before = await rounds(FIRST_ROUNDS);
    const after = await rounds(ROUNDS);
    if (before - after > NOISE_PAGES) grown((before - after) * PAGE_BYTES);
  },
};
