import * as crypto from '../../spec/crypto.ts';
import type { AlgorithmName } from '../../spec/names.ts';
import { recordOf, SERVED, SERVICES, type ServiceName } from '../../spec/services.ts';

/** The algorithms that a device offers: 'modern' is all but the weak algorithms, 'all' is all, an array gives their names. */
export type AlgorithmChoice = 'modern' | 'all' | readonly AlgorithmName[];

/** The services, algorithms and key lengths that a device offers in its configuration space (5.9.5). */
export interface Offer {
  /** Bits of crypto_services. */
  services: number;
  /** Bits of each service's algorithms. */
  algorithms: Readonly<Record<ServiceName, bigint>>;
  maxCipherKeyBytes: number;
  maxAuthKeyBytes: number;
}

/** Weak algorithms: a device offers them only for 'all' or by name. */
const WEAK: readonly AlgorithmName[] = [
  'arc4',
  'des-ecb',
  'des-cbc',
  'md5',
  'kasumi-f8',
  'kasumi-f9',
  'cbcmac-kasumi-f9',
];

const algorithmNames = SERVED.flatMap((service) => Object.keys(SERVICES[service].algorithms)) as AlgorithmName[];

/** The algorithms of a choice, in the order of services and numbers. */
export function chosenAlgorithms(choice: AlgorithmChoice): AlgorithmName[] {
  if (choice === 'all') return [...algorithmNames];
  if (choice === 'modern') return algorithmNames.filter((name) => !WEAK.includes(name));
  return algorithmNames.filter((name) => choice.includes(name));
}

/**
 * Checks a choice of algorithms.
 * @throws TypeError that names an unknown algorithm, and all known algorithms
 */
export function resolveAlgorithms(choice: AlgorithmChoice = 'modern'): AlgorithmName[] {
  if (typeof choice === 'string') {
    if (choice !== 'modern' && choice !== 'all') {
      throw new TypeError(`algorithms is ${String(choice)}: give 'modern', 'all' or an array of names.`);
    }
    return chosenAlgorithms(choice);
  }
  if (!Array.isArray(choice)) {
    throw new TypeError(`algorithms is ${String(choice)}: give 'modern', 'all' or an array of names.`);
  }
  const names: readonly string[] = algorithmNames;
  for (const name of choice) {
    if (names.includes(name)) continue;
    throw new TypeError(`algorithms has ${String(name)}, which is unknown: give of ${algorithmNames.join(', ')}.`);
  }
  if (choice.length === 0) throw new TypeError('algorithms is empty: give one name at least.');
  return chosenAlgorithms(choice);
}

/**
 * The offer of a device with these algorithms, and with keys of at most `keyBytes` bytes.
 * @param associations number of security associations; 0: no IPSEC service
 */
export function offerOf(algorithms: readonly AlgorithmName[], keyBytes: number, associations = 0): Offer {
  const mask = (service: ServiceName): bigint => {
    let bits = 0n;
    for (const [name, bit] of Object.entries(SERVICES[service].algorithms)) {
      if (algorithms.some((algorithm) => algorithm === name)) bits |= 1n << BigInt(bit);
    }
    return bits;
  };
  const masks = recordOf(SERVED, mask);
  let services = associations > 0 ? 1 << SERVICES.ipsec.number : 0;
  for (const name of SERVED) if (masks[name]) services |= 1 << SERVICES[name].number;
  return {
    services,
    algorithms: masks,
    maxCipherKeyBytes: masks.cipher || masks.aead ? Math.min(maxCipherKeyBytes(algorithms), keyBytes) : 0,
    maxAuthKeyBytes: masks.mac ? Math.min(crypto.AUTH_KEY_BYTES_MAX, keyBytes) : 0,
  };
}

/** The longest key of the offered ciphers and AEADs in bytes. */
function maxCipherKeyBytes(algorithms: readonly AlgorithmName[]): number {
  if (algorithms.includes('arc4')) return crypto.CIPHER_KEY_BYTES_MAX;
  // The key has two parts: two AES-256 keys in XTS mode, key and mask in f8 mode.
  return algorithms.includes('aes-xts') || algorithms.includes('aes-f8') ? 64 : 32;
}
