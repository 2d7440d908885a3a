import { Experiment, loadDriver } from '../experiments/runner.ts';
import { ENCRYPT } from '../experiments/tamper.ts';

/** Loads the driver: without it the guest sends no requests. */
export const load = new Experiment(loadDriver);

/** A request that is held keeps the guest's program waiting for as long as the visitor looks at it. */
const HELD_MS = 24 * 60 * 60 * 1000;

/** Lets the guest send one data request, with a session made for it. */
export const encrypt = new Experiment(async (experiment) => {
  await loadDriver(experiment);
  await experiment.run(ENCRYPT, { timeoutMs: HELD_MS });
});
