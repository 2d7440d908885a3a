import type { AlgorithmName } from '../../spec/names.ts';
import { QUEUE_SIZE_MAX } from '../../spec/virtio.ts';
import { type BackendOptions, type ResolvedBackend, resolveBackend } from '../backend/options.ts';
import { checkObject } from '../check.ts';
import { type FeatureOptions, type ResolvedFeatures, resolveFeatures } from './features.ts';
import { type LimitOptions, oneOf, type ResolvedLimits, resolveLimits } from './limits.ts';
import { type AlgorithmChoice, resolveAlgorithms } from './offer.ts';
import { powerOfTwoUpTo, type QueueSizes, queueSizeWithin, queuesMemoryBytes } from './queue_registers.ts';

/** Options of a virtio crypto device. */
export interface CryptoDeviceOptions extends BackendOptions {
  /** Number of data queues (5.9.2), 1 to 64. Default 1. */
  dataQueues?: number;
  /**
   * Largest number of entries of a data queue, a power of two up to 32768. With features.packed it may be any number; a driver that uses
   * the split ring then finds the next lower power of two. Default 1024.
   */
  queueSize?: number;
  /**
   * Largest number of entries of the control queue, as queueSize. Default 64: drivers make sessions one by one. Transports whose client gives
   * all queues one size need more.
   */
  controlQueueSize?: number;
  /** Number of sessions that may be open at once, 1 to 65536. Default 1024. */
  maxSessions?: number;
  /**
   * Number of security associations of each direction that may exist at once, 0 to 4096. 0: the device does not offer the IPSEC service
   * (virtio 1.4). Default 0.
   */
  securityAssociations?: number;
  /** max_size (5.9.5): content and result of one request together, in bytes, 1024 to 64 MiB. Default 1 MiB. */
  maxRequestBytes?: number;
  /**
   * The names of the offered algorithms; or 'modern', all but algorithms that are broken or not constant-time; or 'all'. A service is
   * offered if one of its algorithms is. Default 'modern'.
   */
  algorithms?: AlgorithmChoice;
  /** The optional features that the device offers. */
  features?: FeatureOptions;
  /** Upper limits of what a guest may ask of the device. */
  limits?: LimitOptions;
}

/** The options that are numbers. They determine how much memory the device takes. */
export const CAPACITIES = ['dataQueues', 'queueSize', 'maxSessions', 'maxRequestBytes'] as const;
const NUMBERS = [...CAPACITIES, 'controlQueueSize', 'securityAssociations'] as const;
export type Capacity = (typeof CAPACITIES)[number];

export type ResolvedOptions = Record<(typeof NUMBERS)[number], number> & {
  features: ResolvedFeatures;
  /** The algorithms that are offered, by name. */
  algorithms: readonly AlgorithmName[];
  limits: ResolvedLimits;
  backend: ResolvedBackend;
};

const LIMITS: Record<(typeof NUMBERS)[number], { low: number; high: number; fallback: number }> = {
  dataQueues: { low: 1, high: 64, fallback: 1 },
  queueSize: { low: 1, high: QUEUE_SIZE_MAX, fallback: 1024 },
  controlQueueSize: { low: 1, high: QUEUE_SIZE_MAX, fallback: 64 },
  maxSessions: { low: 1, high: 65536, fallback: 1024 },
  securityAssociations: { low: 0, high: 4096, fallback: 0 },
  maxRequestBytes: { low: 1024, high: 64 * 1024 * 1024, fallback: 1024 * 1024 },
};

/**
 * Checks the options, and fills in the defaults.
 * @throws RangeError that names the option, its value and what it may be
 * @throws TypeError that names an unknown algorithm, feature or limit, or an option of a wrong type
 * @throws ThresholdsError for invalid thresholds
 */
export function resolveOptions(options: CryptoDeviceOptions): ResolvedOptions {
  checkObject('options', options);
  const limits = resolveLimits(options.limits);
  const features = resolveFeatures(options.features);
  const dataQueues = resolve('dataQueues', options.dataQueues);
  const controlQueueSize = resolve('controlQueueSize', options.controlQueueSize);
  const maxSessions = oneOf('maxSessions', options.maxSessions, 'sessions', options.limits);
  const maxRequestBytes = oneOf('maxRequestBytes', options.maxRequestBytes, 'requestBytes', options.limits);
  const resolved: ResolvedOptions = {
    dataQueues,
    queueSize: resolveQueueSize(
      options.queueSize,
      { dataQueues, controlQueueSize, administration: features.adminQueue },
      options.limits?.queueMemoryBytes,
    ),
    controlQueueSize,
    maxSessions: resolve('maxSessions', maxSessions),
    maxRequestBytes: resolve('maxRequestBytes', maxRequestBytes),
    securityAssociations: resolve('securityAssociations', options.securityAssociations),
    features,
    algorithms: resolveAlgorithms(options.algorithms),
    limits,
    backend: resolveBackend(options),
  };
  for (const name of ['queueSize', 'controlQueueSize'] as const) {
    const size = resolved[name];
    const lower = powerOfTwoUpTo(size);
    if (lower === size || resolved.features.packed) continue;
    throw new RangeError(`${name} is ${size}: give a power of two, ${lower} say, or offer features.packed.`);
  }
  return resolved;
}

function resolve(name: (typeof NUMBERS)[number], value: number | undefined): number {
  const { low, high, fallback } = LIMITS[name];
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name} is ${value}: give a whole number from ${low} to ${high}.`);
  }
  return value;
}

/** The size of the data queues. The rings of all queues, the control queue included, may take `memoryBytes` bytes. */
function resolveQueueSize(
  given: number | undefined,
  others: Omit<QueueSizes, 'queueSize'>,
  memoryBytes = Number.POSITIVE_INFINITY,
): number {
  const size = resolve('queueSize', given);
  if (queuesMemoryBytes({ ...others, queueSize: size }) <= memoryBytes) return size;
  const fitting = queueSizeWithin({ ...others, queueSize: size }, memoryBytes);
  if (fitting > 0 && given === undefined) return fitting;
  const remedy = fitting > 0 ? `lower queueSize to ${fitting}` : 'lower dataQueues';
  const smallest = queuesMemoryBytes({ ...others, queueSize: fitting > 0 ? size : 1 });
  throw new RangeError(
    `limits.queueMemoryBytes is ${memoryBytes}, and the queues take ${smallest}: ${remedy}, or raise it to that.`,
  );
}
