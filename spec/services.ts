// The services of the crypto device (5.9.4), a row for each. For TypeScript only. The numbers come from spec/crypto.ts, which the
// engine compiles too. The layouts of a service's requests are in spec/layouts.ts.
//
// The device offers the services in SERVED. A service that you add there needs kernels and requests in assembly/, a line in
// offerService() of the engine, and requests in src/driver/. Features, configuration, statistics and the inspector follow its row.
import * as crypto from './crypto.ts';
import { SESSION_ALGO, SESSION_AUTH_ALGO } from './engine.ts';
import { AEAD_ALGORITHMS, AKCIPHER_ALGORITHMS, CIPHER_ALGORITHMS, HASH_ALGORITHMS, MAC_ALGORITHMS } from './names.ts';

/** The facts about a service. */
export interface Service {
  /** Bit of crypto_services, and high byte of its opcodes. */
  readonly number: number;
  /** Opcodes of the data queues (5.9.7.3), by their names without the prefix VIRTIO_CRYPTO_. */
  readonly operations: Readonly<Record<string, number>>;
}

/** A service whose requests name sessions, or bring the parameters of one along. */
export interface SessionService extends Service {
  /** Opcodes of the control queue (5.9.7.2). */
  readonly create: number;
  readonly destroy: number;
  /** Bit number of the feature VIRTIO_CRYPTO_F_*_STATELESS_MODE (5.9.3). */
  readonly statelessMode: number;
  /** Numbers of its algorithms: bits of its masks in the configuration space, and values of algo in its sessions. */
  readonly algorithms: Readonly<Record<string, number>>;
  /** Offsets in the configuration space of the mask of algorithms (5.9.5): bits 0 to 31, then bits 32 to 63. */
  readonly masks: readonly [low: number, high?: number];
  /** Where the engine keeps a session's algorithm: with the ciphers and AEADs, or with the hashes and MACs (spec/engine.ts). */
  readonly sessionAlgorithm: typeof SESSION_ALGO | typeof SESSION_AUTH_ALGO;
}

/** The services that the specification has requests for, in the order of their numbers. */
export const SERVICES = {
  cipher: {
    number: crypto.SERVICE_CIPHER,
    create: crypto.CIPHER_CREATE_SESSION,
    destroy: crypto.CIPHER_DESTROY_SESSION,
    operations: { CIPHER_ENCRYPT: crypto.CIPHER_ENCRYPT, CIPHER_DECRYPT: crypto.CIPHER_DECRYPT },
    statelessMode: crypto.F_CIPHER_STATELESS_MODE,
    algorithms: CIPHER_ALGORITHMS,
    masks: [crypto.CONFIG_CIPHER_ALGO_L, crypto.CONFIG_CIPHER_ALGO_H],
    sessionAlgorithm: SESSION_ALGO,
  },
  hash: {
    number: crypto.SERVICE_HASH,
    create: crypto.HASH_CREATE_SESSION,
    destroy: crypto.HASH_DESTROY_SESSION,
    operations: { HASH: crypto.HASH },
    statelessMode: crypto.F_HASH_STATELESS_MODE,
    algorithms: HASH_ALGORITHMS,
    masks: [crypto.CONFIG_HASH_ALGO],
    sessionAlgorithm: SESSION_AUTH_ALGO,
  },
  mac: {
    number: crypto.SERVICE_MAC,
    create: crypto.MAC_CREATE_SESSION,
    destroy: crypto.MAC_DESTROY_SESSION,
    operations: { MAC: crypto.MAC },
    statelessMode: crypto.F_MAC_STATELESS_MODE,
    algorithms: MAC_ALGORITHMS,
    masks: [crypto.CONFIG_MAC_ALGO_L, crypto.CONFIG_MAC_ALGO_H],
    sessionAlgorithm: SESSION_AUTH_ALGO,
  },
  aead: {
    number: crypto.SERVICE_AEAD,
    create: crypto.AEAD_CREATE_SESSION,
    destroy: crypto.AEAD_DESTROY_SESSION,
    operations: { AEAD_ENCRYPT: crypto.AEAD_ENCRYPT, AEAD_DECRYPT: crypto.AEAD_DECRYPT },
    statelessMode: crypto.F_AEAD_STATELESS_MODE,
    algorithms: AEAD_ALGORITHMS,
    masks: [crypto.CONFIG_AEAD_ALGO],
    sessionAlgorithm: SESSION_ALGO,
  },
  akcipher: {
    number: crypto.SERVICE_AKCIPHER,
    create: crypto.AKCIPHER_CREATE_SESSION,
    destroy: crypto.AKCIPHER_DESTROY_SESSION,
    operations: {
      AKCIPHER_ENCRYPT: crypto.AKCIPHER_ENCRYPT,
      AKCIPHER_DECRYPT: crypto.AKCIPHER_DECRYPT,
      AKCIPHER_SIGN: crypto.AKCIPHER_SIGN,
      AKCIPHER_VERIFY: crypto.AKCIPHER_VERIFY,
    },
    statelessMode: crypto.F_AKCIPHER_STATELESS_MODE,
    algorithms: AKCIPHER_ALGORITHMS,
    masks: [crypto.CONFIG_AKCIPHER_ALGO],
    sessionAlgorithm: SESSION_ALGO,
  },
  /** Its requests name security associations, which administration commands make (virtio 1.4). */
  ipsec: {
    number: crypto.SERVICE_IPSEC,
    operations: { IPSEC_OUTBOUND: crypto.IPSEC_OUTBOUND, IPSEC_INBOUND: crypto.IPSEC_INBOUND },
  },
} as const satisfies Record<string, Service | SessionService>;

/** A service of the specification. */
export type SpecifiedService = keyof typeof SERVICES;

/** The names of the services, in the order of their numbers. */
export const SPECIFIED = Object.keys(SERVICES) as SpecifiedService[];

/** The services with sessions. The device serves them by the algorithms that it offers. */
export const SERVED = ['cipher', 'hash', 'mac', 'aead', 'akcipher'] as const satisfies readonly SpecifiedService[];

/** A service with sessions. */
export type ServiceName = (typeof SERVED)[number];

/** A record with the result of `of` for each name. */
export function recordOf<Name extends string, Value>(
  names: readonly Name[],
  of: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, Value>;
}

/** Bit numbers of the features for stateless requests (5.9.3), of the services in SERVED. */
export const STATELESS_MODES: readonly number[] = SERVED.map((name) => SERVICES[name].statelessMode);

const BY_NUMBER = new Map<number, Service & Partial<SessionService>>(
  Object.values(SERVICES).map((service) => [service.number, service]),
);

/** The service with this number. Undefined if there is no such service. */
export function serviceNumbered(number: number): (Service & Partial<SessionService>) | undefined {
  return BY_NUMBER.get(number);
}
