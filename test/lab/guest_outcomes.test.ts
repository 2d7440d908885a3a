// What a correct driver does in a guest's cell, by fault and scenario.
import { expect, test } from 'vitest';
import { expectedOutcomes } from '../../src/cli/lab/guest/run_cell.ts';
import { GUEST_SCENARIOS } from '../../src/cli/lab/guest/scenarios/index.ts';

const {
  'guest-af-alg': af,
  'guest-reboot': reboot,
  'guest-removal': removal,
  'guest-self-test': selfTest,
} = GUEST_SCENARIOS;

test.each([
  ['without a fault', 'none', af, false, ['completed']],
  ['with a fault that did not strike', 'used-id-repeated', af, false, ['completed']],
  ['with a fault that did', 'used-id-repeated', af, true, ['recovered', 'gave up']],
  // Requests fail until the guest has rebooted, and succeed afterwards.
  ['where the device is set up anew', 'used-id-repeated', reboot, true, ['recovered', 'gave up', 'error']],
  ['where it is, and no driver may give up', 'completion-late', reboot, true, ['completed']],
  ['where the device goes', 'none', removal, false, ['gave up']],
  ['in a self-test that may fail', 'status-err', selfTest, true, ['error', 'gave up']],
  ['in a self-test that may not', 'none', selfTest, false, ['completed']],
] as const)('%s', (_, fault, scenario, struck, outcomes) => {
  expect(expectedOutcomes(fault, scenario, struck)).toEqual(outcomes);
});

test.each([
  ['by a request that the device answered with an error', 'status-err', reboot, ['error', 'gave up']],
  ['although the device did nothing that a request may fail of', 'completion-late', reboot, ['completed']],
  ['in a scenario that does not test the driver again', 'status-err', af, ['error']],
] as const)('a self-test that fails %s', (_, fault, scenario, outcomes) => {
  expect(expectedOutcomes(fault, scenario, true, true)).toEqual(outcomes);
});
