import { hash } from './requests.ts';
import type { Scenario } from './scenario.ts';

const RELOADS = 3;

/** The driver is unloaded and loaded again, as a module is. */
export const RELOAD: Scenario = {
  about: `is stopped and started again ${RELOADS} times, with requests before and after`,
  section: '2.4',
  run: async (stage) => {
    const { driver, call, sleep } = stage;
    for (let round = 0; round < RELOADS; round++) {
      for (let i = 0; i < 2; i++) await hash(stage);
      await sleep(1);
      call('stop()', () => driver.stop());
      call('start()', () => driver.start());
    }
    await hash(stage);
  },
};
