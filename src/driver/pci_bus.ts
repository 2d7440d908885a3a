import * as pci from '../../spec/virtio_pci.ts';

/** How the driver reaches a PCI function: its configuration space and its BARs. Sizes are 1, 2 or 4 bytes. */
export interface PciFunction {
  readConfig(offset: number, size: 1 | 2 | 4): number;
  readBar(bar: number, offset: number, size: 1 | 2 | 4): number;
  writeBar(bar: number, offset: number, size: 1 | 2 | 4, value: number): void;
}

/** One structure that a capability points to (4.1.4). */
export interface Structure {
  bar: number;
  offset: number;
  bytes: number;
}

/** The structures of a modern virtio device. */
export interface Structures {
  common: Structure;
  notify: Structure & { multiplier: number };
  isr: Structure;
  device: Structure;
}

/**
 * Finds the structures of a virtio device through its capabilities, the first of each type (4.1.4.1).
 * @throws Error when the function is not this device, or lacks a structure
 */
export function findStructures(target: PciFunction, deviceId: number): Structures {
  const vendor = target.readConfig(0, 2);
  const device = target.readConfig(2, 2);
  if (vendor !== pci.PCI_VENDOR_ID || device !== pci.PCI_DEVICE_ID_BASE + deviceId) {
    throw new Error(
      `PCI ${vendor.toString(16)}:${device.toString(16)} is not a modern virtio device of type ${deviceId}.`,
    );
  }
  const found = new Map<number, Structure & { at: number }>();
  let at = target.readConfig(pci.PCI_CAPABILITIES, 1);
  // A list can be no longer than the space it stands in.
  for (let hops = 0; at !== 0 && hops < 48; hops++) {
    if (target.readConfig(at + pci.CAP_VNDR, 1) === pci.PCI_CAP_ID_VENDOR) {
      const type = target.readConfig(at + pci.CAP_CFG_TYPE, 1);
      const structure = {
        at,
        bar: target.readConfig(at + pci.CAP_BAR, 1),
        offset: target.readConfig(at + pci.CAP_OFFSET, 4),
        bytes: target.readConfig(at + pci.CAP_LENGTH, 4),
      };
      if (!found.has(type)) found.set(type, structure);
    }
    at = target.readConfig(at + pci.CAP_NEXT, 1);
  }
  const need = (type: number, name: string) => {
    const structure = found.get(type);
    if (!structure) throw new Error(`The device has no ${name} structure.`);
    return structure;
  };
  const notify = need(pci.CAP_TYPE_NOTIFY, 'notification');
  return {
    common: need(pci.CAP_TYPE_COMMON, 'common configuration'),
    notify: { ...notify, multiplier: target.readConfig(notify.at + pci.CAP_NOTIFY_MULTIPLIER, 4) },
    isr: need(pci.CAP_TYPE_ISR, 'ISR status'),
    device: need(pci.CAP_TYPE_DEVICE, 'device configuration'),
  };
}
