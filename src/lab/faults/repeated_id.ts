// The device completes a request twice (2.7.8, 2.8.6).
import type { Fault } from './fault.ts';

export const REPEATED_ID_FAULTS = {
  'used-id-repeated': {
    section: '2.7.8',
    group: 'hostile',
    device: 'completes the request a second time, by another used element with the same id',
    driver: 'does not touch the buffers, which it has back already, and takes the queue, or the device, as broken',
    outcomes: ['recovered', 'gave up'],
    begin: ({ nth }) => ({
      completed: ({ number, repeat }) => {
        if (number === nth) repeat();
      },
    }),
  },
} as const satisfies Record<string, Fault>;
