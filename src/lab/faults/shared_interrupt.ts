// Another device interrupts on the same line (4.1.5.3).
import type { Fault } from './fault.ts';

export const SHARED_INTERRUPT_FAULTS = {
  'interrupt-shared': {
    needs: 'an interrupt line that devices share',
    section: '4.1.5.3.1',
    group: 'allowed',
    device:
      'shares its interrupt line with a device that interrupts when the request is completed: the ISR status reads 0',
    driver: 'finds the ISR status 0, and leaves the interrupt to others',
    outcomes: ['completed'],
    begin: ({ nth, later, shared }) => ({
      completed: ({ number }) => {
        if (number === nth) later(1, shared);
      },
    }),
  },
} as const satisfies Record<string, Fault>;
