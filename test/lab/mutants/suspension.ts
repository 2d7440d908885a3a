// Drivers with one planted bug each, in how they suspend the device (3.4.1 of virtio 1.4), and the rule that has to catch it.
import * as virtio from '../../../spec/virtio.ts';
import { statusBug, without } from '../support/mutant.ts';
import { honest, type Mutant } from './mutant.ts';

const { STATUS_SUSPEND: SUSPEND, STATUS_DRIVER_OK: DRIVER_OK } = virtio;
const UP = virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER | virtio.STATUS_FEATURES_OK | DRIVER_OK;

export const SUSPENSION_MUTANTS: readonly Mutant[] = [
  {
    rule: '3.4.1-1',
    name: 'it suspends a device with which it has not negotiated that',
    bug: honest,
    driver: { features: without(virtio.F_SUSPEND) },
    run: (stage) => {
      stage.driver.start();
      stage.transport.status = UP | SUSPEND;
    },
  },
  {
    rule: '3.4.1-1',
    name: 'it suspends the device before DRIVER_OK',
    bug: statusBug((value, transport) => {
      if (value & DRIVER_OK) transport.status = (value & ~DRIVER_OK) | SUSPEND;
      return value;
    }),
    run: (stage) => stage.driver.start(),
  },
  {
    rule: '3.4.1-2',
    name: 'it does not look whether the device has suspended itself',
    bug: statusBug(
      (value) => value,
      (transport, written) => (written & SUSPEND && written & DRIVER_OK ? written & ~DRIVER_OK : transport.status),
    ),
    run: (stage) => {
      stage.driver.start();
      stage.driver.suspend();
      stage.transport.status = UP;
    },
  },
  {
    rule: '3.4.1-3',
    name: 'it makes a request available to a suspended device',
    bug: honest,
    run: (stage) => {
      stage.driver.start();
      stage.driver.suspend();
      const { avail } = stage.driver.queues[0] ?? { avail: 0 };
      const idx = stage.word(avail + virtio.AVAIL_IDX);
      idx.set(idx.get() + 1);
      stage.transport.status = UP;
    },
  },
  {
    rule: '3.4.1-4',
    name: 'it notifies a suspended device',
    bug: honest,
    run: (stage) => {
      stage.driver.start();
      stage.driver.suspend();
      stage.transport.notify(0);
      stage.driver.resume();
    },
  },
  {
    rule: '3.4.1-5',
    name: 'it goes on before the device does',
    bug: honest,
    run: (stage) => {
      stage.driver.start();
      stage.driver.suspend();
      stage.transport.status = UP;
      stage.transport.notify(0);
    },
  },
];
