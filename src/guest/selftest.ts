import type { GuestConsole } from './console.ts';
import { MODULE_FOLDER } from './init.ts';
import { DEVICE_DRIVER } from './measure.ts';

const ATTEMPTS = 20;

/** What /proc/crypto says of a driver's self-test: `passed`, `unknown` while it runs, or undefined if it is not registered. */
export function selftestOf(procCrypto: string, driver: string): string | undefined {
  for (const entry of procCrypto.split(/\r?\n\s*\r?\n/)) {
    const fields = new Map(
      entry.split(/\r?\n/).map((line) => {
        const [name = '', ...value] = line.split(':');
        return [name.trim(), value.join(':').trim()] as const;
      }),
    );
    if (fields.get('driver') === driver) return fields.get('selftest');
  }
  return undefined;
}

/** Loads the driver, unless the guest did so by itself. */
export async function loadDriver(console: GuestConsole): Promise<void> {
  await console.run(
    `grep -q ^virtio_crypto /proc/modules || insmod ${MODULE_FOLDER}/virtio_crypto.ko || modprobe virtio_crypto`,
  );
}

/** Unloads the driver: its sessions are closed, and the kernel goes back to its own software. */
export async function unloadDriver(console: GuestConsole): Promise<void> {
  const { status, output } = await console.run('rmmod virtio_crypto');
  if (status !== 0) throw new Error(`The guest cannot unload virtio_crypto: ${output.trim()}`);
}

/** Waits for the kernel's verdict on the device: its self-tests run when the driver registers its algorithm. */
export async function waitForSelftest(console: GuestConsole): Promise<'passed' | 'failed'> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { output } = await console.run('cat /proc/crypto');
    const verdict = selftestOf(output, DEVICE_DRIVER);
    if (verdict === 'passed') return 'passed';
    await console.run('sleep 0.5');
  }
  return 'failed';
}
