import * as pci from '../../spec/virtio_pci.ts';

const LAST_BAR = 5;

/** Access to a PCI function: its configuration space and its BARs. Offsets and sizes are in bytes; numbers are little-endian. */
export interface PciFunction {
  /** Reads `size` bytes of the configuration space. */
  readConfig(offset: number, size: 1 | 2 | 4): number;
  /** Writes the `size` lowest bytes of `value` to the configuration space. */
  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void;
  /** Reads `size` bytes of the memory or ports behind BAR `bar`, 0 to 5. */
  readBar(bar: number, offset: number, size: 1 | 2 | 4): number;
  /** Writes the `size` lowest bytes of `value` to the memory or ports behind BAR `bar`. */
  writeBar(bar: number, offset: number, size: 1 | 2 | 4, value: number): void;
}

/** A structure that a capability points to (4.1.4): BAR, offset in it, and length in bytes. */
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

/** The MSI-X capability of a function, and its table (PCI 3.0, 6.8.2). */
export interface MsixCapability extends Pick<Structure, 'bar' | 'offset'> {
  /** Offset of the capability in the configuration space. */
  at: number;
  vectors: number;
}

/** Finds the MSI-X capability, if the function has one. */
export function findMsix(target: PciFunction): MsixCapability | undefined {
  for (const at of capabilities(target)) {
    if (target.readConfig(at + pci.CAP_VNDR, 1) !== pci.PCI_CAP_ID_MSIX) continue;
    const table = target.readConfig(at + pci.MSIX_TABLE, 4);
    return {
      at,
      vectors: (target.readConfig(at + pci.MSIX_CONTROL, 2) & pci.MSIX_CONTROL_TABLE_SIZE) + 1,
      bar: table & pci.MSIX_BAR_MASK,
      offset: (table & ~pci.MSIX_BAR_MASK) >>> 0,
    };
  }
  return undefined;
}

/** The offsets of the capabilities, in the order of their list. */
function* capabilities(target: PciFunction): Generator<number> {
  let at = target.readConfig(pci.PCI_CAPABILITIES, 1);
  // A list that does not end would have more capabilities than fit in the configuration space.
  for (let hops = 0; at !== 0 && hops < 48; hops++) {
    yield at;
    at = target.readConfig(at + pci.CAP_NEXT, 1);
  }
}

/**
 * Finds the structures of a virtio device through its capabilities. Takes the first structure of each type (4.1.4.1).
 * @throws Error if the function is not a modern virtio device of type `deviceId`, or lacks a structure
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
  for (const at of capabilities(target)) {
    if (target.readConfig(at + pci.CAP_VNDR, 1) !== pci.PCI_CAP_ID_VENDOR) continue;
    const type = target.readConfig(at + pci.CAP_CFG_TYPE, 1);
    const structure = {
      at,
      bar: target.readConfig(at + pci.CAP_BAR, 1),
      offset: target.readConfig(at + pci.CAP_OFFSET, 4),
      bytes: target.readConfig(at + pci.CAP_LENGTH, 4),
    };
    // 4.1.4.1: a driver ignores structures with a reserved BAR, and takes the first structure of each type.
    if (structure.bar <= LAST_BAR && !found.has(type)) found.set(type, structure);
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
