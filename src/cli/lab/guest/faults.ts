import { AXES } from '../../../lab/index.ts';

/** The faults of a guest's matrix, and none. In the guest no other device has the line of this one. */
export const GUEST_FAULTS = AXES.faults.filter((fault) => fault !== 'interrupt-shared');
