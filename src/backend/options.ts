import { checkSwitch } from '../check.ts';
import { BACKENDS, type BackendName } from './contract.ts';
import { parseThresholds, type Thresholds } from './placement/thresholds.ts';
import { type CreateWorker, resolveWorkerSource, type WorkerSource } from './workers/browser_worker.ts';
import { WORKERS_MAX } from './workers/control.ts';
import { defaultWorkers } from './workers/cores.ts';

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
  /**
   * For 'auto': whether the guest runs in the device's thread, as one of v86 does. Its work then leaves no place for node:crypto in the
   * processor's caches, and it loses what it waits for WebCrypto. Default false.
   */
  guestInThread?: boolean;
}

/** A choice that was checked; a workerUrl has become a createWorker. */
export interface ResolvedBackend {
  backend: BackendName;
  workers: number;
  guestInThread: boolean;
  thresholds?: Thresholds;
  createWorker?: CreateWorker;
}

/**
 * Checks a choice of backend.
 * @throws RangeError that names what there is
 * @throws TypeError for a wrong source of workers, or a switch that is none
 * @throws ThresholdsError for thresholds that are none
 */
export function resolveBackend({
  backend = 'auto',
  workers = defaultWorkers(),
  thresholds,
  guestInThread = false,
  ...source
}: BackendOptions): ResolvedBackend {
  if (!BACKENDS.includes(backend)) {
    throw new RangeError(`backend is ${String(backend)}: give ${BACKENDS.join(', ')}.`);
  }
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX) {
    throw new RangeError(`workers is ${workers}: give a whole number from 1 to ${WORKERS_MAX}.`);
  }
  checkSwitch('guestInThread', guestInThread);
  const createWorker = resolveWorkerSource(source);
  return {
    backend,
    workers,
    guestInThread,
    ...(thresholds === undefined ? {} : { thresholds: parseThresholds(thresholds) }),
    ...(createWorker && { createWorker }),
  };
}
