// The statements of virtio 1.3, and of 1.4 where it has more, about a driver that the checker holds it to. The words are ours; the specification has the words that count.

/** How strongly the specification demands it. */
export type Level = 'must' | 'must not' | 'should' | 'should not';

/**
 * What it takes to see whether a driver follows a rule, beside its rings and requests. `registers`: its own accesses to status, features,
 * queues and configuration, which vhost-user has not. `features`: that it is known what the driver chose, which some clients of vhost-user
 * do not tell.
 */
export type Need = 'registers' | 'features';

/** A statement about the driver. */
export interface Rule {
  /** The section that contains it. */
  section: string;
  level: Level;
  /** What the driver must, must not, should or should not do: it completes the sentence "The driver ...". */
  driver: string;
  /** What it takes to see it. Left out: the driver's rings and requests, which every transport has. */
  needs?: Need;
}

/** The levels, as functions that make statements. */
function levels(needs?: Need) {
  const at = (level: Level) => {
    return (section: string, driver: string): Rule => ({ section, level, driver, ...(needs && { needs }) });
  };
  return { must: at('must'), mustNot: at('must not'), should: at('should'), shouldNot: at('should not') };
}

const { must, mustNot, should, shouldNot } = levels();
/** Seen in accesses to registers and to the configuration. */
const registers = levels('registers');
/** Seen only where it is known what was negotiated. */
const features = levels('features');

/** The statements that can be observed from outside a driver, by name. A name is a section and a number. */
export const RULES = {
  // Device status and initialisation.
  '2.1.1-1': registers.mustNot('2.1.1', 'clear a bit of the device status, except by a reset'),
  '2.1.1-2': registers.must('2.1.1', 'reset the device before it initialises it again after FAILED'),
  '2.1.1-3': registers.shouldNot('2.1.1', 'rely on a device that has set DEVICE_NEEDS_RESET'),
  '2.2.1-1': registers.mustNot('2.2.1', 'accept a feature that the device did not offer'),
  '2.2.1-2': features.mustNot('2.2.1', 'accept a feature without the features that it requires'),
  '2.4.2-1': registers.should(
    '2.4.2',
    'take a reset as complete only when the device status reads 0 (on PCI it must wait for that: 4.1.4.3.2)',
  ),
  '3.1.1-1': registers.must('3.1.1', 'reset the device as the first step'),
  '3.1.1-2': registers.must('3.1.1', 'set ACKNOWLEDGE before, or together with, DRIVER'),
  '3.1.1-3': registers.must('3.1.1', 'write its features after DRIVER and before FEATURES_OK'),
  '3.1.1-4': registers.must('3.1.1', 'read the device status again after it has set FEATURES_OK'),
  '3.1.1-5': registers.must('3.1.1', 'set up the virtqueues after FEATURES_OK'),
  '3.1.1-6': registers.mustNot(
    '3.1.1',
    'set DRIVER_OK if FEATURES_OK is not set, because the device then does not work with its features',
  ),
  '3.1.1-7': registers.mustNot('3.1.1', 'notify the device before DRIVER_OK'),
  // Suspension, of virtio 1.4.
  '3.4.1-1': registers.shouldNot('3.4.1', 'set SUSPEND if DRIVER_OK is not set or VIRTIO_F_SUSPEND was not negotiated'),
  '3.4.1-2': registers.must(
    '3.4.1',
    'read the device status after it has set SUSPEND, to see whether the device has suspended itself',
  ),
  '3.4.1-3': registers.mustNot('3.4.1', 'make buffers available while the device is suspended'),
  '3.4.1-4': registers.mustNot('3.4.1', 'notify a suspended device'),
  '3.4.1-5': registers.must(
    '3.4.1',
    'wait until SUSPEND is 0 and DRIVER_OK is 1, after it has set DRIVER_OK, before it goes on',
  ),
  // Administration commands, of virtio 1.4.
  '2.12.1.6-1': registers.must(
    '2.12.1.6',
    'complete LIST_USE before it sends a command other than LIST_QUERY and LIST_USE',
  ),
  '2.12.1.6-2': registers.mustNot('2.12.1.6', 'send LIST_USE while another command is under way'),
  '2.12.1.6-3': registers.mustNot('2.12.1.6', 'name a command in LIST_USE that LIST_QUERY has not reported'),
  '2.12.1.6-4': registers.mustNot('2.12.1.6', 'send a command that its last LIST_USE did not name'),
  '2.12.1.2.5-1': registers.must('2.12.1.2.5', 'set a capability before it uses resource objects'),
  '2.12.1.2.5-2': registers.mustNot(
    '2.12.1.2.5',
    'set a capability while there are resource objects that depend on it',
  ),
  '2.12.1.3.6-1': registers.mustNot(
    '2.12.1.3.6',
    'create an object with the type and id of one that it has not destroyed',
  ),
  '2.12.1.3.6-2': registers.shouldNot('2.12.1.3.6', 'modify, query or destroy an object that it has destroyed'),
  '6.1-1': registers.must('6.1', 'accept VIRTIO_F_VERSION_1 if it is offered'),
  '6.1-2': registers.should('6.1', 'accept VIRTIO_F_RING_PACKED if it is offered'),
  '6.1-3': registers.should('6.1', 'accept VIRTIO_F_ACCESS_PLATFORM if it is offered'),
  // The configuration space.
  '2.5.1-1': registers.should(
    '2.5.1',
    'compare the configuration generation before and after it reads max_size, which is no atomic field',
  ),
  '5.9.5.2-1': registers.must('5.9.5.2', 'read the status field of the configuration after a reset'),
  '5.9.5.2-2': registers.mustNot('5.9.5.2', 'send requests while HW_READY is not set'),
  '5.9.5.2-3': registers.must('5.9.5.2', 'read max_dataqueues'),
  '5.9.5.2-4': registers.must('5.9.5.2', 'read crypto_services'),
  '5.9.5.2-5': registers.must('5.9.5.2', 'read the algorithms of a service before it makes a session of that service'),
  '5.9.5.2-6': registers.should('5.9.5.2', 'read max_size'),
  '5.9.6.1-1': registers.must('5.9.6.1', 'set up all virtqueues'),
  // Setting up a queue.
  '2.7.1-1': must('2.7.1', 'align each part of a split ring: the descriptors to 16, avail to 2, used to 4'),
  '2.8.11-1': must(
    '2.8.11',
    'align each part of a packed ring: the descriptors to 16, both event suppression structures to 4',
  ),
  '4.1.4.3.2-1': mustNot('4.1.4.3.2', 'give a split ring a size that is not a power of two'),
  '4.1.4.3.2-2': mustNot('4.1.4.3.2', 'give a packed ring the size 0'),
  '4.1.4.3.2-3': must('4.1.4.3.2', "configure a queue's other fields before it enables the queue"),
  '4.2.2.2-1': registers.must('4.2.2.2', 'give a queue at most the size that the device presents'),
  '2.7.10.1-1': must('2.7.10.1', 'set the flags of the used ring to 0 when it allocates the ring'),
  // A split ring at work.
  '2.7.4.2-1': must('2.7.4.2', 'place device-writable descriptors after device-readable ones'),
  '2.7.5.2-1': mustNot('2.7.5.2', 'make a descriptor chain of more than 2^32 bytes'),
  '2.7.5.2-2': mustNot('2.7.5.2', 'make a loop of descriptors'),
  '2.7.5.2-3': features.must(
    '2.7.5.2',
    'chain each descriptor to the one behind it in the table, if VIRTIO_F_IN_ORDER was negotiated',
  ),
  '2.7.5.3.1-1': features.mustNot('2.7.5.3.1', 'set INDIRECT if VIRTIO_F_INDIRECT_DESC was not negotiated'),
  '2.7.5.3.1-2': mustNot('2.7.5.3.1', 'set INDIRECT within an indirect table'),
  '2.7.5.3.1-3': mustNot('2.7.5.3.1', 'make a chain of more descriptors than the queue size'),
  '2.7.5.3.1-4': mustNot('2.7.5.3.1', 'set both INDIRECT and NEXT'),
  '2.7.5.3.1-5': features.must(
    '2.7.5.3.1',
    'number the descriptors of an indirect table one after another, if VIRTIO_F_IN_ORDER was negotiated',
  ),
  '2.7.6-1': must('2.7.6', 'offer only heads that are indices of the descriptor table'),
  '2.7.6.1-1': mustNot('2.7.6.1', 'decrement the available index, or offer more chains than the queue has entries'),
  '2.7.7.1-1': must('2.7.7.1', 'set the flags of the available ring to 0 or 1, or with VIRTIO_F_EVENT_IDX to 0'),
  '2.7.8-1': mustNot('2.7.8', 'write to the used ring, which only the device writes'),
  '2.7.10.1-2': features.must(
    '2.7.10.1',
    'notify the device of an available chain, unless the device has suppressed that',
  ),
  // A packed ring at work.
  '2.8.14-1': must('2.8.14', 'write only the values 0 to 2 to the flags of its event suppression structure'),
  '2.8.17-1': mustNot('2.8.17', 'make a list of more descriptors than the queue size'),
  '2.8.17-2': must('2.8.17', 'place device-writable descriptors after device-readable ones'),
  '2.8.19-1': features.mustNot('2.8.19', 'set INDIRECT if VIRTIO_F_INDIRECT_DESC was not negotiated'),
  '2.8.19-2': mustNot('2.8.19', 'set other flags than WRITE within an indirect table'),
  '2.8.19-3': mustNot('2.8.19', 'set INDIRECT in a list of several descriptors'),
  '2.8.21.3-1': features.must(
    '2.8.21.3',
    'notify the device of an available list, unless the device has suppressed that',
  ),
  // Both rings.
  '3.3.1-1': mustNot('3.3.1', 'alter the descriptors of a chain that the device holds, or offer them again'),
  '4.1.5.2.1-1': registers.must('4.1.5.2.1', 'notify with the index of a virtqueue that it has enabled'),
} as const satisfies Record<string, Rule>;

/** The name of a rule in RULES. */
export type RuleName = keyof typeof RULES;

/** Statements about the driver that cannot be observed from outside it, and the reason. */
export const UNOBSERVED: readonly (Rule & { why: string })[] = [
  {
    ...must('2.2.1', 'validate the offered features, and ignore those that it does not know'),
    why: 'only the features that it accepts are seen',
  },
  {
    ...must('2.6.1.1.2', 'verify that a queue was reset'),
    why: 'the register reads 0 at once, and a read is not passed on to the device',
  },
  { ...must('2.7.7.1', 'handle spurious interrupts'), why: 'a driver that does shows nothing' },
  {
    ...mustNot('2.7.8.3', 'assume anything about bytes of its buffers beyond the used length'),
    why: 'the driver reads its own memory',
  },
  {
    ...must('2.7.13.3.1', 'use a memory barrier before it updates the available index'),
    why: 'an emulator runs guest and device in one order',
  },
  {
    ...must('2.7.13.4.1', 'use a memory barrier before it reads flags or avail_event'),
    why: 'an emulator runs guest and device in one order',
  },
  {
    ...must('2.8.21.1.1', 'use a memory barrier before it updates the flags of a descriptor'),
    why: 'an emulator runs guest and device in one order',
  },
  {
    ...must('4.1.2.2', 'match the vendor, the device and any revision'),
    why: 'the guest looks at the bus before it uses the device',
  },
  {
    ...must('4.1.3.1', 'use accesses as wide as the fields'),
    why: 'transports take accesses of every width, and pass on what they mean',
  },
  { ...mustNot('4.1.4.1', 'write into a capability'), why: 'the configuration space belongs to the machine' },
  { ...must('4.1.5.1.2.2', 'read back whether a vector was mapped'), why: 'vectors belong to the transport' },
  {
    ...must('4.2.2.2', 'use aligned accesses of 32 bits, and acknowledge the interrupts that it handled'),
    why: 'transports take accesses of every width, and pass on what they mean',
  },
  {
    ...must('2.12.1.6', 'take a reserved status as EINVAL, and a reserved qualifier as INVALID_COMMAND'),
    why: 'a driver that does shows nothing',
  },
  {
    ...mustNot('2.12.1.2.5', 'set limits, flags or entries of a capability that the device has not reported'),
    why: 'only the type of a device knows what its capabilities mean; the device refuses such a command',
  },
  {
    ...mustNot('2.12.1.3.6', 'create more objects than its capability says'),
    why: 'only the type of a device knows what its capabilities mean; the device refuses such a command',
  },
  {
    ...shouldNot('2.12.1.3.6', 'destroy an object on which others depend'),
    why: 'only the type of a device knows what its objects mean; the device refuses such a command',
  },
  {
    ...must('4.1.4.3.2', 'configure administration virtqueues within admin_queue_index and admin_queue_num'),
    why: 'a queue elsewhere has another kind, or does not exist',
  },
  {
    ...mustNot('3.4.1', 'change the configuration space while the device is suspended'),
    why: 'the configuration has no field that a driver can write',
  },
  { ...should('5.9.5.2', 'ignore algorithm bits that are not defined'), why: 'a driver that does shows nothing' },
];
