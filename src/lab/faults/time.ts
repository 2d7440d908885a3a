// The device takes its time, or for ever. The specification sets no limit (2.7.14).
import type { Fault, FaultStage } from './fault.ts';

/** How long a request or the hardware is away, in milliseconds. */
export const LATE_MS = 200;

/** How many control requests are late: the self-test of a kernel has hundreds. */
const LATE_CONTROLS = 20;

/** Holds a data queue when its nth request is due, and lets the requests before it through. */
function holding({ device, nth }: FaultStage, held: (queue: number) => void) {
  return (queue: number, first: number, { length }: readonly unknown[]): number | undefined => {
    if (queue === device.options.dataQueues || nth < first || nth >= first + length) return undefined;
    held(queue);
    return nth - first;
  };
}

export const TIME_FAULTS = {
  'completion-late': {
    section: '2.7.14',
    group: 'allowed',
    device: `completes the request ${LATE_MS} ms late`,
    driver: 'waits, without a busy loop',
    outcomes: ['completed'],
    begin: (stage) => {
      let isOver = false;
      const hold = holding(stage, (queue) =>
        stage.later(LATE_MS, () => {
          isOver = true;
          stage.resume(queue);
        }),
      );
      return { beforeQueue: (...of) => (isOver ? undefined : hold(...of)) };
    },
  },
  'completion-never': {
    section: '2.7.14',
    group: 'broken',
    device: 'completes neither the request nor a later one of its queue, until it is reset',
    driver: 'gives up after a time, resets the device, and reports an error for what was in flight',
    outcomes: ['recovered', 'gave up'],
    begin: (stage) => {
      let isHolding = false;
      let isOver = false;
      const hold = holding(stage, () => {
        isHolding = true;
      });
      return {
        beforeQueue: (...of) => (isOver ? undefined : hold(...of)),
        reset: () => {
          isOver ||= isHolding;
        },
      };
    },
  },
  'control-late': {
    section: '5.9.7.2',
    group: 'allowed',
    device: `completes ${LATE_CONTROLS} control requests ${LATE_MS} ms late each`,
    driver: 'waits for its sessions, without a busy loop under a lock',
    outcomes: ['completed'],
    begin: ({ device, later, resume }) => {
      const waited = new Set<number>();
      let left = LATE_CONTROLS;
      return {
        beforeQueue: (queue) => {
          if (queue !== device.options.dataQueues || waited.delete(queue) || left === 0) return undefined;
          left--;
          later(LATE_MS, () => {
            waited.add(queue);
            resume(queue);
          });
          return 0;
        },
      };
    },
  },
} as const satisfies Record<string, Fault>;
