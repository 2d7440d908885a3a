import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STATUS_DRIVER_OK } from '../../spec/virtio.ts';
import { type Machine, startMachine, waitForShell } from '../../src/cli/machine.ts';
import { buildGuest, type GuestImage } from '../../src/guest/index.ts';
import { measureTransfer, parseTlsSpeed } from '../../src/guest/tls_speed.ts';
import { DriverChecker } from '../../src/lab/index.ts';
import { MEMORY_MIB } from './booted.ts';

// OpenSSL's command line, libssl and a program of EVP calls in Debian's guest on v86, over the user-space driver and the provider that
// guest/ has. Nothing is made up: the device answers, or OpenSSL's own code does. The tests run in order on one machine.
let image: GuestImage;
let machine: Machine;
const checker = new DriverChecker();

const run = async (command: string) => (await machine.console.run(command, { timeoutMs: 600_000 })).output.trim();
const requests = () => machine.device.requests(0);

beforeAll(async () => {
  image = await buildGuest({ tls: true });
  machine = await startMachine({ files: image, memoryMiB: MEMORY_MIB, device: { createDevice: checker.createDevice } });
  await waitForShell(machine);
}, 900_000);

afterAll(async () => {
  await machine?.stop();
});

describe('OpenSSL in the guest', () => {
  test('has a driver that gives the published results of GCM and ChaCha20-Poly1305, and ends its sessions', async () => {
    expect(await run('vcrypto-selftest')).toBe(
      ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'].map((name) => `${name}: passed`).join('\n'),
    );
    expect(machine.device.sessionCount).toBe(0);
    expect(machine.device.status & STATUS_DRIVER_OK).toBe(STATUS_DRIVER_OK);
    expect(checker.violations).toEqual([]);
  });

  test('gets from the device what its own code gives, in messages of all shapes', async () => {
    const before = requests();
    expect(await run('evp-check 200 1')).toMatch(/^20\d messages equal$/);
    expect(requests()).toBeGreaterThan(before + 50);
    expect(machine.device.sessionCount).toBe(0);
    expect(machine.device.fault).toBeUndefined();
    expect(checker.violations).toEqual([]);
  });

  test('shares the device between four threads, and between four processes', async () => {
    const before = requests();
    expect(await run('evp-check 30 2 4')).toMatch(/^\d+ messages equal$/);
    const each = [3, 4, 5, 6].map((seed) => `evp-check 30 ${seed} &`).join(' ');
    expect(await run(`${each} wait`)).toMatch(/^(\d+ messages equal\s*){4}$/);
    expect(requests()).toBeGreaterThan(before + 30);
    expect(machine.device.sessionCount).toBe(0);
  });

  test('goes on after a process was killed, whose sessions end', async () => {
    for (let round = 0; round < 3; round++) {
      const before = requests();
      await run('evp-check 100000 7 > /tmp/killed 2>&1 & echo $! > /tmp/pid');
      while (requests() < before + 20) await new Promise((resolve) => setTimeout(resolve, 20));
      await run('kill -9 $(cat /tmp/pid)');
    }
    expect(await run('evp-check 15 8')).toMatch(/messages equal$/);
    expect(machine.device.sessionCount).toBe(0);
  });

  test('is measured, a record at a time', async () => {
    const figure = parseTlsSpeed(await run('evp-check speed AES-128-GCM 16384 2>&1'));
    expect(figure).toMatchObject({ algorithm: 'AES-128-GCM', bytes: 16384 });
  });

  test('carries a text through TLS 1.3, by its own code and by the device', async () => {
    const before = requests();
    const { bytes, suite } = await measureTransfer({ run }, 1);
    expect({ bytes, suite }).toEqual({ bytes: 1024 * 1024, suite: 'TLS_AES_128_GCM_SHA256' });
    // Both ends. s_client reads 8 KiB at once, so its records are as long.
    expect(requests()).toBeGreaterThan(before + 100);
    expect(machine.device.sessionCount).toBe(0);
  });

  test('never computes wrong bytes where the device is reset under it, and goes back to the device', async () => {
    // It ends at the first difference.
    await run('evp-check 100000 9 > /tmp/reset 2>&1 & echo $! > /tmp/pid');
    for (let round = 0; round < 3; round++) {
      const before = requests();
      while (requests() < before + 5) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await run('vcrypto-selftest release; kill -0 $(cat /tmp/pid) || cat /tmp/reset')).toBe('');
    }
    const before = requests();
    while (requests() < before + 5) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await run('kill $(cat /tmp/pid)')).toBe('');
  });
});
