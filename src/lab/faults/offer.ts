// The device offers little (2.2, 2.7).
import type { Fault } from './fault.ts';

const small = (queueSize: number, { driver, outcomes }: Pick<Fault, 'driver' | 'outcomes'>): Fault => ({
  section: '2.7',
  group: 'allowed',
  device: `has data queues of ${queueSize === 1 ? 'one entry' : `${queueSize} entries`}`,
  driver,
  outcomes,
  needs: 'a message that tells the sizes of queues',
  options: { queueSize },
});

export const OFFER_FAULTS = {
  'queue-size-1': small(1, {
    driver:
      'uses an indirect table in a packed ring; gives up a split ring, where a chain must not have more descriptors than the queue, and a request has two',
    outcomes: ['completed', 'gave up'],
  }),
  'queue-size-2': small(2, {
    driver: 'puts a request into two descriptors, and waits while the queue is full',
    outcomes: ['completed'],
  }),
  'features-few': {
    section: '2.2.1',
    group: 'allowed',
    device: 'offers no feature but VERSION_1',
    driver: 'works without indirect descriptors, event indices and reset of single queues',
    outcomes: ['completed'],
    options: {
      features: {
        indirect: false,
        eventIdx: false,
        inOrder: false,
        ringReset: false,
        suspend: false,
        revision1: false,
        stateless: false,
      },
    },
  },
  'sessions-1': {
    section: '5.9.7.1',
    group: 'allowed',
    device: 'has room for one session, and refuses a second one with NOSPC, or without REVISION_1 with ERR',
    driver: 'reports an error, or closes an idle session and tries again',
    outcomes: ['completed', 'error'],
    options: { maxSessions: 1 },
  },
} as const satisfies Record<string, Fault>;
