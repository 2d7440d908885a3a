import { notApplicable, type Section, section } from './statement.ts';

const NO_SHARED_MEMORY = notApplicable('the device has no shared memory regions');
const NO_ADMINISTRATION = notApplicable('the device is in no group: VIRTIO_F_ADMIN_VQ is not offered');
const NOTHING_TO_WRITE = notApplicable('a driver can write no field of its configuration space');
const NOT_BEHIND_AN_IOMMU = notApplicable('the device reaches guest memory by the addresses that the driver uses');

/** Chapters 2.1 to 2.6, 2.10 to 2.13 and 6: what every virtio device has. */
export const BASIC: readonly Section[] = [
  section('2.1.2', 'Device Status Field', [
    ['MUST NOT', 'take buffers or notify the driver of used ones before DRIVER_OK'],
    ['SHOULD', 'set DEVICE_NEEDS_RESET once it cannot go on without a reset'],
    ['MUST', 'then send a configuration change notification, if DRIVER_OK is set'],
  ]),
  section('2.2.2', 'Feature Bits', [
    ['MUST NOT', 'offer a feature without those that it requires'],
    ['SHOULD', 'accept every valid subset of what it offers'],
    ['MUST', 'leave FEATURES_OK clear for any choice that it does not accept'],
    ['MUST NOT', 'offer a bit that it would not support'],
    ['SHOULD NOT', 'refuse after a reset the features that it once accepted'],
  ]),
  section('2.4.1', 'Device Reset', [
    ['MUST', 'set the device status to 0 when it is reset'],
    ['MUST NOT', 'notify, or touch the queues, between the end of a reset and the next initialisation'],
  ]),
  section('2.5.2', 'Device Configuration Space', [
    ['MUST', 'let every field of the configuration space be read before FEATURES_OK'],
  ]),
  section('2.6.1.1.1', 'Virtqueue Reset', [
    ['MUST NOT', 'run requests of a queue that was reset, or notify for it'],
    ['MUST', 'put all state of that queue back to what it was at first'],
  ]),
  section('2.6.1.2.1', 'Virtqueue Re-enable', [
    ['MUST', 'take the configuration that the driver gave the queue before it enabled it again'],
  ]),
  section('2.10.2', 'Shared Memory Regions', [
    ['MUST NOT', 'control the device or stream data through shared memory regions', NO_SHARED_MEMORY],
  ]),
  section('2.12.1.1.6', 'Group administration: legacy interface', [
    ['MUST', 'support the legacy register commands all together, as the section demands of each', NO_ADMINISTRATION],
  ]),
  section('2.12.1.2', 'Group administration commands', [
    ['MUST', 'check, run and answer administration commands as the section demands', NO_ADMINISTRATION],
  ]),
  section('2.13.1', 'Administration virtqueues', [
    ['MUST', 'take administration commands from its administration virtqueues in order', NO_ADMINISTRATION],
  ]),
  section('3.4.2', 'Device Suspend (virtio 1.4)', [
    ['MUST', 'ignore SUSPEND until it is initialised'],
    ['SHOULD', 'ignore writes to its configuration space while suspended', NOTHING_TO_WRITE],
    ['MUST NOT', 'notify for queues, touch them, or change its configuration while suspended'],
    ['MUST', 'tell of a changed configuration when it resumes, and not before'],
    ['MUST', 'suspend itself when the driver sets SUSPEND, or set DEVICE_NEEDS_RESET'],
    ['MUST', 'go on when the driver sets DRIVER_OK, or set DEVICE_NEEDS_RESET'],
    ['SHOULD', 'use the buffers that it has begun, and notify for them, before it shows SUSPEND'],
  ]),
  section('6.2', 'Reserved Feature Bits', [
    ['MUST', 'offer VIRTIO_F_VERSION_1'],
    ['SHOULD', 'offer VIRTIO_F_ACCESS_PLATFORM where its addresses are translated', NOT_BEHIND_AN_IOMMU],
    ['MUST', 'use buffers in the order in which they became available, with VIRTIO_F_IN_ORDER'],
    ['MUST NOT', 'offer VIRTIO_F_SR_IOV without the PCI capability'],
  ]),
];
