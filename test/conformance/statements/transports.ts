import { notApplicable, type Section, section } from './statement.ts';

const ONE_OF_EACH = notApplicable('the device has one structure of each type');
const AT_ONCE = notApplicable('a queue is reset within the write: no driver sees the reset under way');
const NO_SHARED_MEMORY = notApplicable('the device has no shared memory regions');
const NO_VENDOR_DATA = notApplicable('the device has no vendor data capability');
const NO_LEGACY_DRIVER = notApplicable('no legacy crypto device, and no driver for one, ever existed');

const PCI: readonly Section[] = [
  section('4.1.1', 'Virtio Over PCI Bus', [
    ['MUST', 'show the guest what the PCI specification demands of a function'],
  ]),
  section('4.1.2.1', 'PCI Device Discovery', [
    ['MUST', 'have the vendor id 0x1af4'],
    ['MUST', 'have the device id 0x1040 + 20'],
    ['SHOULD', 'have a device id from 0x1040 to 0x107f'],
    ['SHOULD', 'have a revision id of 1 or more'],
    ['SHOULD', 'have a subsystem device id of 0x40 or more'],
  ]),
  section('4.1.3.2', 'PCI Device Layout', [
    ['MUST', 'let the halves of a 64-bit configuration field be accessed each by itself'],
  ]),
  section('4.1.4.2', 'Virtio Structure PCI Capabilities', [
    ['MUST', 'count all bytes of a capability in cap_len'],
    ['SHOULD', 'order structures of one type by preference', ONE_OF_EACH],
  ]),
  section('4.1.4.3.1', 'Common configuration structure layout', [
    ['MUST', 'align the structure to 4 bytes'],
    ['MUST', 'have a capability for it'],
    ['MUST', 'show in device_feature the 32 bits that device_feature_select chooses'],
    ['MUST', 'show in driver_feature the valid bits that the driver wrote'],
    ['MUST', 'show another config_generation after a field changed that the driver had read'],
    ['MUST', 'reset itself when 0 is written to device_status, and show 0 there when that is done'],
    ['MUST', 'show 0 in queue_enable after a reset'],
    ['MUST', 'show 0 in queue_reset after a reset'],
    ['MUST', 'show 0 in queue_reset after queue_enable was written'],
    ['MUST', 'reset the queue when 1 is written to queue_reset'],
    ['MUST', 'show 1 in queue_reset while that reset is under way', AT_ONCE],
    ['MUST', 'show 0 in queue_reset and queue_enable when that reset is done'],
    ['MUST', 'show 0 in queue_size for a queue that does not exist'],
    ['MUST', 'show a power of two in queue_size unless RING_PACKED was negotiated'],
    ['MUST', 'place the administration queues behind the others'],
  ]),
  section('4.1.4.4.1', 'Notification capability', [
    ['MUST', 'have a capability for it'],
    ['MUST', 'align the structure to 2 bytes'],
    ['MUST', 'show a notify_off_multiplier of 0 or an even power of two'],
    ['MUST', 'make the structure at least 2 bytes long, and long enough for every queue'],
    ['MUST', 'end the register of each queue, of 2 bytes, within the structure'],
    ['MUST', 'show a notify_off_multiplier of 0 or a power of two from 4 on, with NOTIFICATION_DATA'],
    ['MUST', 'align the structure to 4 bytes, with NOTIFICATION_DATA'],
    ['MUST', 'make the structure at least 4 bytes long, with NOTIFICATION_DATA'],
    ['MUST', 'end the register of each queue, of 4 bytes, within the structure, with NOTIFICATION_DATA'],
  ]),
  section('4.1.4.5.1', 'ISR status capability', [
    ['MUST', 'have a capability for it'],
    ['MUST', 'set the configuration bit before it notifies of a change'],
    ['MUST', 'set the queue bit before it notifies of used buffers, without MSI-X'],
    ['MUST', 'show in the PCI status register whether any bit of the ISR status stands, without MSI-X'],
    ['MUST', 'clear the ISR status when the driver reads it'],
  ]),
  section('4.1.4.6', 'Device-specific configuration', [['MUST', 'have a capability for its configuration space']]),
  section('4.1.4.6.1', 'Device-specific configuration', [['MUST', 'align the structure to 4 bytes']]),
  section('4.1.4.7.1', 'Shared memory capability', [
    ['MUST', 'keep shared memory within its BAR', NO_SHARED_MEMORY],
    ['MUST', 'give each region an id of its own', NO_SHARED_MEMORY],
  ]),
  section('4.1.4.8.1', 'Vendor data capability', [
    ['MUST NOT', 'use the vendor id 0x1af4 for it', NO_VENDOR_DATA],
    ['MUST', 'make it a multiple of 4 bytes long', NO_VENDOR_DATA],
    ['MUST NOT', 'do anything when it is read', NO_VENDOR_DATA],
  ]),
  section('4.1.4.9.1', 'PCI configuration access capability', [
    ['MUST', 'have a capability for it'],
    ['MUST', 'write to the BAR what the driver writes to pci_cfg_data'],
    ['MUST', 'read from the BAR what the driver reads from pci_cfg_data'],
  ]),
  section('4.1.4.11.0.1', 'Non-transitional Device With Legacy Driver', [
    ['SHOULD', 'make a legacy driver fail gracefully', NO_LEGACY_DRIVER],
  ]),
  section('4.1.5.1.2.1', 'MSI-X Vector Configuration', [
    ['SHOULD', 'support 2 to 0x800 vectors'],
    ['MUST', 'report their number in Table Size'],
    ['SHOULD', 'report no more than are of use'],
    ['MUST', 'map any event to any vector'],
    ['MUST', 'unmap any event'],
    ['MUST', 'show the vector of an event, or NO_VECTOR'],
    ['MUST', 'have all events unmapped after a reset'],
    ['SHOULD NOT', 'refuse a mapping that is possible'],
    ['MUST', 'report a mapping that failed as NO_VECTOR'],
  ]),
  section('4.1.5.3.1', 'Used Buffer Notifications', [
    ['MUST NOT', 'interrupt for a queue whose vector is NO_VECTOR, with MSI-X'],
  ]),
  section('4.1.5.4.1', 'Notification of Device Configuration Changes', [
    ['MUST NOT', 'interrupt for changes while their vector is NO_VECTOR, with MSI-X'],
  ]),
];

const MMIO: readonly Section[] = [
  section('4.2.2.1', 'MMIO Device Register Layout', [
    ['MUST', 'show 0x74726976 in MagicValue'],
    ['MUST', 'show 2 in Version'],
    ['MUST', 'show each event in InterruptStatus from its start until InterruptACK names it'],
    ['MUST', 'show 0 in the other bits of InterruptStatus'],
    ['MUST', 'clear InterruptStatus, and QueueReady of every queue, on a reset'],
    ['MUST', 'change ConfigGeneration when a driver might see two states mixed'],
    ['MUST NOT', 'touch a virtqueue while QueueReady is 0'],
    ['MUST', 'show 0 in QueueReset after a reset'],
    ['MUST', 'show 0 in QueueReset after QueueReady was written'],
    ['MUST', 'reset the queue when 1 is written to QueueReset'],
    ['MUST', 'show 1 in QueueReset while that reset is under way', AT_ONCE],
    ['MUST', 'show 0 in QueueReset and QueueReady when that reset is done'],
  ]),
];

/** Chapters 4.1 and 4.2: PCI and MMIO. */
export const TRANSPORTS: readonly Section[] = [...PCI, ...MMIO];
