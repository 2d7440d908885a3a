import type { GuestConsole, WaitOptions } from './console.ts';
import { MODULE_FOLDER } from './init.ts';
import { DEVICE_DRIVER } from './measure.ts';
import { selftestOf } from './proc-crypto.ts';

/** Half a second each, by the guest's clock. */
const ATTEMPTS = 120;
/** As the kernel's crypto/testmgr.c reports it. */
const FAILED = `dmesg | grep -q 'alg: .*${DEVICE_DRIVER}.*failed'`;

/** Loads the driver, unless the guest did so by itself. */
export async function loadDriver(console: GuestConsole, options: WaitOptions = {}): Promise<void> {
  await console.run(
    `grep -q ^virtio_crypto /proc/modules || insmod ${MODULE_FOLDER}/virtio_crypto.ko || modprobe virtio_crypto`,
    options,
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
    if ((await console.run(`sleep 0.5; ${FAILED}`)).status === 0) return 'failed';
  }
  return 'failed';
}
