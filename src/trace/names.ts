import * as crypto from '../../spec/crypto.ts';
import { AEAD_ALGORITHMS, CIPHER_ALGORITHMS, HASH_ALGORITHMS, MAC_ALGORITHMS } from '../../spec/names.ts';

/** Status codes of 5.9.7.1 by their names, without the prefix VIRTIO_CRYPTO_. */
const STATUS_NAMES: Record<number, string> = {
  [crypto.CRYPTO_OK]: 'OK',
  [crypto.CRYPTO_ERR]: 'ERR',
  [crypto.CRYPTO_BADMSG]: 'BADMSG',
  [crypto.CRYPTO_NOTSUPP]: 'NOTSUPP',
  [crypto.CRYPTO_INVSESS]: 'INVSESS',
  [crypto.CRYPTO_NOSPC]: 'NOSPC',
  [crypto.CRYPTO_KEY_REJECTED]: 'KEY_REJECTED',
};

export const statusName = (status: number): string => STATUS_NAMES[status] ?? `unknown (${status})`;

const ALGORITHMS: Record<number, Readonly<Record<string, number>>> = {
  [crypto.SERVICE_CIPHER]: CIPHER_ALGORITHMS,
  [crypto.SERVICE_HASH]: HASH_ALGORITHMS,
  [crypto.SERVICE_MAC]: MAC_ALGORITHMS,
  [crypto.SERVICE_AEAD]: AEAD_ALGORITHMS,
  [crypto.SERVICE_AKCIPHER]: { rsa: crypto.AKCIPHER_RSA, ecdsa: crypto.AKCIPHER_ECDSA },
};

/** An algorithm of a service as users of this library name it: `aes-cbc`, `hmac-sha-256`. */
export function algorithmName(service: number, algorithm: number): string {
  const found = Object.entries(ALGORITHMS[service] ?? {}).find(([, number]) => number === algorithm);
  return found?.[0] ?? `algorithm ${algorithm}`;
}

const DIRECTIONS: Record<number, string> = {
  [crypto.DIRECTION_ENCRYPT]: 'encrypt',
  [crypto.DIRECTION_DECRYPT]: 'decrypt',
};

export const directionName = (direction: number): string => DIRECTIONS[direction] ?? '';

/** Services by number (5.9.3.3), with what their data requests can do, by the low byte of the opcode (5.9.7.3). */
const SERVICES: readonly { name: string; operations: readonly string[] }[] = [
  { name: 'CIPHER', operations: ['ENCRYPT', 'DECRYPT'] },
  { name: 'HASH', operations: [''] },
  { name: 'MAC', operations: [''] },
  { name: 'AEAD', operations: ['ENCRYPT', 'DECRYPT'] },
  { name: 'AKCIPHER', operations: ['ENCRYPT', 'DECRYPT', 'SIGN', 'VERIFY'] },
];

/** What control requests do, by the low byte of the opcode (5.9.7.2). AKCIPHER has numbers of its own for the same. */
const CONTROL_OPERATIONS: Record<number, string> = {
  [crypto.OP_CREATE_SESSION]: 'CREATE_SESSION',
  [crypto.OP_DESTROY_SESSION]: 'DESTROY_SESSION',
  4: 'CREATE_SESSION',
  [crypto.OP_AKCIPHER_DESTROY_SESSION]: 'DESTROY_SESSION',
};

/** An opcode by its name without VIRTIO_CRYPTO_ (5.9.7.2, 5.9.7.3): service << 8 | operation. */
export function opcodeName(opcode: number, control: boolean): string {
  const service = SERVICES[opcode >>> 8];
  const operation = opcode & 0xff;
  const name = control ? CONTROL_OPERATIONS[operation] : service?.operations[operation];
  if (!service || name === undefined) return `unknown opcode 0x${opcode.toString(16)}`;
  return name === '' ? service.name : `${service.name}_${name}`;
}
