import { hash } from './requests.ts';
import type { Scenario } from './scenario.ts';

const REQUESTS = 4;

/** The device is unplugged. */
export const REMOVAL: Scenario = {
  about: `has ${REQUESTS} requests in flight when the device is taken out of the machine`,
  section: '3.3.1',
  outcomes: ['gave up'],
  run: async (stage) => {
    const { host, sleep } = stage;
    await hash(stage);
    host.suspend();
    const lost = Array.from({ length: REQUESTS }, () => hash(stage, 'sha-256 in flight', 'anything'));
    await sleep(1);
    host.remove();
    await Promise.all(lost);
    await hash(stage, 'sha-256 after the removal', 'anything');
  },
};
