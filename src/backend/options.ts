import { checkSwitch } from '../check.ts';
import { BACKENDS, type BackendName, type RequestCosts } from './contract.ts';
import { parseCosts } from './placement/known_costs.ts';
import { parseThresholds, type Thresholds } from './placement/thresholds.ts';
import { type CreateWorker, resolveWorkerSource, type WorkerSource } from './workers/browser_worker.ts';
import { WORKERS_MAX } from './workers/control.ts';
import { defaultWorkers } from './workers/cores.ts';

/** The choice of a backend: where a device's requests run. The engine runs every request that the backend does not take. */
export interface BackendOptions extends WorkerSource {
  /**
   * Where requests run. Default 'auto'.
   * - 'inline': in the engine.
   * - 'host': in node:crypto or, in a browser, in WebCrypto, if they compute the same.
   * - 'workers': in worker threads, once they have started.
   * - 'auto': where measurements say that a request is fastest, by its algorithm, its size, and the number of requests available at
   *   once. The workers start with the first session that may need them.
   */
  backend?: BackendName;
  /** Number of workers for 'workers' and 'auto', 1 to 64. Default: one for each core, at most 4. */
  workers?: number;
  /** For 'auto': the sizes from which requests run outside the engine. Default: figures measured by the library's authors. */
  thresholds?: Thresholds;
  /**
   * For 'auto' without thresholds: whether the device measures what requests cost at each place while they run, and sends them where they
   * are cheapest. It tries other places for at most a hundredth of the time. Default true. With false, requests run where figures
   * of the library's authors say, which is the same place in each run.
   */
  learn?: boolean;
  /**
   * For 'auto' that learns: what requests cost when they were measured before, as `statistics().costs` or `virtio-crypto calibrate` gives it.
   * The device begins with these costs, and goes on measuring. They should be of the same machine. Default: figures of the library's
   * authors.
   */
  costs?: readonly RequestCosts[];
  /**
   * For 'auto': whether the guest runs in the device's thread, as in v86. The guest's work then drives node:crypto out of the
   * processor's caches, and the guest loses the time that it waits for WebCrypto. Default false.
   */
  guestInThread?: boolean;
}

/** A choice that was checked. A workerUrl has become a createWorker. */
export interface ResolvedBackend {
  backend: BackendName;
  /** Number of workers. */
  workers: number;
  guestInThread: boolean;
  learn: boolean;
  /** Left out: nothing is known before the first request. */
  costs?: readonly RequestCosts[];
  /** Left out: the default thresholds. */
  thresholds?: Thresholds;
  createWorker?: CreateWorker;
}

/**
 * Checks a choice of backend.
 * @throws RangeError for an unknown backend or a wrong number of workers; the message names the possible values
 * @throws TypeError for a wrong source of workers, or a guestInThread or learn that is not a boolean
 * @throws ThresholdsError for invalid thresholds
 * @throws CostsError for invalid costs
 */
export function resolveBackend({
  backend = 'auto',
  workers = defaultWorkers(),
  thresholds,
  guestInThread = false,
  learn = true,
  costs,
  ...source
}: BackendOptions): ResolvedBackend {
  if (!BACKENDS.includes(backend)) {
    throw new RangeError(`backend is ${String(backend)}: give ${BACKENDS.join(', ')}.`);
  }
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX) {
    throw new RangeError(`workers is ${workers}: give a whole number from 1 to ${WORKERS_MAX}.`);
  }
  checkSwitch('guestInThread', guestInThread);
  checkSwitch('learn', learn);
  const createWorker = resolveWorkerSource(source);
  return {
    backend,
    workers,
    guestInThread,
    learn,
    ...(costs === undefined ? {} : { costs: parseCosts(costs) }),
    ...(thresholds === undefined ? {} : { thresholds: parseThresholds(thresholds) }),
    ...(createWorker && { createWorker }),
  };
}
