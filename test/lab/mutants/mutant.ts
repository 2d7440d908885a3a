import type { DriverOptions } from '../../../src/driver/index.ts';
import type { RuleName } from '../../../src/lab/index.ts';
import type { BenchOptions } from '../../../src/testing/index.ts';
import { type Bug, type Stage, without } from '../support/mutant.ts';

/** A driver with a planted bug, and the rule that has to catch it. */
export interface Mutant {
  rule: RuleName;
  name: string;
  bug: Bug;
  bench?: BenchOptions;
  driver?: DriverOptions;
  /** What the driver does. Default: it starts, and sends two requests. */
  run?(stage: Stage): Promise<void> | void;
}

/** No bug in the transport: the bug is in what the driver does. */
export const honest: Bug = (transport) => transport;
/** A device with packed rings, and a driver that leaves some features out. */
export const packed = (...left: number[]): Pick<Mutant, 'bench' | 'driver'> => ({
  bench: { features: { packed: true } },
  driver: { features: without(...left) },
});

/** The driver starts, and sends two requests. */
export async function standardRun(stage: Stage): Promise<void> {
  stage.driver.start();
  stage.send();
  stage.driver.poll();
  stage.send();
  stage.driver.poll();
}
