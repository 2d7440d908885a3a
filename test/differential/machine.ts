import { DEVICE_ID_CRYPTO, F_REVISION_1 } from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import type { BackendOptions } from '../../src/backend/options.ts';
import { hostClock } from '../../src/clock.ts';
import { CryptoDevice } from '../../src/device/device.ts';
import type { DeviceFault } from '../../src/device/faults.ts';
import type { DeviceState } from '../../src/device/state.ts';
import type { Counts } from '../../src/device/statistics.ts';
import { CryptoDriver } from '../../src/driver/driver.ts';
import { MmioTransport } from '../../src/driver/mmio_transport.ts';
import { type RequestMode, statelessFeature } from '../../src/driver/operations.ts';
import type { DriverOptions } from '../../src/driver/options.ts';
import type { Chain } from '../../src/driver/queue.ts';
import { RamAllocator } from '../../src/driver/ram.ts';
import { KNOWN_FEATURES } from '../../src/driver/ring_driver.ts';
import { type SessionParameters, serviceOf } from '../../src/driver/sessions.ts';
import { engineBuild } from '../../src/engine/load.ts';
import { VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { noise } from '../support/memory.ts';
import type { Configuration } from './configurations.ts';
import { type Placed, placeProgram } from './placement.ts';
import { type Event, LAYOUTS, type Layout, type Program } from './program.ts';
import { pick, sessionsOf } from './sessions.ts';

const PAGE_BYTES = 65536;
const MEMORY_PAGES_MAX = 65536;
const RAM_BYTES = 8 * PAGE_BYTES;
/** Memory of the driver's own, for rings, tables and control requests. Around it and around the arena stand bytes that nobody may change. */
const DRIVER = { start: 0x1000, end: 0x30000 };
export const ARENA = { start: DRIVER.end, end: RAM_BYTES - 0x1000 };
const MAX_REQUEST_BYTES = 65536;
const MAX_SESSIONS = 12;
/** What stands in memory before a program begins. */
const PRISTINE = noise(RAM_BYTES, 99);

/** A program whose device does not go on for so long hangs. */
const HANG_MS = 20_000;

const bit = (number: number) => 1n << BigInt(number);
const DRIVER_LAYOUTS: Record<Layout, DriverOptions> = {
  legacy: { layout: 'legacy' },
  REVISION_1: { layout: 'revision1', stateless: false },
  stateless: { layout: 'revision1' },
};

/** What is exchanged for what, by the numbers of programs. */
const EXCHANGES: readonly BackendOptions[] = [
  { backend: 'inline' },
  { backend: 'workers', workers: 1 },
  { backend: 'host' },
  { backend: 'workers', workers: 2 },
  { backend: 'auto', workers: 1 },
];

/** What a driver sees of a program, and what the device says of it. */
export interface Outcome {
  parameters: readonly SessionParameters[];
  /** Of the program's sessions. */
  ids: readonly bigint[];
  /** Status and id of each session, then of those that were opened later, with the statuses of closing. */
  sessions: string[];
  placed: readonly Placed[];
  /** used.len of each request; undefined: it was not completed. */
  written: (number | undefined)[];
  /** The requests in the order in which they were completed. */
  order: number[];
  fault: Pick<DeviceFault, 'code' | 'queue'> | undefined;
  counts: Record<string, number>;
  /** Guest memory without the driver's part: a view that the machine's next program changes. */
  memory: Buffer[];
  /** What neither device nor driver may do: an exception, a hang. */
  broken: string | undefined;
}

/** A device of one configuration and its drivers, one a layout: programs run on it one after the other. */
export class Machine {
  readonly configuration: Configuration;
  readonly device: CryptoDevice;
  readonly #memory: WebAssembly.Memory;
  readonly #drivers: ReadonlyMap<Layout, CryptoDriver>;
  /** The device as it was made: session ids begin anew with each program. */
  readonly #initial: DeviceState;
  #driver: CryptoDriver;
  #interrupted = false;
  #wake: () => void = () => {};
  #broken: string | undefined;
  #exchanged = false;
  /** Statistics after the last program. */
  #counted: Record<string, number>;

  private constructor(configuration: Configuration) {
    const { ring, queueSize, backend, limits, sharedMemory } = configuration;
    this.configuration = configuration;
    const initial = 1 + RAM_BYTES / PAGE_BYTES;
    const memory = new WebAssembly.Memory(
      sharedMemory ? { initial, maximum: MEMORY_PAGES_MAX, shared: true } : { initial },
    );
    this.#memory = memory;
    this.device = this.#asConfigured(
      () =>
        new CryptoDevice({
          guest: { memory, regions: [{ guestAddress: 0, bytes: RAM_BYTES, offset: PAGE_BYTES }] },
          queueSize,
          maxSessions: MAX_SESSIONS,
          maxRequestBytes: MAX_REQUEST_BYTES,
          algorithms: 'all',
          features: { packed: ring === 'packed' },
          // A process that waits for requests lives on.
          clock: hostClock(true),
          ...backend,
          ...(limits ? { limits } : {}),
        }),
    );
    this.#initial = this.device.save();
    this.#counted = this.#counts();
    const registers = new VirtioMmio(this.device, (level) => {
      if (level) this.#interrupt();
    });
    const transport = new MmioTransport(registers, DEVICE_ID_CRYPTO);
    const allocator = new RamAllocator(DRIVER.start, DRIVER.end);
    const make = (layout: Layout): [Layout, CryptoDriver] => {
      const options = { ...DRIVER_LAYOUTS[layout], inOrder: configuration.inOrder === true, queueSize };
      const features = featuresOf(configuration);
      return [layout, new CryptoDriver(transport, () => this.#ram, allocator, { ...options, features })];
    };
    this.#drivers = new Map(LAYOUTS.map(make));
    this.#driver = this.#driverOf('legacy');
  }

  /** Makes a device; its backend is at work. */
  static async make(configuration: Configuration): Promise<Machine> {
    const machine = new Machine(configuration);
    await machine.device.backendReady;
    return machine;
  }

  dispose(): void {
    this.device.dispose();
  }

  /**
   * Runs a program from the device's reset on.
   * @param reference what came of it elsewhere: when as much has come of it here, it is over
   */
  async run(program: Program, reference?: Outcome): Promise<Outcome> {
    this.#broken = undefined;
    this.device.restore(this.#initial);
    this.#ram.set(PRISTINE);
    this.#driver = this.#driverOf(program.layout);
    this.#driver.start();
    const sessions = reference?.parameters ?? sessionsOf(program);
    const run = new Run(program, sessions);
    try {
      for (const parameters of sessions) await this.#open(run, parameters);
      const isSame = reference?.ids.every((id, i) => id === run.ids[i]) ?? false;
      run.placed = reference && isSame ? reference.placed : this.#place(run);
      for (const { contents } of run.placed) for (const { address, bytes } of contents) this.#ram.set(bytes, address);
      await this.#send(run);
      await this.#until(() => this.#isOver(run, reference));
    } catch (error) {
      this.#broken ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const { fault } = this.device;
    const before = this.#counted;
    this.#counted = this.#counts();
    const outcome: Outcome = {
      parameters: sessions,
      ids: run.ids,
      sessions: run.sessions,
      placed: run.placed,
      written: run.written,
      order: run.order,
      fault: fault && { code: fault.code, queue: fault.queue },
      counts: difference(before, this.#counted),
      memory: [this.#stretch(0, DRIVER.start), this.#stretch(ARENA.start, RAM_BYTES)],
      broken: this.#broken,
    };
    this.#driver.stop();
    if (this.#exchanged) await this.#exchange(this.configuration.backend);
    this.#exchanged = false;
    return outcome;
  }

  /** Whether all is done that will be, of requests before the one that stops the device as well. */
  #isOver({ order, placed }: Run, reference?: Outcome): boolean {
    const stopped = this.device.fault !== undefined;
    if (reference) return order.length >= reference.order.length && stopped === (reference.fault !== undefined);
    return stopped || order.length >= placed.length;
  }

  get #ram(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, PAGE_BYTES, RAM_BYTES);
  }

  #stretch(start: number, end: number): Buffer {
    return Buffer.from(this.#memory.buffer, PAGE_BYTES + start, end - start);
  }

  #driverOf(layout: Layout): CryptoDriver {
    const driver = this.#drivers.get(layout);
    if (!driver) throw new Error(`There is no driver for the layout ${layout}.`);
    return driver;
  }

  #layoutOf(parameters: SessionParameters): Pick<RequestMode, 'revision1' | 'statelessLayout'> {
    const driver = this.#driver;
    return { revision1: driver.has(F_REVISION_1), statelessLayout: driver.has(statelessFeature(parameters)) };
  }

  #place({ program, parameters, ids }: Run): Placed[] {
    return placeProgram(program, parameters, ids, (session) => this.#layoutOf(session), ARENA);
  }

  async #open(run: Run, parameters: SessionParameters): Promise<void> {
    const { status, id } = await this.#answered(this.#driver.createSession(parameters));
    run.sessions.push(`${status} ${id}`);
    run.ids.push(id);
  }

  /** Makes the requests available, with notifications where the program has them. */
  async #send(run: Run): Promise<void> {
    const { oneByOne } = this.configuration;
    const driver = this.#driver;
    for (const [index, { chain }] of run.placed.entries()) {
      const plan = pick(run.program.requests, index);
      await this.#happen(run, plan.before);
      if (this.device.fault) return;
      const descriptors = this.#descriptorsOf(chain);
      if (run.used + descriptors > this.configuration.queueSize) {
        driver.notify(0);
        await this.#untilFaultOr(() => run.used + descriptors <= this.configuration.queueSize);
      }
      if (this.device.fault) return;
      run.used += descriptors;
      driver.submitChain(0, chain, true).then(
        ({ written }) => {
          run.complete(index, written, descriptors);
          this.#wake();
        },
        () => {},
      );
      if (oneByOne || plan.notify) driver.notify(0);
      if (oneByOne) await this.#untilFaultOr(() => run.written[index] !== undefined);
    }
    driver.notify(0);
  }

  async #happen(run: Run, event: Event): Promise<void> {
    if (event.kind === 'nothing') return;
    this.#driver.notify(0);
    if (event.kind === 'close') await this.#close(run, event.session % run.ids.length);
    else if (event.kind === 'settle') this.device.settle();
    else if (this.configuration.exchanges) {
      const ready = this.#exchange(pick(EXCHANGES, event.backend));
      this.#exchanged = true;
      if (event.wait) await ready;
    }
  }

  /** Closes a session, and opens another one, whose keys then stand in its slot. */
  async #close(run: Run, session: number): Promise<void> {
    const [queue] = this.#driver.queues;
    // No order holds between queues: requests that are still in their ring would find their session closed, or not.
    await this.#untilFaultOr(() => this.device.positions(0).nextAvail === queue?.nextOffset);
    if (this.device.fault) return;
    const sessions = run.parameters;
    const driver = this.#driver;
    const closed = await this.#answered(
      driver.destroySession(run.ids[session] ?? 0n, serviceOf(pick(sessions, session))),
    );
    const { status, id } = await this.#answered(driver.createSession(pick(sessions, session + 1)));
    run.sessions.push(`${closed}, then ${status} ${id}`);
  }

  #exchange(backend: BackendOptions): Promise<void> {
    return this.#asConfigured(() => this.device.useBackend(backend));
  }

  #descriptorsOf({ readable, writable, indirect = true }: Chain): number {
    const buffers = readable.length + writable.length;
    return indirect && buffers > 1 && this.#driver.has(virtio.F_INDIRECT_DESC) ? 1 : buffers;
  }

  /** An interrupt is taken after what caused it, not inside it. */
  #interrupt(): void {
    if (this.#interrupted) return;
    this.#interrupted = true;
    queueMicrotask(() => {
      this.#interrupted = false;
      try {
        this.#driver.interrupt();
      } catch (error) {
        this.#broken ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
      this.#wake();
    });
  }

  /** Waits until a condition holds, or the device has stopped. */
  #untilFaultOr(condition: () => boolean): Promise<void> {
    return this.#until(() => condition() || this.device.fault !== undefined);
  }

  /** Waits until a condition holds: it is looked at whenever the device has interrupted, and when a request is completed. */
  async #until(condition: () => boolean): Promise<void> {
    try {
      await this.#answered(
        new Promise<void>((resolve) => {
          this.#wake = () => {
            if (condition() || this.#broken !== undefined) resolve();
          };
          this.#wake();
        }),
      );
    } finally {
      this.#wake = () => {};
    }
  }

  /** @throws Error when the answer does not come: nothing hangs because a device does */
  async #answered<T>(answer: Promise<T>): Promise<T> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new Error(`The device did not go on within ${HANG_MS} ms.`)), HANG_MS);
      cancel = () => clearTimeout(timer);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      cancel();
    }
  }

  /** Runs what looks around for the engine's build and for the host's cryptography. */
  #asConfigured<T>(action: () => T): T {
    const { build = engineBuild(), webcrypto = false } = this.configuration;
    const { validate } = WebAssembly;
    const { getBuiltinModule } = process;
    WebAssembly.validate = () => build === 'relaxed-simd';
    if (webcrypto) {
      const without = (name: string) => (name === 'node:crypto' ? undefined : getBuiltinModule(name));
      Object.assign(process, { getBuiltinModule: without });
    }
    try {
      return action();
    } finally {
      WebAssembly.validate = validate;
      Object.assign(process, { getBuiltinModule });
    }
  }

  /** Requests, errors and bytes of each queue and each service. */
  #counts(): Record<string, number> {
    const { queues, services } = this.device.statistics();
    const named: [string, Counts][] = [
      ...queues.map((queue) => [queue.kind, queue] as [string, Counts]),
      ...Object.entries(services),
    ];
    return Object.fromEntries(
      named.flatMap(([name, { requests, bytes, errors }]) => [
        [`${name}: requests`, requests],
        [`${name}: bytes`, bytes],
        ...Object.entries(errors).map(([status, count]) => [`${name}: ${status}`, count] as const),
      ]),
    );
  }
}

/** A program under way. */
class Run {
  readonly program: Program;
  readonly parameters: readonly SessionParameters[];
  readonly sessions: string[] = [];
  readonly ids: bigint[] = [];
  placed: readonly Placed[] = [];
  readonly written: (number | undefined)[] = [];
  readonly order: number[] = [];
  /** Descriptors of the data ring that the device has. */
  used = 0;

  constructor(program: Program, parameters: readonly SessionParameters[]) {
    this.program = program;
    this.parameters = parameters;
  }

  complete(index: number, written: number, descriptors: number): void {
    this.written[index] = written;
    this.order.push(index);
    this.used -= descriptors;
  }
}

function featuresOf({ ring, eventIdx, indirect }: Configuration): bigint {
  const optional = bit(virtio.F_EVENT_IDX) | bit(virtio.F_INDIRECT_DESC) | bit(virtio.F_RING_PACKED);
  let features = KNOWN_FEATURES & ~optional;
  if (eventIdx) features |= bit(virtio.F_EVENT_IDX);
  if (indirect) features |= bit(virtio.F_INDIRECT_DESC);
  if (ring === 'packed') features |= bit(virtio.F_RING_PACKED);
  return features;
}

function difference(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}
