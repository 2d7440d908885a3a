// The device interrupts too seldom or too often (2.7.7, 2.7.7.1).
import type { Fault } from './fault.ts';

export const INTERRUPT_FAULTS = {
  'interrupt-lost': {
    section: '2.7.7.2',
    group: 'broken',
    device: 'does not interrupt when it has completed the request',
    driver: 'finds the request at the next interrupt, or when it looks after a time',
    outcomes: ['completed'],
    begin: ({ nth }) => {
      let isDue = false;
      return {
        completed: ({ number }) => {
          if (number === nth) isDue = true;
        },
        interrupt: (kind) => {
          const isLost = isDue && kind === 'queue';
          if (isLost) isDue = false;
          return !isLost;
        },
      };
    },
  },
  'interrupt-spurious': {
    section: '2.7.7.1',
    group: 'allowed',
    device: 'interrupts once more, when nothing is new',
    driver: 'finds nothing, and goes on',
    outcomes: ['completed'],
    begin: ({ nth, interrupt, later }) => ({
      completed: ({ number, queue }) => {
        if (number === nth) later(1, () => interrupt(queue));
      },
    }),
  },
} as const satisfies Record<string, Fault>;
