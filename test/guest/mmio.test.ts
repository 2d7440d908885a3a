import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STATUS_DRIVER_OK } from '../../spec/virtio.ts';
import { compare } from '../../src/cli/demo/compare.ts';
import { type Machine, startMachine, waitForShell } from '../../src/cli/machine.ts';
import { buildGuest, type GuestImage, MODULE_FOLDER } from '../../src/guest/index.ts';
import { loadDriver, waitForSelftest } from '../../src/guest/selftest.ts';

// Debian's kernel with its own virtio_mmio, which learns from the machine's ACPI tables where the device is. The tests run
// in order on one machine.
let image: GuestImage;
let machine: Machine;

const start = (state?: ArrayBuffer) =>
  startMachine({ files: image, memoryMiB: 128, device: { transport: 'mmio' }, ...(state ? { state } : {}) });
const run = async (command: string) => (await machine.console.run(command)).output;
const loadDrivers = async () => {
  await run(`insmod ${MODULE_FOLDER}/virtio_mmio.ko`);
  await loadDriver(machine.console);
};

beforeAll(async () => {
  image = await buildGuest();
  machine = await start();
  await waitForShell(machine);
}, 600_000);

afterAll(async () => {
  await machine?.stop();
});

describe('a stock Linux guest with the device over MMIO', () => {
  test('finds it in the ACPI tables, and nothing of it on the PCI bus', async () => {
    expect(await run('cat /sys/bus/acpi/devices/LNRO0005:00/hid')).toContain('LNRO0005');
    expect(await run('cat /proc/iomem')).toMatch(/d0000000-d00001ff : LNRO0005:00/);
    expect(await run('cat /sys/bus/pci/devices/*/modalias')).not.toMatch(/v00001AF4d/);
  });

  test("passes the kernel's own self-test through virtio_mmio", async () => {
    await loadDrivers();
    expect(await waitForSelftest(machine.console)).toBe('passed');
    expect(machine.device.status & STATUS_DRIVER_OK).toBe(STATUS_DRIVER_OK);
    expect(machine.device.requests(0)).toBeGreaterThan(0);
    expect(await run('readlink /sys/bus/virtio/devices/virtio0')).toContain('/LNRO0005:00/virtio0');
    expect(await run('cat /sys/bus/virtio/devices/virtio0/modalias')).toContain('virtio:d00000014v00574356');
    expect(await run('cat /proc/interrupts')).toMatch(/ 7: +[1-9]\d* +IO-APIC +7-fasteoi +virtio0/);
  });

  test('gets the same bytes as node:crypto through AF_ALG', async () => {
    const results = await compare(machine.console);
    expect(results).toHaveLength(48);
    expect(results.filter(({ agrees }) => !agrees)).toEqual([]);
    expect(machine.device.fault).toBeUndefined();
  });

  test('goes on from a saved state, with the driver that it had', async () => {
    const state = await machine.save();
    await machine.stop();
    machine = await start(state);
    const results = await compare(machine.console);
    expect(results.filter(({ agrees }) => !agrees)).toEqual([]);
    expect(results).toHaveLength(48);
    expect(machine.device.requests(0)).toBeGreaterThanOrEqual(48);
  });

  test('finds it again, and reset, after a reboot', async () => {
    machine.restart();
    await waitForShell(machine);
    expect(machine.device.status).toBe(0);
    await loadDrivers();
    expect(await waitForSelftest(machine.console)).toBe('passed');
  }, 400_000);
});
