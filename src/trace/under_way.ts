import type { Chain } from './chain.ts';

/** A chain that the device has taken, and the time when it did. */
export interface ChainUnderWay {
  chain: Chain;
  /** Milliseconds of performance.now(). */
  startedAt: number;
}

/** Chains that a device holds, by queue and buffer id. */
export class UnderWay {
  readonly #queues = new Map<number, Map<number, ChainUnderWay>>();
  #descriptors = 0;

  /** Number of descriptors in all chains. */
  get descriptors(): number {
    return this.#descriptors;
  }

  has(queue: number): boolean {
    return (this.#queues.get(queue)?.size ?? 0) > 0;
  }

  add(queue: number, chain: Chain, startedAt: number): void {
    // If a driver offers an id again, the older chain will not be completed any more.
    this.take(queue, chain.id);
    const chains = this.#queues.get(queue) ?? new Map<number, ChainUnderWay>();
    this.#queues.set(queue, chains);
    chains.set(chain.id, { chain, startedAt });
    this.#descriptors += chain.descriptors.length;
  }

  take(queue: number, id: number): ChainUnderWay | undefined {
    const found = this.#queues.get(queue)?.get(id);
    if (!found) return undefined;
    this.#queues.get(queue)?.delete(id);
    this.#descriptors -= found.chain.descriptors.length;
    return found;
  }

  clear(queue: number): void {
    for (const id of [...(this.#queues.get(queue)?.keys() ?? [])]) this.take(queue, id);
  }
}
