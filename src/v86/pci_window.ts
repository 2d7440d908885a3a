import type { VirtioPci } from '../transport/pci/pci.ts';
import { WINDOW_DATA_AT } from '../transport/pci/window.ts';
import type { V86Cpu } from './internals.ts';

const PCI_CONFIG_DATA = 0xcfc;

/**
 * Makes the PCI_CFG window work in v86 (4.1.4.9). v86 keeps configuration spaces as plain memory, and reads a word when the address
 * register is written. The window must act when the data register is accessed. So reads of the data ports first check whether pci_cfg_data
 * is selected, and configuration writes are passed on when v86 has stored them. The slot of a removed device reads as empty.
 * @param beforeRegisterRead called before a register is read through the window
 */
export function connectConfigWindow(
  cpu: V86Cpu,
  pciId: number,
  space: Int32Array,
  registers: VirtioPci,
  beforeRegisterRead: () => void,
): void {
  const { pci } = cpu.devices;
  const { window } = registers;
  const view = new DataView(space.buffer, space.byteOffset, space.byteLength);

  const beforeRead = () => {
    const [offset = 0, deviceFunction, bus] = pci.pci_addr;
    if (deviceFunction !== pciId || bus !== 0) return;
    if (registers.device.removed) pci.pci_response32[0] = -1;
    else if ((offset & 0xfc) === WINDOW_DATA_AT) {
      beforeRegisterRead();
      pci.pci_response32[0] = window.read(view);
    }
  };
  for (let port = PCI_CONFIG_DATA; port < PCI_CONFIG_DATA + 4; port++) {
    const entry = cpu.io.ports[port];
    if (!entry) continue;
    const { read8, read16, read32, device } = entry;
    const wrap = (read: (port: number) => number) => (at: number) => {
      beforeRead();
      return read.call(device, at);
    };
    Object.assign(entry, { read8: wrap(read8), read16: wrap(read16), read32: wrap(read32) });
  }

  for (const [name, size] of [
    ['pci_write8', 1],
    ['pci_write16', 2],
    ['pci_write32', 4],
  ] as const) {
    const write = pci[name].bind(pci);
    pci[name] = (address, written) => {
      const ours = ((address >> 8) & 0xffff) === pciId;
      if (ours && registers.device.removed) return;
      write(address, written);
      if (ours && window.covers(address & 0xff, size)) {
        window.write(view, view.getUint32(WINDOW_DATA_AT, true));
      }
    };
  }
}
