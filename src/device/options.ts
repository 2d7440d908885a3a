import type { AlgorithmName } from '../../spec/names.ts';
import { QUEUE_SIZE_MAX } from '../../spec/virtio.ts';
import { type FeatureOptions, type ResolvedFeatures, resolveFeatures } from './features.ts';
import { type AlgorithmChoice, resolveAlgorithms } from './offer.ts';
import { powerOfTwoUpTo } from './queue_registers.ts';

/** What a virtio crypto device can be told when it is created. */
export interface CryptoDeviceOptions {
  /** Data queues, 1 to 64. Default 1. */
  dataQueues?: number;
  /**
   * Largest size of a data queue, a power of two up to 32768. Default 1024. With features.packed any number is possible: a
   * driver that takes the split ring then finds the next lower power of two.
   */
  queueSize?: number;
  /** Sessions that may be open at once, 1 to 65536. Default 1024. */
  maxSessions?: number;
  /** max_size (5.9.5): the content of one request, in bytes, 1024 to 64 MiB. Default 1 MiB. */
  maxRequestBytes?: number;
  /**
   * Algorithms by the specification's names, or 'modern' (the default: all but what is broken or not constant-time), or 'all'.
   * A service is offered when one of its algorithms is.
   */
  algorithms?: AlgorithmChoice;
  /** Which of the optional features the driver finds. */
  features?: FeatureOptions;
}

/** The options that are numbers: together they say how much memory the device takes. */
export const CAPACITIES = ['dataQueues', 'queueSize', 'maxSessions', 'maxRequestBytes'] as const;
export type Capacity = (typeof CAPACITIES)[number];

export type ResolvedOptions = Record<Capacity, number> & {
  features: ResolvedFeatures;
  /** The algorithms that are offered, by name. */
  algorithms: readonly AlgorithmName[];
};

const LIMITS: Record<Capacity, { low: number; high: number; fallback: number }> = {
  dataQueues: { low: 1, high: 64, fallback: 1 },
  queueSize: { low: 1, high: QUEUE_SIZE_MAX, fallback: 1024 },
  maxSessions: { low: 1, high: 65536, fallback: 1024 },
  maxRequestBytes: { low: 1024, high: 64 * 1024 * 1024, fallback: 1024 * 1024 },
};

/**
 * Fills in what was left out.
 * @throws RangeError that names the option, its value and what it may be
 * @throws TypeError that names an unknown feature
 */
export function resolveOptions(options: CryptoDeviceOptions): ResolvedOptions {
  const resolved: ResolvedOptions = {
    dataQueues: resolve('dataQueues', options.dataQueues),
    queueSize: resolve('queueSize', options.queueSize),
    maxSessions: resolve('maxSessions', options.maxSessions),
    maxRequestBytes: resolve('maxRequestBytes', options.maxRequestBytes),
    features: resolveFeatures(options.features),
    algorithms: resolveAlgorithms(options.algorithms),
  };
  const { queueSize, features } = resolved;
  const lower = powerOfTwoUpTo(queueSize);
  if (lower !== queueSize && !features.packed) {
    throw new RangeError(`queueSize is ${queueSize}: give a power of two, ${lower} say, or offer features.packed.`);
  }
  return resolved;
}

function resolve(name: Capacity, value: number | undefined): number {
  const { low, high, fallback } = LIMITS[name];
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name} is ${value}: give a whole number from ${low} to ${high}.`);
  }
  return value;
}
