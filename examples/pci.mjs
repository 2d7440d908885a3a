// How an emulator plugs the device in as a PCI function: a configuration space, BARs, an interrupt line and MSI-X messages.
// What is left to the emulator is marked with its name; here it is a memory, a list and a guest of a few lines.
import { createCryptoDevice } from 'virtio-crypto-wasm';
import { CryptoDriver, PciTransport, RamAllocator } from 'virtio-crypto-wasm/driver';
import { VirtioPci } from 'virtio-crypto-wasm/pci';

const ramBytes = 1024 * 1024;
const memory = new WebAssembly.Memory({ initial: ramBytes / 65536 });
const device = createCryptoDevice({
  guest: { memory, regions: [{ guestAddress: 0, bytes: ramBytes, offset: 0 }] },
});

// The emulator's interrupt controller: a level for INTA#, and writes of messages to it for MSI-X.
const messages = [];
const setInterruptLine = (level) => console.log(`INTA# ${level ? 'asserted' : 'deasserted'}`);
const deliver = (address, data) => {
  messages.push(`0x${data.toString(16)} -> 0x${address.toString(16)}`);
  queueMicrotask(() => driver.interrupt());
};
const pci = new VirtioPci(device, setInterruptLine, { bar: 'memory', msix: { deliver } });

// The emulator's bus: memory accesses go to the BAR that the guest placed there.
function barAt(address) {
  const bar = pci.bars.findIndex((at) => at.enabled && address >= at.address && address < at.address + at.bytes);
  return bar < 0 ? undefined : { bar, offset: address - pci.bars[bar].address };
}
function read(address, size) {
  const at = barAt(address);
  return at ? pci.readBar(at.bar, at.offset, size) : 2 ** (8 * size) - 1;
}
function write(address, size, value) {
  const at = barAt(address);
  if (at) pci.writeBar(at.bar, at.offset, size, value);
}

// The guest's firmware gives the BARs their addresses, by writes to the configuration space.
const placed = [0xfebf_0000, 0xfebf_1000];
for (const [bar, address] of placed.entries()) pci.writeConfig(0x10 + 4 * bar, 4, address);

// The guest's driver, which reaches the function through that bus.
const transport = new PciTransport(
  {
    readConfig: (offset, size) => pci.readConfig(offset, size),
    writeConfig: (offset, size, value) => pci.writeConfig(offset, size, value),
    readBar: (bar, offset, size) => read(placed[bar] + offset, size),
    writeBar: (bar, offset, size, value) => write(placed[bar] + offset, size, value),
  },
  20,
  (vector) => ({ address: 0xfee0_0000n, data: 0x40 + vector }),
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
console.log(`messages: ${messages.join(', ')}`);
driver.stop();
