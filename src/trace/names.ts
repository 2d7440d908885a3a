// Names for the numbers in a request: the specification's names, and this library's names of algorithms.
import * as crypto from '../../spec/crypto.ts';
import type { Meaning, ReadField } from '../../spec/layout.ts';
import { SERVED, SERVICES, SPECIFIED, serviceNumbered } from '../../spec/services.ts';

/** Status codes of 5.9.7.1 by their names, without the prefix VIRTIO_CRYPTO_. */
const STATUS_NAMES: Record<number, string> = {
  [crypto.CRYPTO_OK]: 'OK',
  [crypto.CRYPTO_ERR]: 'ERR',
  [crypto.CRYPTO_BADMSG]: 'BADMSG',
  [crypto.CRYPTO_NOTSUPP]: 'NOTSUPP',
  [crypto.CRYPTO_INVSESS]: 'INVSESS',
  [crypto.CRYPTO_NOSPC]: 'NOSPC',
  [crypto.CRYPTO_KEY_REJECTED]: 'KEY_REJECTED',
  [crypto.CRYPTO_SOFT_EXPIRY]: 'IPSEC_SA_SOFT_EXPIRY',
};

export const statusName = (status: number): string => STATUS_NAMES[status] ?? `unknown (${status})`;

/** An algorithm of a service as users of this library name it: `aes-cbc`, `hmac-sha-256`. */
export function algorithmName(service: number, algorithm: number): string {
  const algorithms = Object.entries(serviceNumbered(service)?.algorithms ?? {});
  return algorithms.find(([, number]) => number === algorithm)?.[0] ?? `algorithm ${algorithm}`;
}

/** A chain's second algorithm: of MAC, or of HASH, as hash_mode says (5.9.7.2.1). */
export function chainedAlgorithmName(hashMode: number, algorithm: number): string {
  return algorithmName(hashMode === crypto.HASH_MODE_AUTH ? crypto.SERVICE_MAC : crypto.SERVICE_HASH, algorithm);
}

const DIRECTIONS: Record<number, string> = {
  [crypto.DIRECTION_ENCRYPT]: 'encrypt',
  [crypto.DIRECTION_DECRYPT]: 'decrypt',
};

export const directionName = (direction: number): string => DIRECTIONS[direction] ?? '';

/** Opcodes by their names without VIRTIO_CRYPTO_: of the control queue (5.9.7.2), and of the data queues (5.9.7.3). */
const CONTROL_OPCODES = new Map<number, string>();
const DATA_OPCODES = new Map<number, string>();
for (const service of SERVED) {
  const { create, destroy } = SERVICES[service];
  CONTROL_OPCODES.set(create, `${service.toUpperCase()}_CREATE_SESSION`);
  CONTROL_OPCODES.set(destroy, `${service.toUpperCase()}_DESTROY_SESSION`);
}
for (const service of SPECIFIED) {
  for (const [name, opcode] of Object.entries(SERVICES[service].operations)) DATA_OPCODES.set(opcode, name);
}

/** An opcode by its name without VIRTIO_CRYPTO_. */
export function opcodeName(opcode: number, control: boolean): string {
  return (control ? CONTROL_OPCODES : DATA_OPCODES).get(opcode) ?? `unknown opcode 0x${opcode.toString(16)}`;
}

/** What a field of at most 32 bits says, in words. */
export function valueName(meaning: Meaning, value: number, at: ReadField): string {
  switch (meaning) {
    case 'number':
      return String(value);
    case 'bits':
      return `0x${value.toString(16)}`;
    case 'length':
      return `${value} bytes`;
    case 'direction':
      return directionName(value);
    case 'control opcode':
      return opcodeName(value, true);
    case 'data opcode':
      return opcodeName(value, false);
    case 'status':
      return statusName(value);
  }
  if ('algorithmOf' in meaning) return algorithmName(meaning.algorithmOf, value);
  if ('chainedAlgorithm' in meaning) return chainedAlgorithmName(at(meaning.chainedAlgorithm), value);
  return meaning.names[value] ?? String(value);
}
