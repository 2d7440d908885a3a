// The wire of group administration commands (virtio 1.4, 2.12 and 2.13), compiled by tsc and by asc alike.

/** struct virtio_admin_cmd (2.12.1): the device-readable part, then the device-writable part. */
export const ADMIN_OPCODE = 0;
export const ADMIN_GROUP_TYPE = 2;
export const ADMIN_MEMBER = 16;
export const ADMIN_DATA = 24;
export const ADMIN_STATUS = 0;
export const ADMIN_QUALIFIER = 2;
export const ADMIN_RESULT = 8;
/** Both parts are a multiple of this many bytes (2.13.1). */
export const ADMIN_UNIT = 8;
/** The device reads and writes at most this many bytes of a part. No command of this device needs as many. */
export const ADMIN_PART_BYTES_MAX = 65536;

/** The device itself is the one member of the self group, with the identifier 0 (2.12). */
export const GROUP_SELF = 0;
export const GROUP_SR_IOV = 1;

/**
 * Opcodes (2.12.1). MODIFY and QUERY have the numbers of the table of opcodes. The text of the two commands has them the other way round:
 * docs/ipsec.md.
 */
export const ADMIN_LIST_QUERY = 0x0;
export const ADMIN_LIST_USE = 0x1;
export const ADMIN_CAP_ID_LIST_QUERY = 0x7;
export const ADMIN_DEVICE_CAP_GET = 0x8;
export const ADMIN_DRIVER_CAP_SET = 0x9;
export const ADMIN_OBJECT_CREATE = 0xa;
export const ADMIN_OBJECT_QUERY = 0xb;
export const ADMIN_OBJECT_MODIFY = 0xc;
export const ADMIN_OBJECT_DESTROY = 0xd;

/** Status (2.12.1): numbers of Linux's errors. EEXIST is demanded (2.12.1.3.5), and missing in the table. */
export const ADMIN_OK = 0;
export const ADMIN_ENXIO = 6;
export const ADMIN_EAGAIN = 11;
export const ADMIN_ENOMEM = 12;
export const ADMIN_EBUSY = 16;
export const ADMIN_EEXIST = 17;
export const ADMIN_EINVAL = 22;
export const ADMIN_ENOSPC = 28;

/** Status qualifier (2.12.1). */
export const ADMIN_Q_OK = 0;
export const ADMIN_Q_INVALID_COMMAND = 1;
export const ADMIN_Q_INVALID_OPCODE = 2;
export const ADMIN_Q_INVALID_FIELD = 3;
export const ADMIN_Q_INVALID_GROUP = 4;
export const ADMIN_Q_INVALID_MEMBER = 5;
export const ADMIN_Q_NORESOURCE = 6;
export const ADMIN_Q_TRYAGAIN = 7;

/** Lists of opcodes and of capabilities are words of 64 bits (2.12.1, 2.12.1.2.1). */
export const ADMIN_WORD_BITS = 64;
export const ADMIN_WORD_BYTES = 8;

/** command_specific_data of DEVICE_CAP_GET and DRIVER_CAP_SET (2.12.1.2): offsets from ADMIN_DATA on. */
export const ADMIN_CAP_ID = 0;
export const ADMIN_CAP_DATA = 8;

/** command_specific_data of the commands for resource objects (2.12.1.3): struct virtio_admin_cmd_resource_obj_cmd_hdr, flags, object. */
export const ADMIN_OBJECT_TYPE = 0;
export const ADMIN_OBJECT_ID = 4;
export const ADMIN_OBJECT_FLAGS = 8;
export const ADMIN_OBJECT_DATA = 16;
