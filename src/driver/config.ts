import * as spec from '../../spec/crypto.ts';
import { SERVICES, type SessionService } from '../../spec/services.ts';
import type { DriverTransport } from './transport.ts';

/** The device's configuration space, struct virtio_crypto_config (5.9.5). */
export interface DeviceConfig {
  /** VIRTIO_CRYPTO_S_HW_READY: the device accepts requests. */
  hardwareReady: boolean;
  /** Number of data queues. */
  maxDataQueues: number;
  /** crypto_services: bit n is the service with number n. */
  services: number;
  /** Bit n is the cipher with number n. */
  cipherAlgorithms: bigint;
  /** Bit n is the hash with number n. */
  hashAlgorithms: number;
  /** Bit n is the MAC with number n. */
  macAlgorithms: bigint;
  /** Bit n is the AEAD with number n. */
  aeadAlgorithms: number;
  /** Bit n is the asymmetric algorithm with number n. */
  akcipherAlgorithms: number;
  /** max_cipher_key_len in bytes. */
  maxCipherKeyBytes: number;
  /** max_auth_key_len in bytes. */
  maxAuthKeyBytes: number;
  /** max_size in bytes: content and result of one request. */
  maxRequestBytes: bigint;
}

/** If the configuration changed during each of this many reads, the device does not work. */
const CONFIG_READS_MAX = 1000;

/**
 * Reads the configuration space. Reads it again if it changed meanwhile (2.5.1).
 * @throws Error if it changed during each of 1000 reads
 */
export function readConfig(transport: DriverTransport): DeviceConfig {
  const read = (offset: number) => transport.readConfig(offset, 4) >>> 0;
  const read64 = (low: number, high: number) => BigInt(read(low)) | (BigInt(read(high)) << 32n);
  const algorithms = ({ masks: [low, high] }: SessionService) =>
    high === undefined ? BigInt(read(low)) : read64(low, high);
  for (let reads = 0; reads < CONFIG_READS_MAX; reads++) {
    const generation = transport.configGeneration;
    const config: DeviceConfig = {
      hardwareReady: (read(spec.CONFIG_STATUS) & spec.S_HW_READY) !== 0,
      maxDataQueues: read(spec.CONFIG_MAX_DATAQUEUES),
      services: read(spec.CONFIG_CRYPTO_SERVICES),
      cipherAlgorithms: algorithms(SERVICES.cipher),
      hashAlgorithms: Number(algorithms(SERVICES.hash)),
      macAlgorithms: algorithms(SERVICES.mac),
      aeadAlgorithms: Number(algorithms(SERVICES.aead)),
      akcipherAlgorithms: Number(algorithms(SERVICES.akcipher)),
      maxCipherKeyBytes: read(spec.CONFIG_MAX_CIPHER_KEY_LEN),
      maxAuthKeyBytes: read(spec.CONFIG_MAX_AUTH_KEY_LEN),
      maxRequestBytes: read64(spec.CONFIG_MAX_SIZE, spec.CONFIG_MAX_SIZE + 4),
    };
    if (transport.configGeneration === generation) return config;
  }
  throw new Error(`The device changed its configuration during each of ${CONFIG_READS_MAX} reads of it (2.5.1).`);
}
