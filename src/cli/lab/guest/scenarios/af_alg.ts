import type { GuestScenario } from './scenario.ts';

export const AF_ALG: GuestScenario = {
  about: 'encrypts and decrypts for AF_ALG, from 16 bytes to 200,000',
  section: '5.9.7.6',
  run: async ({ load, roundTrip }) => {
    await load();
    for (const bytes of [16, 4096, 65_536, 200_000]) await roundTrip(bytes);
  },
};
