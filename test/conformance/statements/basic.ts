import { notApplicable, type Section, section } from './statement.ts';

const NO_SHARED_MEMORY = notApplicable('the device has no shared memory regions');
const NO_SR_IOV = notApplicable(
  'the commands are defined for the SR-IOV group alone, and the device has no such group',
);
const NO_LEGACY_REGISTERS = notApplicable('the commands are for the SR-IOV group, and the device has no such group');
const ONE_GROUP = notApplicable('the device has one group, itself');
const NOT_THESE = notApplicable('the device gives neither status');
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
    ['MUST', 'support the legacy register commands all together, as the section demands of each', NO_LEGACY_REGISTERS],
  ]),
  section('2.12.1.2.4', 'Device and driver capabilities (virtio 1.4)', [
    ['MUST', 'support CAP_ID_LIST_QUERY, DEVICE_CAP_GET and DRIVER_CAP_SET if it has capabilities'],
    ['MUST', 'let the driver set a limit up to the one that it reports'],
    ['MUST', 'let the driver set all or fewer of the flags that it reports'],
    ['MUST', 'answer EINVAL if the commands are for another group than the self group'],
    ['SHOULD', 'answer EBUSY if the driver disables a capability that objects depend on'],
    ['SHOULD', 'answer ENXIO for a capability that it does not list'],
    ['MUST', 'reset all driver capabilities when it is reset'],
    ['SHOULD', 'take a limit that the driver has not set as zero'],
  ]),
  section('2.12.1.3.5', 'Device resource objects (virtio 1.4)', [
    ['SHOULD', 'answer EEXIST for an id that is in use'],
    ['SHOULD', 'answer ENXIO for an object that does not exist'],
    ['SHOULD', 'answer ENOSPC if it fails to create an object'],
    ['SHOULD', 'answer EBUSY if other objects depend on one that is modified or destroyed'],
    ['MUST', 'allow an object to be created again after it was destroyed'],
    ['SHOULD', 'allow any id that is not in use'],
    ['SHOULD', 'allow as many objects as the driver capability says'],
    ['MUST NOT', 'change an object if MODIFY fails'],
    ['MUST', 'answer QUERY with the data of the last CREATE or MODIFY'],
    ['MUST', 'destroy all objects when it is reset'],
  ]),
  section('2.12.1.4.4.1', 'Device parts (virtio 1.4)', [
    ['MUST', 'support all commands for device parts, or none', NO_SR_IOV],
  ]),
  section('2.12.1.5', 'Group administration commands (virtio 1.4)', [
    ['MUST', 'answer EINVAL and INVALID_GROUP for a group that it does not have'],
    ['MUST', 'answer EINVAL and INVALID_OPCODE, otherwise, for an opcode that is not valid'],
    ['MUST', 'answer EINVAL and INVALID_MEMBER, otherwise, for a member that the command uses and the group lacks'],
    ['MUST', 'answer OK for a command that succeeded'],
    ['MUST', 'answer another status for a command that failed'],
    ['MUST NOT', 'change anything by a command that it answers with EINVAL'],
    ['MUST', 'take only LIST_QUERY and LIST_USE as legal after a reset'],
    ['MUST', 'take the list of LIST_USE as the legal commands from then on'],
    ['MUST', 'answer EINVAL and INVALID_OPCODE for commands that are not in the list'],
    ['MUST NOT', 'take a command back from the list of those that it supports'],
    ['MUST NOT', 'refuse after a reset a list of commands that was used before it'],
    ['MUST', 'run the commands of each group independently of other groups', ONE_GROUP],
    ['MUST', 'answer all commands of the SR-IOV group with INVALID_GROUP, without that PCI capability'],
  ]),
  section('2.13.1', 'Administration virtqueues (virtio 1.4)', [
    ['MUST', 'take what a device-readable part lacks as zeros'],
    ['MUST', 'discard what does not fit into a device-writable part'],
    ['MUST', 'ignore what a device-readable part has beyond its command'],
    ['MUST', 'write no more than the structure, and report that length in the used element'],
    ['SHOULD', 'write the structure up to its end, or that of the buffer'],
    ['MUST NOT', 'fail a command because of the lengths of its parts alone'],
    ['MUST', 'write a multiple of 64 bits'],
    ['MUST', 'write status and status_qualifier'],
    ['MUST', 'run the commands of a queue in order'],
    ['MUST NOT', 'change anything by a command that it answers with EAGAIN or ENOMEM', NOT_THESE],
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
