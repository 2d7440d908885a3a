import { Experiment, loadDriver } from '../experiments/runner.ts';
import { ENCRYPT } from '../experiments/tamper.ts';

/** Loads the driver. Without it the guest sends no requests. */
export const load = new Experiment(loadDriver);

/** A held request keeps the guest's program waiting for as long as the visitor looks at the request. */
const HELD_MS = 24 * 60 * 60 * 1000;

/** Makes the guest send one data request, for which it creates a session. */
export const encrypt = new Experiment(async (experiment) => {
  await loadDriver(experiment);
  await experiment.run(ENCRYPT, { timeoutMs: HELD_MS });
});
