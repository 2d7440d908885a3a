// How an emulator plugs the device in over MMIO: a window of 512 bytes in the guest's memory, and one interrupt. What is left
// to the emulator is marked with its name; here it is a memory and a guest of a few lines.
import { createCryptoDevice } from 'virtio-crypto-wasm';
import { CryptoDriver, MmioTransport, RamAllocator } from 'virtio-crypto-wasm/driver';
import { VirtioMmio } from 'virtio-crypto-wasm/mmio';

const ramBytes = 1024 * 1024;
const windowAt = 0x0a00_0000;
const memory = new WebAssembly.Memory({ initial: ramBytes / 65536 });
const device = createCryptoDevice({
  guest: { memory, regions: [{ guestAddress: 0, bytes: ramBytes, offset: 0 }] },
});

// The emulator's interrupt controller: the level of one line. A guest takes an interrupt after the instruction that caused it.
let interrupts = 0;
const registers = new VirtioMmio(device, (level) => {
  if (!level) return;
  interrupts++;
  queueMicrotask(() => driver.interrupt());
});

// The emulator's bus: accesses to the window go to the registers.
const inWindow = (address) => address >= windowAt && address < windowAt + VirtioMmio.windowBytes;
const read = (address, size) => (inWindow(address) ? registers.read(address - windowAt, size) : 2 ** (8 * size) - 1);
const write = (address, size, value) => {
  if (inWindow(address)) registers.write(address - windowAt, size, value);
};

// The guest's driver, which knows from a device tree, or from ACPI, where the window is.
const transport = new MmioTransport(
  {
    read: (offset, size) => read(windowAt + offset, size),
    write: (offset, size, value) => write(windowAt + offset, size, value),
  },
  20,
);
const driver = new CryptoDriver(transport, () => new Uint8Array(memory.buffer), new RamAllocator(0x10000, ramBytes));
driver.start();
const { status, data } = await driver.cipher({
  algorithm: 'aes-cbc',
  direction: 'encrypt',
  key: new Uint8Array(16),
  iv: new Uint8Array(16),
  data: new Uint8Array(16),
});
console.log(`${status}: ${Buffer.from(data).toString('hex')}`);
console.log(`interrupts: ${interrupts}`);
driver.stop();
