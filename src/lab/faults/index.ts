import { CONFIGURATION_FAULTS } from './configuration.ts';
import { FEATURE_FAULTS } from './features.ts';
import { INTERRUPT_FAULTS } from './interrupt.ts';
import { LIFE_FAULTS } from './life.ts';
import { OFFER_FAULTS } from './offer.ts';
import { ORDER_FAULTS } from './order.ts';
import { REPEATED_ID_FAULTS } from './repeated_id.ts';
import { SHARED_INTERRUPT_FAULTS } from './shared_interrupt.ts';
import { STATUS_FAULTS } from './status.ts';
import { TIME_FAULTS } from './time.ts';
import { USED_FAULTS } from './used_element.ts';

/** The faults by name. */
export const FAULTS = {
  ...STATUS_FAULTS,
  ...USED_FAULTS,
  ...REPEATED_ID_FAULTS,
  ...TIME_FAULTS,
  ...ORDER_FAULTS,
  ...INTERRUPT_FAULTS,
  ...SHARED_INTERRUPT_FAULTS,
  ...CONFIGURATION_FAULTS,
  ...LIFE_FAULTS,
  ...FEATURE_FAULTS,
  ...OFFER_FAULTS,
} as const;

/** The name of a fault in FAULTS. */
export type FaultName = keyof typeof FAULTS;
