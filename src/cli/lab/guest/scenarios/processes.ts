import type { GuestScenario } from './scenario.ts';
import { roundTripOf } from './shell.ts';

const PROCESSES = 8;
const ROUNDS = 3;
const BYTES = 20_000;

/** Each process writes its verdict into a file of its own. */
const MANY = [
  'rm -f /tmp/p*',
  `cat > /tmp/one <<'END'`,
  `for round in $(seq ${ROUNDS}); do ${roundTripOf(BYTES, 'p$1').replaceAll(' && ', ' &&\n')} || exit 1; done`,
  'echo done > /tmp/p$1.ok',
  'END',
  `for n in $(seq ${PROCESSES}); do sh /tmp/one $n & done; wait`,
  `[ $(ls /tmp/p*.ok | wc -l) = ${PROCESSES} ]`,
].join('\n');

export const MANY_PROCESSES: GuestScenario = {
  about: `encrypts and decrypts for ${PROCESSES} processes at once, in sessions of their own`,
  section: '5.9.7.2',
  run: async ({ load, step }) => {
    await load();
    await step(`${PROCESSES} processes at once`, MANY);
  },
};
