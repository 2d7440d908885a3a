import { INTERRUPT_FAULTS } from './interrupt.ts';
import { LIFE_FAULTS } from './life.ts';
import { OFFER_FAULTS } from './offer.ts';
import { STATUS_FAULTS } from './status.ts';
import { TIME_FAULTS } from './time.ts';
import { USED_FAULTS } from './used_element.ts';

/** The faults by name. */
export const FAULTS = {
  ...STATUS_FAULTS,
  ...USED_FAULTS,
  ...TIME_FAULTS,
  ...INTERRUPT_FAULTS,
  ...LIFE_FAULTS,
  ...OFFER_FAULTS,
} as const;

/** The name of a fault in FAULTS. */
export type FaultName = keyof typeof FAULTS;
