// Debian's kernel and its own driver under the checker, with both rings.
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Machine } from '../../src/cli/machine.ts';
import { buildGuest, type GuestImage } from '../../src/guest/index.ts';
import { loadDriver, unloadDriver, waitForSelftest } from '../../src/guest/selftest.ts';
import { DriverChecker } from '../../src/lab/index.ts';
import { bootedMachine, bootedMachineWith } from './booted.ts';

let image: GuestImage;
let machine: Machine | undefined;

beforeAll(async () => {
  image = await buildGuest();
}, 600_000);

afterEach(async () => {
  await machine?.stop();
  machine = undefined;
});

async function encrypt({ console }: Machine): Promise<void> {
  const file = 'head -c 300000 /dev/urandom';
  const { status } = await console.run(
    `printf 0123456789abcdef > /tmp/key; ${file} | kcapi-enc -e -q -c virtio_crypto_aes_cbc --iv ${'00'.repeat(16)} --keyfd 3 3< /tmp/key > /dev/null`,
  );
  expect(status).toBe(0);
}

test('a split ring, as the guest was switched on: it breaks no statement', async () => {
  const checker = new DriverChecker();
  machine = await bootedMachine(image, { createDevice: checker.createDevice });
  for (const _ of ['loaded', 'loaded again']) {
    await loadDriver(machine.console);
    expect(await waitForSelftest(machine.console)).toBe('passed');
    await encrypt(machine);
    expect(machine.device.requests(0)).toBeGreaterThan(80);
    await unloadDriver(machine.console);
  }
  expect(checker.finish()).toEqual([]);
});

test('a packed ring of a device that was exchanged: it breaks no statement once it has set up the new one itself', async () => {
  const checker = new DriverChecker();
  machine = await bootedMachineWith(image, { features: { packed: true }, createDevice: checker.createDevice });
  await loadDriver(machine.console);
  await unloadDriver(machine.console);
  // Linux had acknowledged the device before, and found another one in its place.
  expect(checker.violations.map(({ rule }) => rule)).toEqual(['3.1.1-1', '3.1.1-2']);
  checker.clear();
  await loadDriver(machine.console);
  expect(await waitForSelftest(machine.console)).toBe('passed');
  await encrypt(machine);
  expect(checker.finish()).toEqual([]);
});
