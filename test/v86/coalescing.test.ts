import { expect, test } from 'vitest';
import { WINDOW_DATA_AT } from '../../src/transport/pci/window.ts';
import { CONFIG_ADDRESS, CONFIG_DATA, configWord, inPort, out32 } from '../support/v86_guest.ts';
import { BEFORE_TRIAL, expected, heldBack, type Started, started, upToTrial } from '../support/v86_requests.ts';

const BAR = 0xac00;
const [SLOT, CAP_BAR, CAP_OFFSET, CAP_LENGTH] = [0x0d, 0x88, 0x8c, 0x90];
const STATUS = 0x14;
const ISR = 0x40;

function writeConfig(machine: Started, offset: number, value: number): void {
  out32(machine.cpu, CONFIG_ADDRESS, 0x80000000 | (SLOT << 11) | offset);
  out32(machine.cpu, CONFIG_DATA, value);
}

const slice = ({ cpu }: Started) => cpu.run_hardware_timers(0, performance.now());

test.each<[string, (machine: Started) => void]>([
  [
    'the guest halts',
    (machine) => {
      machine.cpu.in_hlt[0] = 1;
      slice(machine);
    },
  ],
  [
    'a second slice ends in which the guest has not halted',
    (machine) => {
      slice(machine);
      slice(machine);
    },
  ],
  ['the driver reads the ISR status', ({ cpu }) => inPort(cpu, BAR + ISR, 8)],
  ['the driver reads another register', ({ cpu }) => inPort(cpu, BAR + STATUS, 8)],
  ['the driver writes a register', ({ cpu }) => out32(cpu, BAR, 0)],
  [
    'the driver reads the ISR status through the configuration space',
    (machine) => {
      writeConfig(machine, CAP_BAR, 0);
      writeConfig(machine, CAP_OFFSET, ISR);
      writeConfig(machine, CAP_LENGTH, 1);
      configWord(machine.cpu, WINDOW_DATA_AT);
    },
  ],
])('a notification that is held back is answered when %s', async (_, act) => {
  const machine = await started();
  await upToTrial(machine);
  const result = heldBack(machine, 64);
  act(machine);
  expect(machine.device.positions(0)).toEqual({ nextAvail: BEFORE_TRIAL + 1, nextUsed: BEFORE_TRIAL + 1 });
  machine.driver.interrupt();
  expect(await result).toEqual(expected(64));
});

test('a further notification does not answer it: the guest may give more', async () => {
  const machine = await started();
  await upToTrial(machine);
  const results = [heldBack(machine, 64), heldBack(machine, 128)];
  machine.cpu.in_hlt[0] = 1;
  slice(machine);
  machine.driver.interrupt();
  expect(await Promise.all(results)).toEqual([expected(64), expected(128)]);
});

test('the end of one slice does not answer it, if the guest has not halted: the slice may just have begun', async () => {
  const machine = await started();
  await upToTrial(machine);
  const result = heldBack(machine, 64);
  slice(machine);
  expect(machine.device.positions(0).nextAvail).toBe(BEFORE_TRIAL);
  machine.driver.interrupt();
  expect(await result).toEqual(expected(64));
});
