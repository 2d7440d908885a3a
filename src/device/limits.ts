import { MODULUS_BITS_MAX, MODULUS_BITS_MIN } from '../akcipher/rsa_key.ts';
import { checkObject } from '../check.ts';
import type { Rate } from './leaky_bucket.ts';

/** Upper limits of what a guest may ask of a device. */
export interface LimitOptions {
  /** Data requests a second on average, for all queues together, 1 to 10^9. Further requests wait. Default: no limit. */
  requestsPerSecond?: number;
  /** Data requests that may come at once, 1 to 10^9. Needs requestsPerSecond. Default: a tenth of it. */
  burstRequests?: number;
  /** Bytes of content (IV, associated data, source, and SHAKE's long results) a second on average, 1 to 10^15. Default: no limit. */
  bytesPerSecond?: number;
  /**
   * Bytes of content that may come at once, 1 to 10^15. Needs bytesPerSecond. A larger request is done all the same, and the queues wait
   * after it. Default: a tenth of bytesPerSecond.
   */
  burstBytes?: number;
  /**
   * A notification ends after this many bytes of content, or of descriptors (16 bytes each), 1 to 1 GiB. The rest of the queue goes on from
   * a timer, so that an emulator can do its other work. Default 64 MiB.
   */
  bytesPerNotification?: number;
  /** The same as maxSessions: give only one of them. */
  sessions?: number;
  /** The longest key of a session in bytes, 1 to 65536, but not of an RSA key. Default: as long as the algorithms need. */
  keyBytes?: number;
  /** The longest modulus of an RSA key in bits, 512 to 8192. Default 8192. It bounds the bytes of such a key, too. */
  modulusBits?: number;
  /** The same as maxRequestBytes: give only one of them. */
  requestBytes?: number;
  /**
   * Bytes of guest memory that the rings of all queues may take together, 1 to 10^15. If queueSize is left out, it becomes the largest
   * power of two that fits. Default: no limit.
   */
  queueMemoryBytes?: number;
}

/** The limits that hold while a device works. The other limits have become capacities. */
export interface ResolvedLimits {
  requests: Rate | undefined;
  bytes: Rate | undefined;
  bytesPerNotification: number;
  keyBytes: number;
  modulusBits: number;
}

const MIB = 1024 * 1024;
const RANGES: Record<keyof LimitOptions, { low: number; high: number }> = {
  requestsPerSecond: { low: 1, high: 1e9 },
  burstRequests: { low: 1, high: 1e9 },
  bytesPerSecond: { low: 1, high: 1e15 },
  burstBytes: { low: 1, high: 1e15 },
  bytesPerNotification: { low: 1, high: 1024 * MIB },
  sessions: { low: 1, high: 65536 },
  keyBytes: { low: 1, high: 65536 },
  modulusBits: { low: MODULUS_BITS_MIN, high: MODULUS_BITS_MAX },
  requestBytes: { low: 1024, high: 64 * MIB },
  queueMemoryBytes: { low: 1, high: 1e15 },
};

const DEFAULT_BYTES_PER_NOTIFICATION = 64 * MIB;

/**
 * Checks the limits, and fills in the defaults.
 * @throws RangeError that names the limit, its value and what it may be
 * @throws TypeError that names an unknown limit, or limits that are not an object
 */
export function resolveLimits(options: LimitOptions = {}): ResolvedLimits {
  checkObject('limits', options);
  for (const name of Object.keys(options)) {
    if (!isLimit(name)) {
      throw new TypeError(`limits.${name} is unknown: give ${Object.keys(RANGES).join(', ')}.`);
    }
    const value = options[name];
    const { low, high } = RANGES[name];
    if (value !== undefined && (!Number.isInteger(value) || value < low || value > high)) {
      throw new RangeError(`limits.${name} is ${value}: give a whole number from ${low} to ${high}.`);
    }
  }
  return {
    requests: rate(options, 'requestsPerSecond', 'burstRequests'),
    bytes: rate(options, 'bytesPerSecond', 'burstBytes'),
    bytesPerNotification: options.bytesPerNotification ?? DEFAULT_BYTES_PER_NOTIFICATION,
    keyBytes: options.keyBytes ?? RANGES.keyBytes.high,
    modulusBits: options.modulusBits ?? MODULUS_BITS_MAX,
  };
}

/**
 * A capacity that may be given as an option of its own or as a limit.
 * @throws RangeError if both are given and differ
 */
export function oneOf(
  name: string,
  value: number | undefined,
  limit: keyof LimitOptions,
  options: LimitOptions = {},
): number | undefined {
  const limited = options[limit];
  if (value !== undefined && limited !== undefined && value !== limited) {
    throw new RangeError(`limits.${limit} is ${limited} and ${name} is ${value}: give one of them.`);
  }
  return value === undefined ? limited : value;
}

function isLimit(name: string): name is keyof LimitOptions {
  return Object.hasOwn(RANGES, name);
}

function rate(
  options: LimitOptions,
  average: 'requestsPerSecond' | 'bytesPerSecond',
  burst: 'burstRequests' | 'burstBytes',
): Rate | undefined {
  const perSecond = options[average];
  if (perSecond !== undefined) return { perSecond, burst: options[burst] ?? Math.max(1, Math.floor(perSecond / 10)) };
  if (options[burst] === undefined) return undefined;
  throw new RangeError(`limits.${burst} is ${options[burst]} without limits.${average}: give both.`);
}
