// The configuration changes while the driver reads it, or without a sign (2.5).
import * as crypto from '../../../spec/crypto.ts';
import type { Fault } from './fault.ts';
import { LATE_MS } from './time.ts';

/** Where the upper half of max_size is, which is no atomic field. */
const MAX_SIZE_HIGH = crypto.CONFIG_MAX_SIZE + 4;
/** By how much max_size becomes less. */
const LESS_BYTES = 4096;

export const CONFIGURATION_FAULTS = {
  'config-changed': {
    needs: 'a generation of the configuration',
    section: '2.5.3',
    group: 'allowed',
    device: 'changes max_size between the reads of its halves, once, with a new generation',
    driver: 'sees that the generation is another one, and reads max_size again',
    outcomes: ['completed'],
    strikesItself: true,
    begin: ({ device: { config, options }, strike }) => {
      let isOver = false;
      return {
        configRead: (offset) => {
          if (isOver || offset !== MAX_SIZE_HIGH) return;
          isOver = true;
          strike();
          config.replace(crypto.CONFIG_MAX_SIZE, options.maxRequestBytes - LESS_BYTES, 'new generation');
        },
      };
    },
  },
  'config-unannounced': {
    needs: 'an interrupt for a changed configuration',
    section: '2.5.3',
    group: 'broken',
    device: `clears HW_READY when it has completed the request, and sets it again after ${LATE_MS} ms, both with an interrupt and without a new generation`,
    driver: 'reads the configuration when it hears of a change, whatever the generation is; sends no request meanwhile',
    outcomes: ['completed', 'error'],
    begin: ({ device: { config }, nth, later, configInterrupt }) => {
      const set = (ready: number) => () => {
        config.replace(crypto.CONFIG_STATUS, ready, 'same generation');
        configInterrupt();
      };
      return {
        completed: ({ number }) => {
          if (number !== nth) return;
          later(0, set(0));
          later(LATE_MS, set(crypto.S_HW_READY));
        },
      };
    },
  },
} as const satisfies Record<string, Fault>;
