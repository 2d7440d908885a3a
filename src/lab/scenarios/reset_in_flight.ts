import { hash } from './requests.ts';
import type { Scenario } from './scenario.ts';

const REQUESTS = 4;

/** The device is reset while it holds requests. */
export const RESET_IN_FLIGHT: Scenario = {
  about: `resets the device and sets it up anew while it holds ${REQUESTS} requests`,
  section: '2.4.2',
  // The reset may end the request that the fault strikes. The driver then sees no fault.
  outcomes: ['completed'],
  run: async (stage) => {
    const { driver, call, host, sleep } = stage;
    await hash(stage);
    host.suspend();
    const lost = Array.from({ length: REQUESTS }, () => hash(stage, 'sha-256 before the reset', 'anything'));
    await sleep(1);
    call('start()', () => driver.start());
    host.resume();
    await Promise.all(lost);
    for (let i = 0; i < 3; i++) await hash(stage, 'sha-256 after the reset');
  },
};
