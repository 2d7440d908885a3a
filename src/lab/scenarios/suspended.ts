import { hash } from './requests.ts';
import type { Scenario } from './scenario.ts';

const REQUESTS = 4;
/** Shorter than a driver's patience, and longer than a fault is late. */
const SUSPENDED_MS = 300;

/** A host that has no time for the device, as while a machine is paused or moved. */
export const SUSPENDED: Scenario = {
  about: `has ${REQUESTS} requests in flight while the device takes none for ${SUSPENDED_MS} ms`,
  section: '2.7.14',
  run: async (stage) => {
    const { host, sleep } = stage;
    await hash(stage);
    host.suspend();
    const held = Array.from({ length: REQUESTS }, () => hash(stage, 'sha-256, held'));
    await sleep(SUSPENDED_MS);
    host.resume();
    await Promise.all(held);
    for (let i = 0; i < 2; i++) await hash(stage);
  },
};
