import { CryptoDriver } from '../../driver/index.ts';
import type { MakeDriver } from './driver.ts';
import { GuardedDriver } from './guarded_driver.ts';

/** The drivers that come with the lab, by name. */
export const DRIVERS = {
  reference: {
    about: 'the reference driver, which trusts the device with nothing: it gives up, resets the device, and goes on',
    make: (parts) => new GuardedDriver(parts),
  },
  trusting: {
    about: 'the reference driver as it is, which waits for as long as the device takes and never resets it by itself',
    make: ({ transport, ram, allocator, options }) => new CryptoDriver(transport, ram, allocator, options),
  },
} as const satisfies Record<string, { about: string; make: MakeDriver }>;

/** The name of a driver in DRIVERS. */
export type DriverName = keyof typeof DRIVERS;
