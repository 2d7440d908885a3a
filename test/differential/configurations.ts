// The configurations that programs run on. They differ in everything that a driver must not notice in what it gets.
import { AEAD_ALGORITHMS, CIPHER_ALGORITHMS, HASH_ALGORITHMS, MAC_ALGORITHMS } from '../../spec/names.ts';
import type { BackendOptions } from '../../src/backend/options.ts';
import type { Thresholds } from '../../src/backend/placement/thresholds.ts';
import type { LimitOptions } from '../../src/device/limits.ts';
import type { EngineBuild } from '../../src/engine/load.ts';

export interface Configuration {
  name: string;
  ring: 'split' | 'packed';
  /** Entries of the data ring: programs go round the small ones. */
  queueSize: number;
  backend: BackendOptions;
  /** Features of the virtio core beside VERSION_1. */
  eventIdx?: boolean;
  indirect?: boolean;
  inOrder?: boolean;
  /** Whether each request has a notification of its own, and the next one waits for its end. */
  oneByOne?: boolean;
  /** Whether the backend is exchanged when a program says so. */
  exchanges?: boolean;
  /** Whether threads share the guest's memory. */
  sharedMemory?: boolean;
  /** Whether the host's cryptography is a browser's. */
  webcrypto?: boolean;
  /** The build of the engine. Default: with relaxed SIMD, where that is known. */
  build?: EngineBuild;
  limits?: LimitOptions;
}

/** What the others are compared with. */
export const REFERENCE: Configuration = {
  name: 'reference',
  ring: 'split',
  queueSize: 64,
  backend: { backend: 'inline' },
  oneByOne: true,
};

const everyAlgorithm = [
  ...Object.keys(CIPHER_ALGORITHMS),
  ...Object.keys(HASH_ALGORITHMS),
  ...Object.keys(MAC_ALGORITHMS),
  ...Object.keys(AEAD_ALGORITHMS),
  'aes-cbc-decrypt',
  'chain',
];
const table = (few: number, many: number, crowd: number) =>
  Object.fromEntries(everyAlgorithm.map((name) => [name, { few, many, crowd }]));
/** So low, and so mixed, that requests of every size go everywhere. */
const LOW: Thresholds = { host: table(200, 64, 150), workers: table(100, 150, 40) };

const workers = (count: number): BackendOptions => ({ backend: 'workers', workers: count });

export const CONFIGURATIONS: readonly Configuration[] = [
  { name: 'inline split', ring: 'split', queueSize: 64, backend: { backend: 'inline' }, indirect: true },
  {
    name: 'inline split, EVENT_IDX, no indirect tables',
    ring: 'split',
    queueSize: 256,
    backend: { backend: 'inline' },
    eventIdx: true,
  },
  {
    name: 'inline packed, IN_ORDER',
    ring: 'packed',
    queueSize: 50,
    backend: { backend: 'inline' },
    indirect: true,
    inOrder: true,
  },
  {
    name: 'inline packed without relaxed SIMD, EVENT_IDX, short notifications',
    ring: 'packed',
    queueSize: 64,
    backend: { backend: 'inline' },
    eventIdx: true,
    indirect: true,
    build: 'simd',
    limits: { bytesPerNotification: 700 },
  },
  { name: 'host split', ring: 'split', queueSize: 128, backend: { backend: 'host' }, eventIdx: true, indirect: true },
  { name: 'host packed', ring: 'packed', queueSize: 77, backend: { backend: 'host' }, inOrder: true },
  {
    name: 'WebCrypto split',
    ring: 'split',
    queueSize: 64,
    backend: { backend: 'host' },
    eventIdx: true,
    indirect: true,
    webcrypto: true,
  },
  {
    name: 'WebCrypto packed, IN_ORDER',
    ring: 'packed',
    queueSize: 64,
    backend: { backend: 'host' },
    indirect: true,
    inOrder: true,
    webcrypto: true,
  },
  { name: 'workers split', ring: 'split', queueSize: 128, backend: workers(2), eventIdx: true, indirect: true },
  { name: 'workers packed, IN_ORDER', ring: 'packed', queueSize: 100, backend: workers(1), inOrder: true },
  {
    name: 'workers in shared memory, split, IN_ORDER',
    ring: 'split',
    queueSize: 64,
    backend: workers(1),
    indirect: true,
    inOrder: true,
    sharedMemory: true,
  },
  {
    name: 'workers in shared memory, packed, EVENT_IDX',
    ring: 'packed',
    queueSize: 200,
    backend: workers(2),
    eventIdx: true,
    indirect: true,
    sharedMemory: true,
  },
  { name: 'auto split', ring: 'split', queueSize: 256, backend: { backend: 'auto', workers: 1 }, indirect: true },
  {
    name: 'auto packed, low thresholds',
    ring: 'packed',
    queueSize: 128,
    backend: { backend: 'auto', workers: 1, thresholds: LOW },
    eventIdx: true,
    indirect: true,
  },
  {
    name: 'auto with WebCrypto, split, low thresholds',
    ring: 'split',
    queueSize: 64,
    backend: { backend: 'auto', workers: 1, thresholds: LOW },
    indirect: true,
    inOrder: true,
    webcrypto: true,
  },
  {
    name: 'exchanged, split, EVENT_IDX',
    ring: 'split',
    queueSize: 128,
    backend: workers(1),
    eventIdx: true,
    indirect: true,
    exchanges: true,
  },
  {
    name: 'exchanged in shared memory, packed, IN_ORDER',
    ring: 'packed',
    queueSize: 128,
    backend: workers(2),
    indirect: true,
    inOrder: true,
    exchanges: true,
    sharedMemory: true,
  },
];
