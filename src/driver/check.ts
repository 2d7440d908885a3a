// Checks of what a caller gives the driver, before it reaches the device. A wrong name or type is the caller's mistake, and throws. Whether
// a length is possible is left to the device, which refuses the request with a status.
import {
  AEAD_ALGORITHMS,
  AKCIPHER_ALGORITHMS,
  CIPHER_ALGORITHMS,
  HASH_ALGORITHMS,
  MAC_ALGORITHMS,
} from '../../spec/names.ts';
import { checkObject, checkSwitch, refuse } from '../check.ts';
import type { DriverOptions } from './options.ts';
import {
  CHAIN_ORDERS,
  type ChainHash,
  ECDSA_CURVES,
  HASH_MODES,
  KEY_TYPES,
  RSA_HASHES,
  RSA_PADDINGS,
  type SessionParameters,
} from './sessions.ts';
import { DIRECTIONS } from './wire.ts';

const UINT32_MAX = 2 ** 32 - 1;

/** @throws TypeError or RangeError that names the option, its value and what it may be */
export function checkDriverOptions(options: DriverOptions): void {
  checkObject('driver', options);
  const { features, layout, queueSize } = options;
  if (features !== undefined && typeof features !== 'bigint') refuse('driver.features', features, 'a bigint of bits');
  if (layout !== undefined) checkName('driver.layout', layout, { legacy: 0, revision1: 1 });
  checkSwitch('driver.inOrder', options.inOrder);
  checkSwitch('driver.stateless', options.stateless);
  if (queueSize !== undefined && (!Number.isInteger(queueSize) || queueSize < 1)) {
    throw new RangeError(`driver.queueSize is ${queueSize}: give a whole number from 1.`);
  }
}

/** @throws TypeError or RangeError that names a session's parameter, its value and what it may be */
export function checkSessionParameters(parameters: SessionParameters): void {
  switch (parameters.service) {
    case 'cipher':
      checkName('algorithm', parameters.algorithm, CIPHER_ALGORITHMS);
      checkName('direction', parameters.direction, DIRECTIONS);
      checkBytes('key', parameters.key);
      break;
    case 'hash':
      checkName('algorithm', parameters.algorithm, HASH_ALGORITHMS);
      checkLength('length', parameters.length);
      break;
    case 'mac':
      checkName('algorithm', parameters.algorithm, MAC_ALGORITHMS);
      checkBytes('key', parameters.key);
      checkLength('length', parameters.length);
      break;
    case 'aead':
      checkName('algorithm', parameters.algorithm, AEAD_ALGORITHMS);
      checkName('direction', parameters.direction, DIRECTIONS);
      checkBytes('key', parameters.key);
      checkLength('tagLength', parameters.tagLength);
      break;
    case 'chain':
      checkName('order', parameters.order, CHAIN_ORDERS);
      checkName('direction', parameters.direction, DIRECTIONS);
      checkObject('cipher', parameters.cipher);
      checkName('cipher.algorithm', parameters.cipher.algorithm, CIPHER_ALGORITHMS);
      checkBytes('cipher.key', parameters.cipher.key);
      checkChainHash(parameters.hash);
      break;
    case 'akcipher':
      checkName('algorithm', parameters.algorithm, AKCIPHER_ALGORITHMS);
      checkName('keyType', parameters.keyType, KEY_TYPES);
      checkBytes('key', parameters.key);
      if (parameters.padding !== undefined) checkName('padding', parameters.padding, RSA_PADDINGS);
      if (parameters.hash !== undefined) checkName('hash', parameters.hash, RSA_HASHES);
      if (parameters.curve !== undefined) checkName('curve', parameters.curve, ECDSA_CURVES);
      break;
    default:
      refuse('service', Object(parameters).service, 'cipher, hash, mac, aead, chain or akcipher');
  }
}

function checkChainHash(hash: ChainHash): void {
  checkObject('hash', hash);
  checkName('hash.mode', hash.mode, HASH_MODES);
  checkName('hash.algorithm', hash.algorithm, hash.mode === 'auth' ? MAC_ALGORITHMS : HASH_ALGORITHMS);
  if (hash.mode !== 'plain') checkBytes('hash.key', hash.key);
  checkLength('hash.resultLength', hash.resultLength);
}

/** @throws TypeError unless `value` is a Uint8Array */
export function checkBytes(name: string, value: unknown): void {
  if (!(value instanceof Uint8Array)) refuse(name, value, 'a Uint8Array');
}

/** @throws RangeError unless `value` fits in a 32-bit length field, or was left out */
export function checkLength(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= UINT32_MAX)) return;
  throw new RangeError(`${name} is ${String(value)}: give a whole number from 0 to ${UINT32_MAX}.`);
}

/** @throws TypeError unless `value` is one of the names */
function checkName(name: string, value: unknown, names: Readonly<Record<string, number>>): void {
  if (typeof value === 'string' && Object.hasOwn(names, value)) return;
  refuse(name, value, `one of ${Object.keys(names).join(', ')}`);
}
