import type { GuestScenario } from './scenario.ts';
import { DRIVER_FOLDER } from './shell.ts';

export const BIND: GuestScenario = {
  about: 'is unbound from the device and bound to it again',
  section: '3.1.1',
  renews: true,
  run: async ({ load, roundTrip, step }) => {
    await load();
    const unbind = `n=$(basename $(ls -d ${DRIVER_FOLDER}/virtio*)); echo $n > /tmp/name; echo $n > ${DRIVER_FOLDER}/unbind`;
    await step('unbind', unbind, { resets: true });
    await step('bind', `echo $(cat /tmp/name) > ${DRIVER_FOLDER}/bind`, { resets: true });
    await roundTrip(4096);
  },
};
