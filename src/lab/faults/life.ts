// The device, or its hardware, goes away (2.1.2, 5.9.5).
import * as virtio from '../../../spec/virtio.ts';
import type { Fault } from './fault.ts';
import { LATE_MS } from './time.ts';

/** No RAM is there. */
const NOWHERE = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0x10]);

export const LIFE_FAULTS = {
  'needs-reset': {
    needs: 'a device status that the driver reads',
    section: '2.1.2',
    group: 'allowed',
    device: 'sets DEVICE_NEEDS_RESET instead of taking the request, and says so by a configuration change',
    needsReset: true,
    driver: 'resets the device, sets it up anew, and repeats what was in flight or reports an error for it',
    outcomes: ['recovered'],
    begin: ({ device, view, nth }) => {
      let isOver = false;
      let repair = () => {};
      return {
        // The device finds a buffer that is nowhere. The driver's descriptor is as it was before the driver can look.
        beforeQueue: (queue, first, available) => {
          const descriptor = available[nth - first]?.own[0];
          if (isOver || !descriptor || queue === device.options.dataQueues) return undefined;
          isOver = true;
          const at = Number(device.queues[queue]?.desc) + descriptor.index * virtio.DESC_BYTES + virtio.DESC_ADDR;
          const before = view.copy(at, NOWHERE.length);
          view.write(at, NOWHERE);
          repair = () => view.write(at, before);
          return undefined;
        },
        afterQueue: () => {
          repair();
          repair = () => {};
        },
      };
    },
  },
  'hardware-away': {
    needs: 'an interrupt for a changed configuration',
    section: '5.9.5.1',
    group: 'allowed',
    device: `clears HW_READY when it has completed the request, and sets it again after ${LATE_MS} ms`,
    driver: 'sends no request meanwhile, and goes on afterwards',
    outcomes: ['completed', 'error'],
    begin: ({ device, nth, later }) => ({
      completed: ({ number }) => {
        if (number !== nth) return;
        later(0, () => device.setHardwareReady(false));
        later(LATE_MS, () => device.setHardwareReady(true));
      },
    }),
  },
  removal: {
    needs: 'a way to take the device out of the machine',
    section: '3.3.1',
    group: 'allowed',
    device: 'is taken out of the machine when it has completed the request: its registers read as all ones',
    driver: 'reports an error for all requests, and waits for nothing',
    outcomes: ['gave up'],
    begin: ({ device, nth, later }) => ({
      completed: ({ number }) => {
        if (number === nth) later(0, () => device.remove());
      },
    }),
  },
} as const satisfies Record<string, Fault>;
