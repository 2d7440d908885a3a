// Administration commands (virtio 1.4, 2.12) and the resource objects of the IPSEC service (5.9.7.9), as data. For TypeScript only.
import * as admin from '../admin.ts';
import * as ipsec from '../ipsec.ts';
import type { Meaning } from '../layout.ts';

/** A number of a command, little-endian. */
export interface AdminField {
  readonly name: string;
  /** In bytes, from the start of the structure. */
  readonly offset: number;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly meaning: Meaning;
}

/** Bytes of a structure that are no number. */
export interface AdminBytes {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly secret?: true;
}

/** A structure: its numbers and its bytes. */
export interface AdminStructure {
  readonly section: string;
  readonly fields: readonly AdminField[];
  readonly parts: readonly AdminBytes[];
}

/** A command: what follows the header, and what is behind that in the readable part and in the writable part. */
export interface AdminCommandLayout {
  /** Its name without VIRTIO_ADMIN_CMD_. */
  readonly name: string;
  readonly section: string;
  /** Of command_specific_data, from its start. */
  readonly fields: readonly AdminField[];
  /** Length of these fields. */
  readonly bytes: number;
  /** What the rest of the data, and the result, are: a name for their bytes, or the object of the type that the fields name. */
  readonly rest?: string | 'object';
  readonly result?: string | 'object';
}

const number = (name: string, offset: number, bytes: AdminField['bytes'], meaning: Meaning = 'number'): AdminField => ({
  name,
  offset,
  bytes,
  meaning,
});

const STATUSES = {
  names: {
    [admin.ADMIN_OK]: 'OK',
    [admin.ADMIN_ENXIO]: 'ENXIO',
    [admin.ADMIN_EAGAIN]: 'EAGAIN',
    [admin.ADMIN_ENOMEM]: 'ENOMEM',
    [admin.ADMIN_EBUSY]: 'EBUSY',
    [admin.ADMIN_EEXIST]: 'EEXIST',
    [admin.ADMIN_EINVAL]: 'EINVAL',
    [admin.ADMIN_ENOSPC]: 'ENOSPC',
  },
} as const;

const QUALIFIERS = {
  names: {
    [admin.ADMIN_Q_OK]: 'OK',
    [admin.ADMIN_Q_INVALID_COMMAND]: 'INVALID_COMMAND',
    [admin.ADMIN_Q_INVALID_OPCODE]: 'INVALID_OPCODE',
    [admin.ADMIN_Q_INVALID_FIELD]: 'INVALID_FIELD',
    [admin.ADMIN_Q_INVALID_GROUP]: 'INVALID_GROUP',
    [admin.ADMIN_Q_INVALID_MEMBER]: 'INVALID_MEMBER',
    [admin.ADMIN_Q_NORESOURCE]: 'NORESOURCE',
    [admin.ADMIN_Q_TRYAGAIN]: 'TRYAGAIN',
  },
} as const;

const CAPABILITY = [number('id', admin.ADMIN_CAP_ID, 2, 'bits')];
const OBJECT_HEADER = [
  number('type', admin.ADMIN_OBJECT_TYPE, 2, 'bits'),
  number('id', admin.ADMIN_OBJECT_ID, 4),
  number('flags', admin.ADMIN_OBJECT_FLAGS, 8, 'bits'),
];

/** The commands of the self group, by opcode. */
export const ADMIN_COMMANDS: Readonly<Record<number, AdminCommandLayout>> = {
  [admin.ADMIN_LIST_QUERY]: {
    name: 'LIST_QUERY',
    section: '2.12.1',
    fields: [],
    bytes: 0,
    result: 'device_admin_cmd_opcodes',
  },
  [admin.ADMIN_LIST_USE]: {
    name: 'LIST_USE',
    section: '2.12.1',
    fields: [],
    bytes: 0,
    rest: 'device_admin_cmd_opcodes',
  },
  [admin.ADMIN_CAP_ID_LIST_QUERY]: {
    name: 'CAP_ID_LIST_QUERY',
    section: '2.12.1.2.1',
    fields: [],
    bytes: 0,
    result: 'supported_caps',
  },
  [admin.ADMIN_DEVICE_CAP_GET]: {
    name: 'DEVICE_CAP_GET',
    section: '2.12.1.2.2',
    fields: CAPABILITY,
    bytes: admin.ADMIN_CAP_DATA,
    result: 'cap_specific_data',
  },
  [admin.ADMIN_DRIVER_CAP_SET]: {
    name: 'DRIVER_CAP_SET',
    section: '2.12.1.2.3',
    fields: CAPABILITY,
    bytes: admin.ADMIN_CAP_DATA,
    rest: 'cap_specific_data',
  },
  [admin.ADMIN_OBJECT_CREATE]: {
    name: 'RESOURCE_OBJ_CREATE',
    section: '2.12.1.3.1',
    fields: OBJECT_HEADER,
    bytes: admin.ADMIN_OBJECT_DATA,
    rest: 'object',
  },
  [admin.ADMIN_OBJECT_MODIFY]: {
    name: 'RESOURCE_OBJ_MODIFY',
    section: '2.12.1.3.2',
    fields: OBJECT_HEADER,
    bytes: admin.ADMIN_OBJECT_DATA,
    rest: 'object',
  },
  [admin.ADMIN_OBJECT_QUERY]: {
    name: 'RESOURCE_OBJ_QUERY',
    section: '2.12.1.3.3',
    fields: OBJECT_HEADER,
    bytes: admin.ADMIN_OBJECT_DATA,
    result: 'object',
  },
  [admin.ADMIN_OBJECT_DESTROY]: {
    name: 'RESOURCE_OBJ_DESTROY',
    section: '2.12.1.3.4',
    fields: OBJECT_HEADER.slice(0, 2),
    bytes: admin.ADMIN_OBJECT_FLAGS,
  },
};

/** The header of every command, and of every answer. */
export const ADMIN_HEADER: readonly AdminField[] = [
  number('opcode', admin.ADMIN_OPCODE, 2, {
    names: Object.fromEntries(Object.entries(ADMIN_COMMANDS).map(([opcode, { name }]) => [opcode, name])),
  }),
  number('group_type', admin.ADMIN_GROUP_TYPE, 2, {
    names: { [admin.GROUP_SELF]: 'self', [admin.GROUP_SR_IOV]: 'SR-IOV' },
  }),
  number('group_member_id', admin.ADMIN_MEMBER, 8, 'bits'),
];
export const ADMIN_ANSWER: readonly AdminField[] = [
  number('status', admin.ADMIN_STATUS, 2, STATUSES),
  number('status_qualifier', admin.ADMIN_QUALIFIER, 2, QUALIFIERS),
];

const key = (name: string, offset: number): AdminBytes => ({
  name,
  offset,
  bytes: ipsec.SA_KEY_BYTES_MAX,
  secret: true,
});

/** struct virtio_crypto_resource_obj_ipsec_sa_256b_key. */
const SA: AdminStructure = {
  section: '5.9.7.9',
  fields: [
    number('mode', ipsec.SA_OBJECT_MODE, 1, {
      names: {
        [ipsec.SA_ESP_TUNNEL]: 'ESP_TUNNEL',
        [ipsec.SA_ESP_TRANSPORT]: 'ESP_TRANSPORT',
        [ipsec.SA_AH_TUNNEL]: 'AH_TUNNEL',
        [ipsec.SA_AH_TRANSPORT]: 'AH_TRANSPORT',
      },
    }),
    number('direction', ipsec.SA_OBJECT_DIRECTION, 1, {
      names: { [ipsec.SA_OUTBOUND]: 'OUTBOUND', [ipsec.SA_INBOUND]: 'INBOUND' },
    }),
    number('obj_id', ipsec.SA_OBJECT_ID, 4, 'bits'),
    number('spi', ipsec.SA_OBJECT_SPI, 4, 'bits'),
    number('options', ipsec.SA_OBJECT_OPTIONS, 8, 'bits'),
    number('param.type', ipsec.SA_OBJECT_TUNNEL_TYPE, 1),
    number('udp_sport', ipsec.SA_OBJECT_UDP_SOURCE, 2),
    number('udp_dport', ipsec.SA_OBJECT_UDP_DESTINATION, 2),
    number('replay_win_sz', ipsec.SA_OBJECT_WINDOW, 4),
    number('cipher_algo', ipsec.SA_OBJECT_CIPHER, 8, 'bits'),
    number('cipher_key.length', ipsec.SA_OBJECT_CIPHER_KEY_LEN, 2, 'length'),
    number('auth_algo', ipsec.SA_OBJECT_AUTH, 8, 'bits'),
    number('auth_key.length', ipsec.SA_OBJECT_AUTH_KEY_LEN, 2, 'length'),
    number('life.packets_soft_limit', ipsec.SA_OBJECT_PACKETS_SOFT, 8, 'bits'),
    number('life.bytes_soft_limit', ipsec.SA_OBJECT_BYTES_SOFT, 8, 'bits'),
    number('life.packets_hard_limit', ipsec.SA_OBJECT_PACKETS_HARD, 8, 'bits'),
    number('life.bytes_hard_limit', ipsec.SA_OBJECT_BYTES_HARD, 8, 'bits'),
  ],
  parts: [
    // The salt is a part of the key (RFC 4106 section 8.1).
    { name: 'salt', offset: ipsec.SA_OBJECT_SALT, bytes: 4, secret: true },
    { name: 'param', offset: ipsec.SA_OBJECT_IPV4_ADDRESSES, bytes: 40 },
    key('cipher_key.data', ipsec.SA_OBJECT_CIPHER_KEY),
    key('auth_key.data', ipsec.SA_OBJECT_AUTH_KEY),
  ],
};

/** The structures of resource objects, by type. */
export const RESOURCE_OBJECTS: Readonly<Record<number, AdminStructure>> = {
  [ipsec.OUTBOUND_SA_TYPE]: SA,
  [ipsec.INBOUND_SA_TYPE]: SA,
};
