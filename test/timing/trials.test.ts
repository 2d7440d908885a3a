// What scripts/timing.mjs times works: each trial runs once, and no time is looked at.
import { expect, test } from 'vitest';
import { ecdsaTrials } from '../../scripts/timing/ecdsa.mjs';
import { rsaTrials } from '../../scripts/timing/rsa.mjs';
import { engineTrials } from '../../scripts/timing/trials.mjs';
import { noise } from '../support/memory.ts';

const trials = [...engineTrials(), ...rsaTrials(), ...ecdsaTrials()];
const algorithms = [...new Set(trials.map(({ algorithm }) => algorithm))];

test('there are trials of symmetric and of asymmetric algorithms', () => {
  expect(algorithms).toEqual(expect.arrayContaining(['aes-cbc', 'gcm', 'sha-256', 'rsa', 'ecdsa']));
});

test.each(algorithms)('%s', (algorithm) => {
  for (const { what, make } of trials.filter((trial) => trial.algorithm === algorithm)) {
    const { memory, input, bytes, prepare, before, run, after } = make('simd');
    for (const kind of [0, 1]) {
      const chunk = kind === 0 ? new Uint8Array(bytes) : noise(bytes, 7);
      prepare?.(chunk, Uint8Array.of(kind));
      memory.set(chunk, input);
      expect(() => {
        before?.();
        run();
        after?.();
      }, what).not.toThrow();
    }
  }
});
