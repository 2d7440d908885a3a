// The driver lab in Vitest: a test of each cell of the matrix, for a driver of your own. Run it with `npx vitest run`.
// `vitest --shard` shares files out, so a large matrix is best in several files, one for each scenario.

import { GuardedDriver, lab } from 'virtio-crypto-wasm/lab';
import { test } from 'vitest';

/** Put your driver here. It has the methods of CryptoDriver that the scenarios call. */
class MyDriver extends GuardedDriver {}

lab(test, {
  driver: (parts) => new MyDriver(parts),
  scenarios: ['self-test', 'reset-in-flight'],
  rings: ['split', 'packed'],
});
