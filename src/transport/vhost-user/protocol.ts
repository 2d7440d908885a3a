// The numbers of the vhost-user protocol, as far as this device uses it.

/** Numbers of messages from the client. */
export const GET_FEATURES = 1;
export const SET_FEATURES = 2;
export const SET_OWNER = 3;
export const RESET_OWNER = 4;
export const SET_MEM_TABLE = 5;
export const SET_VRING_NUM = 8;
export const SET_VRING_ADDR = 9;
export const SET_VRING_BASE = 10;
export const GET_VRING_BASE = 11;
export const SET_VRING_KICK = 12;
export const SET_VRING_CALL = 13;
export const SET_VRING_ERR = 14;
export const GET_PROTOCOL_FEATURES = 15;
export const SET_PROTOCOL_FEATURES = 16;
export const GET_QUEUE_NUM = 17;
export const SET_VRING_ENABLE = 18;
export const GET_CONFIG = 24;
export const SET_CONFIG = 25;
export const CREATE_CRYPTO_SESSION = 26;
export const CLOSE_CRYPTO_SESSION = 27;

/** struct vhost_user_header: three 32-bit numbers. */
export const HEADER_BYTES = 12;
/** Flags of the header. The low two bits are the version. */
export const VERSION_MASK = 3;
export const VERSION = 1;
export const FLAG_REPLY = 4;
export const FLAG_NEED_REPLY = 8;

/** VHOST_USER_F_PROTOCOL_FEATURES, a bit number of the features. No driver sees it. */
export const F_PROTOCOL_FEATURES = 30;

/** Bit numbers of the protocol features. */
export const PROTOCOL_F_MQ = 0;
export const PROTOCOL_F_REPLY_ACK = 3;
export const PROTOCOL_F_CRYPTO_SESSION = 7;
export const PROTOCOL_F_CONFIG = 9;

/** Regions in one memory table. More need a protocol feature that is not offered. */
export const REGIONS_MAX = 8;
export const REGION_BYTES = 32;
export const MEM_TABLE_HEAD_BYTES = 8;
/** The configuration space in one message: its head, and the most bytes that may follow. */
export const CONFIG_HEAD_BYTES = 12;
export const CONFIG_BYTES_MAX = 256;
/** CREATE_CRYPTO_SESSION in QEMU up to 8, and from then on. */
export const SYM_SESSION_BYTES = 632;
export const ANY_SESSION_BYTES = 1072;

/** The number of SET_VRING_KICK, CALL and ERR: the ring in the low bits, and whether no descriptor comes with it. */
export const VRING_INDEX_MASK = 0xffn;
export const VRING_NO_DESCRIPTOR = 0x100n;

/** What a message looks like. */
export interface MessageShape {
  readonly name: string;
  /** Least and largest number of bytes after the header, in steps of `step`; or the only numbers that there are. */
  readonly size: { readonly from: number; readonly to: number; readonly step: number } | readonly number[];
  /** The largest number of file descriptors that come with it. */
  readonly descriptors: number;
}

const plain = (name: string, ...size: number[]): MessageShape => ({ name, size, descriptors: 0 });
const withDescriptor = (name: string): MessageShape => ({ name, size: [8], descriptors: 1 });
const configShape = (name: string): MessageShape => ({
  name,
  size: { from: CONFIG_HEAD_BYTES, to: CONFIG_HEAD_BYTES + CONFIG_BYTES_MAX, step: 1 },
  descriptors: 0,
});

/** The messages that this device knows, by number. */
export const MESSAGES: ReadonlyMap<number, MessageShape> = new Map([
  [GET_FEATURES, plain('GET_FEATURES', 0)],
  [SET_FEATURES, plain('SET_FEATURES', 8)],
  [SET_OWNER, plain('SET_OWNER', 0)],
  [RESET_OWNER, plain('RESET_OWNER', 0)],
  [
    SET_MEM_TABLE,
    {
      name: 'SET_MEM_TABLE',
      size: { from: MEM_TABLE_HEAD_BYTES, to: MEM_TABLE_HEAD_BYTES + REGIONS_MAX * REGION_BYTES, step: REGION_BYTES },
      descriptors: REGIONS_MAX,
    },
  ],
  [SET_VRING_NUM, plain('SET_VRING_NUM', 8)],
  [SET_VRING_ADDR, plain('SET_VRING_ADDR', 40)],
  [SET_VRING_BASE, plain('SET_VRING_BASE', 8)],
  [GET_VRING_BASE, plain('GET_VRING_BASE', 8)],
  [SET_VRING_KICK, withDescriptor('SET_VRING_KICK')],
  [SET_VRING_CALL, withDescriptor('SET_VRING_CALL')],
  [SET_VRING_ERR, withDescriptor('SET_VRING_ERR')],
  [GET_PROTOCOL_FEATURES, plain('GET_PROTOCOL_FEATURES', 0)],
  [SET_PROTOCOL_FEATURES, plain('SET_PROTOCOL_FEATURES', 8)],
  [GET_QUEUE_NUM, plain('GET_QUEUE_NUM', 0)],
  [SET_VRING_ENABLE, plain('SET_VRING_ENABLE', 8)],
  [GET_CONFIG, configShape('GET_CONFIG')],
  [SET_CONFIG, configShape('SET_CONFIG')],
  [CREATE_CRYPTO_SESSION, plain('CREATE_CRYPTO_SESSION', SYM_SESSION_BYTES, ANY_SESSION_BYTES)],
  [CLOSE_CRYPTO_SESSION, plain('CLOSE_CRYPTO_SESSION', 8)],
]);

/** The largest payload of a message that this device knows. */
export const PAYLOAD_BYTES_MAX = ANY_SESSION_BYTES;
/** The largest number of descriptors that come with a message that this device knows. */
export const DESCRIPTORS_MAX = REGIONS_MAX;

/** A message that is wrong. It names the message and its field; the connection ends with it. */
export class VhostUserError extends Error {
  override name = 'VhostUserError';
}
