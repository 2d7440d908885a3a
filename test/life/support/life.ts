// A life from its beginning to its end, and what has to be true whenever everything that was begun has come to an end.
import { CRYPTO_ERR, CRYPTO_INVSESS } from '../../../spec/crypto.ts';
import { Wrong } from './chains.ts';
import { OFFSET, RAM_BYTES } from './guest.ts';
import { MAX_SESSIONS, type Machine } from './machine.ts';
import type { Operation } from './operations.ts';
import { KEYS, keyBytes } from './requests.ts';
import type { Workers } from './workers.ts';

/** What has not come to an end in so many rounds never will; where real time goes by, in so many milliseconds. */
const ROUNDS = 300;
const HANGS_MS = 10_000;
/** So long threads are waited for where one of them hangs. */
const HUNG_MS = 100;
/** Longer than anything waits. */
const LONG_MS = 11_000;
/** Requests of so many slots are offered beyond those that there are. */
const MORE = 5;

/**
 * Lives a life.
 * @throws Wrong where the driver finds what it must not, and whatever else goes wrong
 */
export async function liveWith(machine: Machine, workers: Workers, operations: readonly Operation[]): Promise<void> {
  const life = new Life(machine, workers);
  machine.surfaced.listen();
  try {
    await life.live(operations);
  } finally {
    machine.disarm();
    machine.perform({ do: 'end', how: 'dispose' });
    machine.surfaced.restore();
  }
}

class Life {
  readonly #machine: Machine;
  readonly #workers: Workers;

  constructor(machine: Machine, workers: Workers) {
    this.#machine = machine;
    this.#workers = workers;
  }

  async live(operations: readonly Operation[]): Promise<void> {
    const machine = this.#machine;
    await turn();
    for (const operation of operations) {
      switch (operation.do) {
        case 'turn':
          await turn();
          if (this.#workers.real) await new Promise((resolve) => setTimeout(resolve, 1));
          break;
        case 'starting':
          this.#workers.starting = operation.how;
          break;
        case 'quiesce':
          await this.#quiesce();
          break;
        case 'arm':
          machine.arm(operation);
          break;
        default:
          machine.perform(operation);
      }
      machine.afterwards();
    }
    await this.#quiesce();
    this.#workers.starting = 'well';
    await this.#checkSlots();
    await this.#checkMoved();
    machine.perform({ do: 'end', how: 'dispose' });
    await this.#checkLeft();
  }

  /** Everything comes to its end: each chain is answered, and RAM holds that and nothing else. */
  async #quiesce(): Promise<void> {
    const machine = this.#machine;
    const { driver, setting } = machine;
    machine.disarm();
    machine.mend();
    machine.perform({ do: 'start' });
    machine.perform({ do: 'enable' });
    machine.perform({ do: 'release' });
    for (const queue of driver.queues) machine.perform({ do: 'notify', queue });
    machine.afterwards();
    const takesTime = this.#workers.real || setting.browser;
    const begun = performance.now();
    for (let round = 0; driver.pending() > 0 && driver.untold.length === 0; round++) {
      const passed = performance.now() - begun;
      if (takesTime ? passed > HANGS_MS : round > ROUNDS) {
        const left = driver.queues.map((queue) => driver.pending(queue));
        throw new Wrong(`chains are never answered: of the queues ${left.join(', ')}`);
      }
      this.#workers.workOn();
      await turn();
      // Threads are given the time that they need before they count as such that hang.
      const slow = this.#workers.real ? passed < (this.#workers.hanging ? HUNG_MS : HANGS_MS / 5) : round < 20;
      machine.clock.advance(slow ? 1 : round < 100 ? 50 : 2000);
      machine.afterwards();
      machine.mend();
    }
    if (this.#workers.trespassed) throw new Wrong('two workers have their engines in the same place');
    const { untold } = driver;
    if (untold.length > 0)
      throw new Wrong(`chains of the queues ${untold.join(', ')} are used, and no interrupt says so`);
    const at = machine.guest.firstDifference(driver.deviceAreas);
    if (at !== undefined) throw new Wrong(`guest address 0x${at.toString(16)} is not what it has to be`);
    this.#checkStatistics();
    this.#checkSessions();
    await this.#checkKeys();
  }

  #checkStatistics(): void {
    const { device, driver, miscounted } = this.#machine;
    const { queues, services, elsewhere } = device.statistics();
    for (const [index, { requests, errors }] of queues.entries()) {
      const { answered, lost, statuses } = driver.answers(index);
      const among = (status: number) => statuses.get(status) ?? 0;
      // Chains that were lost may have been run before; what a notification ran that failed is not counted.
      const expectCounted = (what: string, value: number, seen: number) =>
        within(`${what} of queue ${index}`, value, miscounted ? 0 : seen, seen + lost);
      expectCounted('requests', requests, answered);
      expectCounted('INVSESS', errors.invsess, among(CRYPTO_INVSESS));
      expectCounted('ERR', errors.err, among(CRYPTO_ERR));
      const since = driver.answered(index);
      within(`requests(${index})`, device.requests(index), since, since);
    }
    const data = queues.slice(0, -1).reduce((sum, { requests }) => sum + requests, 0);
    const byService = Object.values(services).reduce((sum, { requests }) => sum + requests, 0);
    within('requests of all services', byService, data, data);
    const byWorkers = elsewhere.perWorker.reduce((sum, { requests }) => sum + requests, 0);
    within('requests that workers finished', byWorkers, 0, elsewhere.workers);
  }

  #checkSessions(): void {
    const { device, driver } = this.#machine;
    within('sessions', device.sessionCount, driver.open.length, driver.open.length + driver.unknown);
  }

  /** Beside RAM, which is the driver's, memory has no key of a session that is closed. */
  async #checkKeys(): Promise<void> {
    const { driver, guest } = this.#machine;
    // A copy goes with the last request that a worker has in its session.
    if (this.#workers.hanging) return;
    this.#workers.workOn();
    await turn();
    this.#machine.afterwards();
    const behind = Buffer.from(guest.memory.buffer).subarray(OFFSET + RAM_BYTES);
    const { keysInUse } = driver;
    for (let key = 0; key < KEYS; key++) {
      if (!keysInUse.includes(key) && behind.includes(Buffer.from(keyBytes(key)))) {
        throw new Wrong(`key ${key} outlives its session`);
      }
    }
  }

  /** All slots of deferred requests are free: so many are taken at once. */
  async #checkSlots(): Promise<void> {
    const machine = this.#machine;
    const { driver, setting } = machine;
    const { backend, workers } = machine.device.backend;
    if (backend !== 'workers') return;
    // Each worker that was lost has been replaced.
    await turn();
    if (this.#workers.reliable) within('workers', this.#workers.alive, workers, workers);
    if (Object.keys(setting.limits).length > 0) return;
    while (driver.open.length >= MAX_SESSIONS) {
      machine.perform({ do: 'close', session: driver.open[0] ?? 0 });
      machine.afterwards();
    }
    machine.perform({ do: 'open', kind: 0, key: 0 });
    machine.afterwards();
    const slots = this.#workers.real ? 64 : setting.slots;
    const count = Math.min(slots + MORE, driver.capacity(0));
    const elsewhere = () => machine.device.statistics().elsewhere.workers;
    let taken = 0;
    for (let attempt = 0; attempt < 10 && taken < Math.min(count, slots); attempt++) {
      const before = elsewhere();
      const session = driver.open.length - 1;
      machine.perform({ do: 'submit', queue: 0, count, size: 0, session, shape: 'apart', notify: true });
      taken = elsewhere() - before;
      machine.afterwards();
      // Where no worker could be started, there is nothing to be seen.
      if (taken === 0 && driver.pending() === 0) return;
      await this.#quiesce();
      // What a worker that hangs still has is free once that is replaced.
      machine.clock.advance(2 * LONG_MS);
      await turn();
    }
    within(`slots that are free, of ${slots}`, taken, Math.min(count, slots), slots);
  }

  /** The device is saved, goes on, and is restored elsewhere: it goes on there. */
  async #checkMoved(): Promise<void> {
    const machine = this.#machine;
    const some = { do: 'submit', queue: 0, count: 3, size: 1, session: 0, shape: 'apart', notify: true } as const;
    machine.perform({ do: 'save', keys: true });
    machine.perform(some);
    await this.#quiesce();
    machine.perform({ do: 'restore', save: 2, first: 'device', into: 'fresh', json: true });
    machine.perform(some);
    await this.#quiesce();
  }

  /** Nothing is left of devices that are gone: no timer, no worker, no key; and what handlers threw has surfaced once. */
  async #checkLeft(): Promise<void> {
    const machine = this.#machine;
    const { clocks, surfaced } = machine;
    const latest = performance.now() + HANGS_MS;
    for (
      let round = 0;
      round < 10 || (this.#workers.alive > 0 && this.#workers.real && performance.now() < latest);
      round++
    ) {
      await turn();
      for (const clock of clocks) clock.advance(LONG_MS);
    }
    machine.afterwards();
    if (clocks.some(({ pending }) => pending > 0)) throw new Wrong('a device that is gone has left a timer');
    const { alive } = this.#workers;
    if (alive > 0) throw new Wrong(`devices that are gone have left ${alive} workers`);
    await this.#checkKeys();
    const { astray } = surfaced;
    if (astray.length > 0) throw new Wrong(astray.join('; '));
  }
}

function within(what: string, value: number, least: number, most: number): void {
  if (value < least || value > most) throw new Wrong(`${what}: ${value}, want ${least} to ${most}`);
}

/** Lets promises, results and other threads have their turn. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
