import { checkObject } from '../check.ts';
import type { Rate } from './leaky_bucket.ts';

/** What a device allows a guest, at most. */
export interface LimitOptions {
  /** Data requests a second, on average, of all queues together. Default: no limit. A request beyond it waits, and is done later. */
  requestsPerSecond?: number;
  /** Requests that may come at once. Default: a tenth of a second's. */
  burstRequests?: number;
  /** Bytes of content a second (IV, associated data, source, and SHAKE's long results), on average. Default: no limit. */
  bytesPerSecond?: number;
  /** Bytes that may come at once. Default: a tenth of a second's. A larger request is done all the same, and waited for after it. */
  burstBytes?: number;
  /**
   * Bytes of content, and as many of descriptors, after which a notification ends, 1 to 1 GiB. Default 64 MiB. The rest of
   * the queue goes on from a timer, so that an emulator is not kept from its other work.
   */
  bytesPerNotification?: number;
  /** The same as maxSessions. */
  sessions?: number;
  /** The longest key of a session in bytes, 1 to 65536. Default: what the algorithms need. */
  keyBytes?: number;
  /** The same as maxRequestBytes. */
  requestBytes?: number;
  /**
   * Bytes of guest memory that the rings of all queues may take together. Default: no limit. Where queueSize is left out, it
   * becomes the largest that fits.
   */
  queueMemoryBytes?: number;
}

/** The limits that hold while a device works; the others have become capacities. */
export interface ResolvedLimits {
  requests: Rate | undefined;
  bytes: Rate | undefined;
  bytesPerNotification: number;
  keyBytes: number;
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
  requestBytes: { low: 1024, high: 64 * MIB },
  queueMemoryBytes: { low: 1, high: 1e15 },
};

const DEFAULT_BYTES_PER_NOTIFICATION = 64 * MIB;

/**
 * Fills in what was left out of the limits that hold at work.
 * @throws RangeError that names the limit, its value and what it may be
 * @throws TypeError that names an unknown limit, or limits that are no object
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
  };
}

/**
 * A capacity that may be given as an option of its own or among the limits.
 * @throws RangeError when it is given twice, and not the same
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
