import * as spec from '../../spec/refusals.ts';
import { STATUS_FEATURES_OK } from '../../spec/virtio.ts';
import { type ErrorStatus, statusName } from './statistics.ts';

/** A check that refuses a request or features: its name, its section of virtio 1.3, and what it found. */
export interface Check {
  check: string;
  section: string;
  message: string;
}

/** The checks of requests, by number. No message contains bytes of keys or of data. */
const CHECKS: Record<number, Check> = {
  [spec.REFUSED_OPCODE]: {
    check: 'opcode',
    section: '5.9.7',
    message: 'the opcode names no operation of this queue',
  },
  [spec.REFUSED_SERVICE]: {
    check: 'service',
    section: '5.9.5',
    message: 'the opcode is of a service that crypto_services does not offer',
  },
  [spec.REFUSED_OP_TYPE]: {
    check: 'op_type',
    section: '5.9.7.2.1.3',
    message: 'op_type is neither that of a cipher nor that of algorithm chaining',
  },
  [spec.REFUSED_ALGORITHM]: {
    check: 'algorithm',
    section: '5.9.4',
    message: 'the algorithm is not offered in the masks of the configuration space',
  },
  [spec.REFUSED_DIRECTION]: {
    check: 'direction',
    section: '5.9.7.2.1',
    message: 'op is neither encryption nor decryption',
  },
  [spec.REFUSED_KEY_LIMIT]: {
    check: 'key-limit',
    section: '5.9.5',
    message: 'the key is longer than the device allows: max_cipher_key_len, max_auth_key_len',
  },
  [spec.REFUSED_KEY_LENGTH]: {
    check: 'key-length',
    section: '5.9.7.2.1',
    message: 'the algorithm has no key of that length',
  },
  [spec.REFUSED_KEY_MISSING]: {
    check: 'key-missing',
    section: '5.9.7.2.1',
    message: 'the readable part ends before the key does',
  },
  [spec.REFUSED_CHAIN_ORDER]: {
    check: 'chain-order',
    section: '5.9.7.2.1.3',
    message: 'alg_chain_order is neither hash-then-cipher nor cipher-then-hash',
  },
  [spec.REFUSED_HASH_MODE]: {
    check: 'hash-mode',
    section: '5.9.7.2.1.3',
    message: 'hash_mode is neither plain nor auth nor nested',
  },
  [spec.REFUSED_CHAIN_SERVICE]: {
    check: 'chain-service',
    section: '5.9.5',
    message: 'the chain needs the HASH or MAC service, which crypto_services does not offer',
  },
  [spec.REFUSED_SESSION_RESULT]: {
    check: 'session-result-length',
    section: '5.9.7.2.1',
    message: 'the algorithm has no result of the length in hash_result_len',
  },
  [spec.REFUSED_SESSION_TAG]: {
    check: 'session-tag-length',
    section: '5.9.7.2.1.4',
    message: 'the algorithm has no tag of the length in tag_len',
  },
  [spec.REFUSED_NO_SPACE]: {
    check: 'sessions',
    section: '5.9.7.1',
    message: 'as many sessions are open as the device can have: destroy one first',
  },
  [spec.REFUSED_DESTROY]: {
    check: 'destroy-session',
    section: '5.9.7.2.1',
    message: 'no session with this id is open',
  },
  [spec.REFUSED_NO_SESSION_MODE]: {
    check: 'session-mode',
    section: '5.9.7.3',
    message: 'the flag of session mode is not set, and the stateless mode of the service was not negotiated',
  },
  [spec.REFUSED_SESSION]: {
    check: 'session',
    section: '5.9.7.3',
    message: 'no session with this id is open',
  },
  [spec.REFUSED_SESSION_SERVICE]: {
    check: 'session-service',
    section: '5.9.7.3',
    message: 'the session is of another service than the opcode',
  },
  [spec.REFUSED_SESSION_OP_TYPE]: {
    check: 'session-op_type',
    section: '5.9.7.6',
    message: 'op_type is another one than that of the session',
  },
  [spec.REFUSED_SESSION_DIRECTION]: {
    check: 'session-direction',
    section: '5.9.7.3',
    message: 'the opcode encrypts and the session decrypts, or the other way round',
  },
  [spec.REFUSED_MAX_SIZE]: {
    check: 'max_size',
    section: '5.9.5.1',
    message: 'content and result together are longer than max_size',
  },
  [spec.REFUSED_SOURCE_MISSING]: {
    check: 'content-missing',
    section: '5.9.7.3',
    message: 'the readable part ends before the IV, the source and the additional data that the lengths announce',
  },
  [spec.REFUSED_NO_ROOM]: {
    check: 'room',
    section: '5.9.7.3',
    message: 'the writable part has no room for the result that the lengths announce, and the status',
  },
  [spec.REFUSED_IV_LENGTH]: {
    check: 'iv-length',
    section: '5.9.7.6',
    message: 'the algorithm has no IV or nonce of the length in iv_len',
  },
  [spec.REFUSED_DESTINATION_LENGTH]: {
    check: 'destination-length',
    section: '5.9.7.6',
    message: 'dst_data_len does not fit the source: as long, or with AEAD as long as text and tag',
  },
  [spec.REFUSED_SOURCE_LENGTH]: {
    check: 'source-length',
    section: '5.9.7.3',
    message: 'the algorithm takes no source of that length: whole blocks, or the parameters or the tag that it holds',
  },
  [spec.REFUSED_RESULT_LENGTH]: {
    check: 'result-length',
    section: '5.9.7.3',
    message: 'hash_result_len is 0, or more than the algorithm or the session has',
  },
  [spec.REFUSED_WINDOW]: {
    check: 'window',
    section: '5.9.7.6',
    message: 'the window of the cipher or of the hash ends behind the source',
  },
  [spec.REFUSED_TAG_LENGTH]: {
    check: 'tag-length',
    section: '5.9.7.7',
    message: 'tag_len is another one than that of the session',
  },
  [spec.REFUSED_NONCE_FIELD]: {
    check: 'nonce-field',
    section: '5.9.7.7',
    message: 'the readable part ends inside the content: the nonce of CCM stands in a field of 16 bytes',
  },
  [spec.REFUSED_KEY_TYPE]: {
    check: 'key_type',
    section: '5.9.7.2.1',
    message: 'key_type is neither that of a public nor that of a private key',
  },
  [spec.REFUSED_KEY]: {
    check: 'key',
    section: '5.9.7.2.1',
    message: 'the bytes are no key of that type, or its padding, hash, curve or encoding is unknown',
  },
  [spec.REFUSED_PIECES]: {
    check: 'pieces',
    section: '5.9.7.8',
    message: 'source and destination are in more buffers than the device can keep',
  },
  [spec.REFUSED_AKCIPHER]: {
    check: 'akcipher',
    section: '5.9.7.8',
    message: 'key, padding, hash, curve, data and destination do not go together',
  },
  [spec.REFUSED_SIGNATURE]: {
    check: 'signature',
    section: '5.9.7.8',
    message: 'the signature is not that of the data',
  },
  [spec.REFUSED_TAG]: { check: 'tag', section: '5.9.7.7', message: 'the tag is not that of the text' },
  [spec.REFUSED_SA]: {
    check: 'sa',
    section: '5.9.7.9',
    message: 'no security association of this direction has this id',
  },
  [spec.REFUSED_PACKET]: {
    check: 'packet',
    section: '5.9.7.9',
    message: 'the source is no whole IP packet that the mode can take: version, lengths, fragment, extension headers',
  },
  [spec.REFUSED_PACKET_LONG]: {
    check: 'packet-length',
    section: '5.9.7.9',
    message: 'dst_data_len has no room for the result, or an IP packet cannot be that long',
  },
  [spec.REFUSED_SPI]: { check: 'spi', section: '5.9.7.9', message: 'the packet has the SPI of another association' },
  [spec.REFUSED_LIFETIME]: {
    check: 'lifetime',
    section: '5.9.7.9',
    message: 'a hard limit of the lifetime is reached',
  },
  [spec.REFUSED_SEQUENCE]: {
    check: 'sequence',
    section: '5.9.7.9',
    message: 'the association has no sequence number left',
  },
  [spec.REFUSED_REPLAY]: {
    check: 'replay',
    section: '5.9.7.9',
    message: 'the sequence number was accepted before, or is too old for the window',
  },
  [spec.REFUSED_ICV]: { check: 'icv', section: '5.9.7.9', message: 'the integrity check value is wrong' },
  [spec.REFUSED_TRAILER]: {
    check: 'trailer',
    section: '5.9.7.9',
    message: 'the padding does not count up from 1, or is longer than the payload',
  },
  [spec.REFUSED_INNER]: {
    check: 'inner',
    section: '5.9.7.9',
    message: 'the payload is no IP packet, or its congestion mark cannot be (RFC 6040)',
  },
  [spec.REFUSED_HOPS]: { check: 'hops', section: '5.9.7.9', message: 'the packet may make no further hop' },
};

/** A request that the device completed with another status than OK. */
export interface RequestRefusal {
  kind: 'request';
  /** Number of the virtqueue that it came from. */
  queue: number;
  /** The status that the driver gets (5.9.7.1). */
  status: ErrorStatus;
  /** The opcode in the request's header, as the driver wrote it. */
  opcode: number;
  /** Name of the check that the request failed. */
  check: string;
  /** The section of virtio 1.3 that the check enforces. */
  section: string;
  /** What the check found, in words: `message (section)`. */
  message: string;
}

/** Features that the device did not accept: FEATURES_OK reads as 0 (3.1.1, step 6). */
export interface FeaturesRefusal {
  kind: 'features';
  /** The status bit that was refused: FEATURES_OK. */
  status: number;
  /** The feature bits that the driver chose. */
  driverFeatures: bigint;
  /** Name of the check that the features failed. */
  check: string;
  /** The section of virtio 1.4 that the check enforces. */
  section: string;
  /** What the check found, in words: `message (section)`. */
  message: string;
}

/** A refused request, or refused features. */
export type Refusal = RequestRefusal | FeaturesRefusal;

/** @param check one of the REFUSED_* of spec/refusals.ts */
export function requestRefusal(queue: number, check: number, status: number, opcode: number): RequestRefusal {
  const known = CHECKS[check];
  if (!known) throw new TypeError(`The engine refuses with check ${check}, which this library does not know.`);
  return { kind: 'request', queue, status: statusName(status), opcode: opcode >>> 0, ...sentence(known) };
}

export function featuresRefusal(driverFeatures: bigint, check: Check): FeaturesRefusal {
  return { kind: 'features', status: STATUS_FEATURES_OK, driverFeatures, ...sentence(check) };
}

function sentence({ check, section, message }: Check): Check {
  return { check, section, message: `${message} (${section})` };
}

/** All checks of requests, for documentation. */
export const REQUEST_CHECKS: readonly Check[] = Object.values(CHECKS);
