// The device does not stand by the features that it has offered (2.2.2).
import * as virtio from '../../../spec/virtio.ts';
import type { Fault } from './fault.ts';
import { LIFE_FAULTS } from './life.ts';

const bit = (number: number): bigint => 1n << BigInt(number);
/** What a driver can work without. */
const WITHDRAWN = bit(virtio.F_INDIRECT_DESC) | bit(virtio.F_EVENT_IDX) | bit(virtio.F_RING_RESET);

export const FEATURE_FAULTS = {
  'features-refused': {
    needs: 'a device status that the driver reads',
    section: '2.2.2',
    group: 'broken',
    device: 'does not set FEATURES_OK, whatever the driver accepts',
    driver: 'sets FAILED, and does not use the device',
    outcomes: ['gave up'],
    strikesItself: true,
    begin: ({ strike }) => ({
      status: (value) => {
        if (value & virtio.STATUS_FEATURES_OK) strike();
        return value & ~virtio.STATUS_FEATURES_OK;
      },
    }),
  },
  'features-withdrawn': {
    needs: 'a device status that the driver reads',
    section: '2.2.2',
    group: 'broken',
    device:
      'needs a reset as with needs-reset, and offers neither indirect descriptors nor event indices nor reset of single queues after it',
    needsReset: true,
    driver: 'reads the offered features again, and works with those that are left, or gives the device up',
    outcomes: ['recovered', 'gave up'],
    begin: (stage) => {
      const breaking = LIFE_FAULTS['needs-reset'].begin(stage);
      let isBroken = false;
      return {
        beforeQueue: breaking.beforeQueue,
        afterQueue: () => {
          breaking.afterQueue();
          isBroken ||= stage.device.fault !== undefined;
        },
        reset: () => {
          if (isBroken) stage.device.withhold(WITHDRAWN);
        },
      };
    },
  },
} as const satisfies Record<string, Fault>;
