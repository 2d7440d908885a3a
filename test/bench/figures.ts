import { rowsOf } from '../../src/cli/bench/cases.ts';
import type { Implementation } from '../../src/cli/bench/implementation.ts';
import { nodeCrypto } from '../../src/cli/bench/node_crypto.ts';

/** Just enough for a round or so: what comes out is a shape, not a figure. */
export const TINY_MILLISECONDS = 4;

export const SMALL_ROWS = rowsOf(['aes-128-cbc-encrypt', 'aes-128-cbc-decrypt'], [16, 48], [1, 3]);

/** The masked process runs what was built: Node does not start TypeScript. */
export const BUILT_CHILD = new URL('../../dist/src/cli/bench/masked_child.js', import.meta.url);

/** An implementation that notes what is done with it, and takes its results from node:crypto. */
export function noted(name: 'engine' | 'node' | 'noble', log: string[]): Implementation {
  return {
    name,
    has: () => true,
    prepare: async (workload) => {
      const runner = await nodeCrypto.prepare(workload);
      return {
        digest: () => {
          log.push(`${name} digest`);
          return runner.digest();
        },
        run: (times) => {
          log.push(`${name} run ${times}`);
          return times * 10;
        },
        dispose: () => log.push(`${name} dispose`),
      };
    },
    dispose: () => {},
  };
}
