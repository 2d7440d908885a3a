import { DEVICE_ID_CRYPTO } from '../../../spec/crypto.ts';
import * as pci from '../../../spec/virtio_pci.ts';
import * as layout from './layout.ts';
import type { MsixPlace } from './msix.ts';

export const CONFIG_SPACE_BYTES = 256;
const CLASS_ENCRYPTION_CONTROLLER = 0x10;
const SUBCLASS_OTHER = 0x80;
const INTERRUPT_PIN_A = 1;
const BAR_IS_IO = 1;

/** Options that determine the header of a function. */
export interface HeaderOptions {
  bar: 'io' | 'memory';
  msix: MsixPlace | undefined;
}

/**
 * The PCI configuration space of the device at power-on (4.1.2, 4.1.4): identity, BARs without an address, and the
 * capabilities that say where the virtio structures are.
 */
export function configHeader({ bar, msix }: HeaderOptions): Uint8Array<ArrayBuffer> {
  const space = new Uint8Array(CONFIG_SPACE_BYTES);
  const view = new DataView(space.buffer);
  view.setUint16(0, pci.PCI_VENDOR_ID, true);
  view.setUint16(2, pci.PCI_DEVICE_ID_BASE + DEVICE_ID_CRYPTO, true);
  view.setUint16(pci.PCI_STATUS, pci.PCI_STATUS_CAPABILITIES, true);
  // 4.1.2.1: revision 1 and a subsystem id of 0x40 or more tell old drivers that the device is not transitional.
  space[pci.PCI_REVISION] = 1;
  space[pci.PCI_CLASS + 1] = SUBCLASS_OTHER;
  space[pci.PCI_CLASS + 2] = CLASS_ENCRYPTION_CONTROLLER;
  view.setUint32(pci.PCI_BAR0, bar === 'io' ? BAR_IS_IO : 0, true);
  view.setUint16(pci.PCI_SUBSYSTEM_VENDOR, pci.PCI_VENDOR_ID, true);
  view.setUint16(pci.PCI_SUBSYSTEM_ID, pci.PCI_DEVICE_ID_BASE + DEVICE_ID_CRYPTO, true);
  space[pci.PCI_CAPABILITIES] = layout.CAP_COMMON_AT;
  space[pci.PCI_INTERRUPT_PIN] = INTERRUPT_PIN_A;

  const capability = (
    at: number,
    next: number,
    type: number,
    place: { offset: number; bytes: number },
    length: number,
  ) => {
    space[at + pci.CAP_VNDR] = pci.PCI_CAP_ID_VENDOR;
    space[at + pci.CAP_NEXT] = next;
    space[at + pci.CAP_LEN] = length;
    space[at + pci.CAP_CFG_TYPE] = type;
    view.setUint32(at + pci.CAP_OFFSET, place.offset, true);
    view.setUint32(at + pci.CAP_LENGTH, place.bytes, true);
  };
  const { CAP_BYTES, CAP_NOTIFY_BYTES, CAP_PCI_CFG_BYTES } = pci;
  capability(layout.CAP_COMMON_AT, layout.CAP_NOTIFY_AT, pci.CAP_TYPE_COMMON, layout.COMMON, CAP_BYTES);
  capability(layout.CAP_NOTIFY_AT, layout.CAP_ISR_AT, pci.CAP_TYPE_NOTIFY, layout.NOTIFY, CAP_NOTIFY_BYTES);
  view.setUint32(layout.CAP_NOTIFY_AT + pci.CAP_NOTIFY_MULTIPLIER, layout.NOTIFY_OFF_MULTIPLIER, true);
  capability(layout.CAP_ISR_AT, layout.CAP_DEVICE_AT, pci.CAP_TYPE_ISR, layout.ISR, CAP_BYTES);
  capability(layout.CAP_DEVICE_AT, layout.CAP_PCI_CFG_AT, pci.CAP_TYPE_DEVICE, layout.DEVICE, CAP_BYTES);
  const last = msix ? layout.CAP_MSIX_AT : 0;
  capability(layout.CAP_PCI_CFG_AT, last, pci.CAP_TYPE_PCI_CFG, { offset: 0, bytes: 0 }, CAP_PCI_CFG_BYTES);
  if (msix) {
    space[last + pci.CAP_VNDR] = pci.PCI_CAP_ID_MSIX;
    view.setUint16(last + pci.MSIX_CONTROL, msix.vectors - 1, true);
    view.setUint32(last + pci.MSIX_TABLE, msix.tableOffset | layout.MSIX_BAR, true);
    view.setUint32(last + pci.MSIX_PENDING, msix.pendingOffset | layout.MSIX_BAR, true);
  }
  return space;
}
