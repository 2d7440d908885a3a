import type { V86 } from 'v86';
import { expect, test } from 'vitest';
import { DEVICE_ID_CRYPTO } from '../../spec/crypto.ts';
import { MMIO_INTERRUPT_STATUS, MMIO_QUEUE_SEL } from '../../spec/virtio_mmio.ts';
import { CryptoDriver } from '../../src/driver/driver.ts';
import { MmioTransport } from '../../src/driver/mmio_transport.ts';
import { RamAllocator } from '../../src/driver/ram.ts';
import { attachVirtioCrypto, type V86Options } from '../../src/v86/attach.ts';
import { cpuOf } from '../../src/v86/internals.ts';
import { noise } from '../support/memory.ts';
import { reference } from '../support/requests.ts';
import { clearIdeBars, mmioHandlers, newEmulator, RAM_BYTES, ramOf } from '../support/v86_guest.ts';

const ADDRESS = 0xc004_0000;
const ALL_ONES = 0xffff_ffff;

const loaded = (emulator: V86) =>
  new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()));

/** A machine that has been built and does not run, with the device in its memory: the test does what its guest would. */
async function machine(options: V86Options = {}) {
  const emulator = newEmulator();
  const attached = attachVirtioCrypto(emulator, { transport: 'mmio', mmioAddress: ADDRESS, irq: 5, ...options });
  await attached.ready;
  const cpu = cpuOf(emulator);
  clearIdeBars(cpu);
  const memory = mmioHandlers(emulator, ADDRESS);
  const levels: [irq: number, level: boolean][] = [];
  let driver: CryptoDriver | undefined;
  const { device_raise_irq: raise, device_lower_irq: lower } = cpu;
  cpu.device_raise_irq = (irq) => {
    levels.push([irq, true]);
    raise(irq);
    queueMicrotask(() => driver?.interrupt());
  };
  cpu.device_lower_irq = (irq) => {
    levels.push([irq, false]);
    lower(irq);
  };
  const start = () => {
    const allocator = new RamAllocator(0x100000, RAM_BYTES);
    driver = new CryptoDriver(new MmioTransport(memory, DEVICE_ID_CRYPTO), () => ramOf(cpu), allocator);
    driver.start();
    return driver;
  };
  return { emulator, attached, cpu, memory, levels, start };
}

const [key, iv, data] = [noise(16, 1), noise(16, 2), noise(4096, 3)];
const request = { algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data } as const;
const expected = { status: 'ok', data: reference('encrypt', key, iv, data) };

test('4.2.2 the registers answer in the memory of v86, and a driver uses the device through its interrupt', async () => {
  const { levels, start } = await machine();
  const driver = start();
  expect(await driver.cipher(request)).toEqual(expected);
  expect(levels.slice(0, 2)).toEqual([
    [5, true],
    [5, false],
  ]);
  driver.stop();
});

test('the firmware is handed a table that declares the window and the interrupt', async () => {
  const { cpu } = await machine();
  const table = cpu.option_roms.find(({ name }) => name.startsWith('acpi/')) ?? expect.unreachable();
  expect(Buffer.from(table.data).includes(Buffer.from('000004c000020000', 'hex'))).toBe(true);
  expect(table.name).toBe('acpi/virtio-crypto-5');
});

test('a saved state carries the device, and a machine without its part resets it', async () => {
  const first = await machine();
  const driver = first.start();
  const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', key);
  const state = await first.emulator.save_state();
  await first.emulator.restore_state(state);
  expect(await driver.cipherInSession(id, request)).toEqual(expected);
  const bare = newEmulator();
  await loaded(bare);
  const second = await machine();
  clearIdeBars(cpuOf(bare));
  second.start();
  await second.emulator.restore_state(await bare.save_state());
  expect(second.attached.device?.status).toBe(0);
});

test('a notification that is held back is answered when the driver reads or writes a register', async () => {
  const { attached, memory, start } = await machine();
  const device = attached.device ?? expect.unreachable();
  const driver = start();
  const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', key);
  const accesses = [() => memory.read(MMIO_INTERRUPT_STATUS, 4), () => memory.write(MMIO_QUEUE_SEL, 4, 0)];
  for (let answered = 0; accesses.length > 0; answered++) {
    const result = driver.cipherInSession(id, request);
    // Most are answered at once; those that are held back are for us to bring about.
    if (device.requests(0) === answered) {
      accesses.pop()?.();
      expect(device.requests(0)).toBe(answered + 1);
    }
    expect(await result).toEqual(expected);
  }
});

test('a device that was taken out reads as all ones', async () => {
  const { attached, memory, start } = await machine();
  start();
  attached.remove();
  expect(memory.read(0, 4)).toBe(ALL_ONES);
});

test.each([
  [{ mmioAddress: 0x1000 }, 'mmioAddress is 4096: give a multiple of 0x20000'],
  [{ mmioAddress: 0xd000_0200 }, 'mmioAddress is 3489661440: give a multiple of 0x20000'],
  [{ mmioAddress: 0xe000_0000 }, 'mmioAddress is 3758096384: give a multiple of 0x20000'],
  [{ irq: 4 }, 'irq is 4: give one that v86 leaves free, 3, 5, 7.'],
  [JSON.parse('{"transport":"ccw"}'), 'transport is ccw: give pci or mmio.'],
])('%j is refused', async (options, message) => {
  const emulator = newEmulator();
  expect(() => attachVirtioCrypto(emulator, { transport: 'mmio', ...options })).toThrow(message);
  await loaded(emulator);
});
