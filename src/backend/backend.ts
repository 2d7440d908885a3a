import type { Depth } from '../engine/depth.ts';
import { DECLINING_HOST } from '../engine/host_crypto.ts';
import { NO_DEFERRAL } from '../engine/deferral.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { Backend } from './contract.ts';
import { DividedDeferral } from './divided.ts';
import { hostKind } from './placement/host_kind.ts';
import { NodeHost, nodeCrypto } from './node/host.ts';
import { sessionAlgorithms } from './placement/session_fields.ts';
import {
  defaultThresholds,
  HOST_ALWAYS,
  leastBytes,
  parseThresholds,
  type Thresholds,
  type ThresholdTable,
} from './placement/thresholds.ts';
import { WebCryptoDeferral } from './webcrypto/executor.ts';
import { subtleCrypto } from './webcrypto/subtle_work.ts';
import { resolveWorkerSource, type WorkerSource } from './workers/browser_worker.ts';
import { defaultWorkers } from './workers/cores.ts';
import { WorkerDeferral } from './workers/executor.ts';
import { WORKERS_MAX } from './deferral/layout.ts';

export type { Backend, BackendCounts, BackendEvent, RequestBackend, WorkCounts } from './contract.ts';
export type { Threshold, Thresholds, ThresholdTable } from './placement/thresholds.ts';
export type { CreateWorker, DeviceWorker, WorkerListener } from './workers/browser_worker.ts';

/** Where requests run. */
export const BACKENDS = ['inline', 'host', 'workers', 'auto'] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface BackendOptions extends WorkerSource {
  /**
   * Where requests run: 'inline' in the engine; 'host' in node:crypto or, in a browser, in WebCrypto, where these do the same; 'workers'
   * beside this thread, in so many of them as `workers` says, once they have started; 'auto' where each is measured to be fastest, by
   * algorithm, size, and how many are available at once: its workers start with the first session that may need them. Default auto.
   */
  backend?: BackendName;
  /** Workers of that backend, 1 to 64. Default: one a core, 4 at most. */
  workers?: number;
  /** For 'auto': from which sizes on requests run elsewhere than in the engine. Default: as measured where this library is made. */
  thresholds?: Thresholds;
}
/** A choice that was checked; a workerUrl has become a createWorker. */
export type ResolvedBackend = Required<Pick<BackendOptions, 'backend' | 'workers'>> &
  Pick<BackendOptions, 'thresholds' | 'createWorker'>;

/**
 * Checks a choice of backend.
 * @throws RangeError that names what there is
 * @throws TypeError for a wrong source of workers
 * @throws ThresholdsError for thresholds that are none
 */
export function resolveBackend({
  backend = 'auto',
  workers = defaultWorkers(),
  thresholds,
  ...source
}: BackendOptions): ResolvedBackend {
  if (!BACKENDS.includes(backend)) {
    throw new RangeError(`backend is ${String(backend)}: give ${BACKENDS.join(', ')}.`);
  }
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX) {
    throw new RangeError(`workers is ${workers}: give a whole number from 1 to ${WORKERS_MAX}.`);
  }
  const createWorker = resolveWorkerSource(source);
  return {
    backend,
    workers,
    ...(thresholds === undefined ? {} : { thresholds: parseThresholds(thresholds) }),
    ...(createWorker && { createWorker }),
  };
}

/** The backend of a device whose engine runs in `memory`. Where what it needs is missing, requests run in the engine. */
export function createBackend(options: ResolvedBackend, memory: WasmMemory): Backend {
  const { backend } = options;
  const kind = backend === 'host' || backend === 'auto' ? hostKind() : undefined;
  if (backend === 'host' && kind !== 'node:crypto') return webCryptoBackend(memory);
  const thresholds = options.thresholds ?? defaultThresholds(kind);
  const crypto = kind && nodeCrypto();
  const host = crypto && new NodeHost(crypto, memory, backend === 'auto' ? thresholds.host : HOST_ALWAYS);
  const subtle = kind === 'webcrypto' && subtleCrypto();
  const tables = subtle ? { ...thresholds.host, ...thresholds.workers } : thresholds.workers;
  const deferring = backend === 'workers' || (backend === 'auto' && Object.keys(tables).length > 0);
  const deferral = deferring ? workerDeferral(options, backend, thresholds.workers, memory) : undefined;
  if (subtle && deferral) return dividedBackend(new WebCryptoDeferral(subtle, memory, thresholds.host), deferral);
  return {
    host: host ?? DECLINING_HOST,
    deferral: deferral ?? NO_DEFERRAL,
    start: async (port) => {
      deferral?.attach(port);
      if (backend === 'workers') await deferral?.start();
    },
    flush: () => deferral?.flush(),
    reap: () => deferral?.reap(),
    settle: () => deferral?.settle(),
    drop: (queue) => {
      deferral?.drop(queue);
      // A reset of the device closes all sessions.
      if (queue === undefined) host?.forget();
    },
    dispose: () => {
      deferral?.dispose();
      host?.forget();
    },
    counts: () => ({
      host: host?.operations ?? 0,
      hostBytes: host?.bytes ?? 0,
      workers: deferral?.operations ?? 0,
      perWorker: deferral?.perWorker ?? [],
    }),
  };
}

/** Who defers requests to workers: all of them, or from thresholds on. */
function workerDeferral(
  { workers, createWorker }: ResolvedBackend,
  backend: 'workers' | 'auto',
  table: ThresholdTable,
  memory: WasmMemory,
): WorkerDeferral {
  const algorithms = (session: number) => sessionAlgorithms(new DataView(memory.buffer), session);
  if (backend === 'workers') {
    // Every request that has something to work on.
    const from = (session: number) => {
      const { cipher, digest } = algorithms(session);
      return cipher || digest ? 1 : 0;
    };
    return new WorkerDeferral(from, workers, createWorker);
  }
  const from = (session: number, depth: Depth) => leastBytes(table, algorithms(session), depth, Math.min);
  return new WorkerDeferral(from, workers, createWorker);
}

/** WebCrypto and workers side by side. */
function dividedBackend(host: WebCryptoDeferral, workers: WorkerDeferral): Backend {
  const deferral = new DividedDeferral(host, workers);
  return {
    host: DECLINING_HOST,
    deferral,
    start: async (port) => deferral.attach(port),
    flush: () => workers.flush(),
    reap: () => workers.reap(),
    settle: () => deferral.settle(),
    drop: (queue) => deferral.drop(queue),
    dispose: () => deferral.dispose(),
    counts: () => ({
      host: host.operations,
      hostBytes: host.bytes,
      workers: workers.operations,
      perWorker: workers.perWorker,
    }),
  };
}

/** The host's cryptography in a browser: it answers later, so that requests are deferred to it. */
function webCryptoBackend(memory: WasmMemory): Backend {
  const subtle = subtleCrypto();
  const deferral = subtle && new WebCryptoDeferral(subtle, memory, HOST_ALWAYS);
  return {
    host: DECLINING_HOST,
    deferral: deferral ?? NO_DEFERRAL,
    start: async (port) => {
      if (deferral) deferral.start(port);
      else
        port.report({
          kind: 'unavailable',
          message: 'There is no WebCrypto: a page has to come over https, or from localhost, to have it.',
        });
    },
    flush: () => {},
    reap: () => {},
    settle: () => deferral?.settle(),
    drop: (queue) => deferral?.drop(queue),
    dispose: () => deferral?.dispose(),
    counts: () => ({
      host: deferral?.operations ?? 0,
      hostBytes: deferral?.bytes ?? 0,
      workers: 0,
      perWorker: [],
    }),
  };
}
