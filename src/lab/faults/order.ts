// The device completes requests in another order than they came in, or many at once (2.7.8, 2.8.6).
import * as virtio from '../../../spec/virtio.ts';
import { hasFeature } from '../../device/features.ts';
import type { Completion, Fault, FaultStage } from './fault.ts';

/** How long the device waits for company, in milliseconds. */
const COMPANY_MS = 20;
/** Requests of a burst. */
const BURST = 4;

/** Holds a data queue from its nth request on until so many wait, or until none has come for a while. Then it takes them all at once. */
function gathering(
  { device, later, resume }: FaultStage,
  wanted: number,
  isDue: (first: number, count: number) => number | undefined,
) {
  /** Queues that have waited long enough. */
  const released = new Set<number>();
  const waiting = new Set<number>();
  return {
    beforeQueue: (queue: number, first: number, { length }: readonly unknown[]): number | undefined => {
      if (queue === device.options.dataQueues) return undefined;
      const before = isDue(first, length);
      if (before === undefined || length - before >= wanted || released.delete(queue)) return undefined;
      if (!waiting.has(queue)) {
        waiting.add(queue);
        later(COMPANY_MS, () => {
          waiting.delete(queue);
          released.add(queue);
          resume(queue);
          released.delete(queue);
        });
      }
      return before;
    },
    reset: () => {
      released.clear();
      waiting.clear();
    },
  };
}

export const ORDER_FAULTS = {
  'completion-reordered': {
    section: '2.7.8',
    group: 'allowed',
    device:
      'completes the request after the one behind it, if one comes within 20 ms; with VIRTIO_F_IN_ORDER it does not',
    driver: 'finds each request by the id of its used element, and not by its turn',
    outcomes: ['completed'],
    begin: (stage) => {
      const { device, nth } = stage;
      let isOver = false;
      let struck: Completion | undefined;
      return {
        ...gathering(stage, 2, (first, count) =>
          isOver || nth < first || nth >= first + count ? undefined : nth - first,
        ),
        completed: (completion) => {
          if (completion.number === nth) {
            isOver = true;
            struck = completion;
            return;
          }
          const first = struck;
          struck = undefined;
          if (!first || completion.number !== nth + 1 || completion.queue !== first.queue) return;
          // In a packed ring both lists must take as many places, because the driver goes on by that number.
          if (first.chain?.own.length !== completion.chain?.own.length) return;
          if (hasFeature(device.driverFeatures, virtio.F_IN_ORDER)) return;
          first.setId(completion.id);
          first.setLength(completion.bytes);
          completion.setId(first.id);
          completion.setLength(first.bytes);
        },
        // What was completed in another notification, the driver knows already.
        afterQueue: () => {
          struck = undefined;
        },
      };
    },
  },
  'completion-bursts': {
    section: '2.7.8',
    group: 'allowed',
    device: `takes no request until ${BURST} wait in a queue or ${COMPANY_MS} ms have passed, and completes them all with one interrupt`,
    driver: 'takes all used elements at an interrupt, and waits meanwhile',
    outcomes: ['completed'],
    begin: (stage) => gathering(stage, BURST, () => 0),
  },
} as const satisfies Record<string, Fault>;
