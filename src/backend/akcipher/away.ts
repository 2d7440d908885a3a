import type { EcdsaArithmetic } from '../../akcipher/contract.ts';
import type { Clock } from '../../clock.ts';
import type { BackendEvent } from '../contract.ts';
import type { CreateWorker } from '../workers/browser_worker.ts';
import type { AkcipherPool } from './pool.ts';

/** What is loaded on demand has failed if it has not come within this time, in milliseconds. */
const LOAD_MS = 30_000;

/** Where long requests of the AKCIPHER service run. */
export interface AwayChoice {
  /** Number of workers. 0: everything runs in the device's thread. */
  workers: number;
  /** Whether node:crypto does private operations of RSA in the workers. */
  usesHost: boolean;
  createWorker: CreateWorker | undefined;
}

/** The device, as Away sees it. */
export interface AwayPort {
  clock: Clock;
  report(event: BackendEvent): void;
  /** Called as a turn of the device when something that requests may wait for has come, or will not come. */
  changed(): void;
}

type OnDemand = typeof import('./on_demand.ts');

/** What this program has loaded already, for all of its devices. */
let loaded: OnDemand | undefined;

/** Loads what devices otherwise load on demand, so that no request waits for it. */
export async function loadOnDemand(): Promise<OnDemand> {
  loaded ??= await import('./on_demand.ts');
  return loaded;
}

type State<Value> = 'idle' | 'coming' | 'failed' | { value: Value };

/** Loads the arithmetic on curves and the workers, once a request needs them. */
export class Away {
  readonly #modulusBits: number;
  #port: AwayPort | undefined;
  #choice: AwayChoice = { workers: 0, usesHost: false, createWorker: undefined };
  #curves: State<EcdsaArithmetic> = 'idle';
  #pool: State<AkcipherPool> = 'idle';

  /** @param modulusBits the longest modulus that is allowed, in bits */
  constructor(modulusBits: number) {
    this.#modulusBits = modulusBits;
  }

  attach(port: AwayPort): void {
    this.#port = port;
  }

  /** Ends the workers of the choice before. No request may be under way. */
  choose(choice: AwayChoice): void {
    this.end();
    this.#choice = choice;
    this.#pool = 'idle';
  }

  /** Whether the host's cryptography was chosen. */
  get usesHost(): boolean {
    return this.#choice.usesHost;
  }

  get curves(): EcdsaArithmetic | undefined {
    return comeOf(this.#curves);
  }

  /** Workers that take requests; 'coming': there will be some; undefined: there are none. */
  get pool(): AkcipherPool | 'coming' | undefined {
    const pool = comeOf(this.#pool);
    return pool?.working ? pool : this.#pool === 'coming' ? 'coming' : undefined;
  }

  /** Begins to load the arithmetic on curves, unless that was done. Returns whether it is still to come. */
  awaitsCurves(): boolean {
    const port = this.#port;
    if (loaded && typeof this.#curves !== 'object') this.#curves = { value: new loaded.CurveArithmetic() };
    if (this.#curves === 'idle' && port) {
      this.#curves = 'coming';
      void this.#load(port).then((module) => {
        if (typeof this.#curves !== 'object')
          this.#curves = module ? { value: new module.CurveArithmetic() } : 'failed';
        port.changed();
      });
    }
    return this.#curves === 'coming';
  }

  /** After a failure, what failed is tried again. */
  retry(): void {
    if (this.#curves === 'failed') this.#curves = 'idle';
    if (this.#pool === 'failed') this.#pool = 'idle';
  }

  /** Begins to start workers, unless that was done, or none were chosen. */
  begin(): void {
    const port = this.#port;
    if (this.#pool !== 'idle' || this.#choice.workers === 0 || !port) return;
    this.#pool = 'coming';
    const choice = this.#choice;
    void this.#start(port, choice).then((pool) => {
      // Another choice was made meanwhile.
      if (this.#choice !== choice) {
        void pool?.end();
        return;
      }
      this.#pool = pool ? { value: pool } : 'failed';
      port.changed();
    });
  }

  /** Ends the workers. */
  end(): void {
    void comeOf(this.#pool)?.end();
    this.#pool = 'failed';
    this.#choice = { ...this.#choice, workers: 0 };
  }

  async #start(port: AwayPort, choice: AwayChoice): Promise<AkcipherPool | undefined> {
    const module = await this.#load(port);
    if (!module || this.#choice !== choice) return undefined;
    const pool = new module.AkcipherPool({
      ...choice,
      ...{ modulusBits: this.#modulusBits, clock: port.clock },
      lost: (reason) => {
        const message = `A worker for asymmetric requests was lost: ${reason} Its requests are run again.`;
        port.report({ kind: 'worker-lost', message });
      },
    });
    try {
      await pool.start();
      return pool;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      port.report({ kind: 'unavailable', message: `No worker for asymmetric requests could be started: ${reason}` });
      return undefined;
    }
  }

  async #load({ clock, report }: AwayPort): Promise<OnDemand | undefined> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = clock.schedule(() => reject(new Error(`it did not come within ${LOAD_MS / 1000} s.`)), LOAD_MS);
    });
    try {
      return await Promise.race([loadOnDemand(), late]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      report({ kind: 'unavailable', message: `A part of the library could not be loaded: ${reason}` });
      return undefined;
    } finally {
      cancel();
    }
  }
}

function comeOf<Value>(state: State<Value>): Value | undefined {
  return typeof state === 'object' ? state.value : undefined;
}
