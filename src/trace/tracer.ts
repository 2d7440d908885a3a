import * as crypto from '../../spec/crypto.ts';
import * as engine from '../../spec/engine.ts';
import { serviceNumbered } from '../../spec/services.ts';
import * as virtio from '../../spec/virtio.ts';
import type { RequestBackend } from '../backend/contract.ts';
import type { CryptoDevice } from '../device/device.ts';
import { hasFeature } from '../device/features.ts';
import type { QueueRegisters } from '../device/queue_registers.ts';
import type { DeviceObserver } from '../device/queue_runner.ts';
import type { SavedSession } from '../device/state.ts';
import { type Chain, lastWritableByte, readPackedChain, readResults, readSplitChain } from './chain.ts';
import { createdAlgorithm, decodeRequest } from './decode.ts';
import { GuestView } from './guest_view.ts';
import { DESCRIPTORS_A_REQUEST, LookBudget } from './look_budget.ts';
import { algorithmName, chainedAlgorithmName, directionName } from './names.ts';
import type { TracedBuffer, TracedRequest } from './request.ts';
import { type ChainUnderWay, UnderWay } from './under_way.ts';

/** A session that is open now, as an inspector lists it. */
export interface SessionInfo {
  id: string;
  algorithm: string;
  direction: string;
  keyBits: number;
  /** Milliseconds since 1970 at which it was made; undefined for one that was open before the tracer came. */
  openedAt: number | undefined;
}

export interface TracerOptions {
  /** Requests that are kept; older ones are forgotten, and sooner where chains are long. Default 256. */
  kept?: number;
  /**
   * Requests a second that are looked at, and 32 times as many descriptors of their chains; the others pass unseen. Infinity for a
   * complete trace: of chains that the device holds it sees 65536 descriptors. Default 400.
   */
  perSecond?: number;
}

/** The limit of a round that takes all that is available. */
const ALL = 0xffffffff;
const WRAP = 1 << virtio.EVENT_WRAP_BIT;

/**
 * Follows the requests of a device: reads each chain before the device takes it and its results after, from guest memory
 * alone. It can hold requests back and let them through one at a time; to the driver the device is then merely slow.
 *
 * What it costs does not depend on the guest: a look at a request takes some microseconds and 8 KiB at most, and LookBudget says how
 * many there may be, however many requests a notification is for and however long their chains are.
 */
export class DeviceTracer implements DeviceObserver {
  readonly #device: CryptoDevice;
  readonly #view: GuestView;
  readonly #kept: number;
  readonly #budget: LookBudget;
  #requests: TracedRequest[] = [];
  /** Descriptors of the requests that are kept. */
  #keptDescriptors = 0;
  readonly #openedAt = new Map<string, number>();
  readonly #algorithms = new Map<string, string>();
  #holding = false;
  /** Requests that may pass although all are held. */
  #passes = 0;
  #onHeld: (queue: number) => void = () => {};
  /** Chains that the device has taken, or is about to; those beyond the budget are missing. */
  readonly #underWay = new UnderWay();
  /** By queue: where the device puts its next used element. */
  readonly #nextUsed = new Map<number, number>();
  #requestsBefore = 0;

  /** Attaches itself to the device; detach() ends that. */
  constructor(device: CryptoDevice, options: TracerOptions = {}) {
    this.#device = device;
    this.#view = new GuestView(device.guest);
    this.#kept = options.kept ?? 256;
    this.#budget = new LookBudget(options.perSecond ?? 400);
    for (const session of device.sessions()) this.#algorithms.set(session.id, nameOf(session));
    device.observe(this);
  }

  detach(): void {
    this.release();
    this.#device.observe(undefined);
  }

  /** The requests that are kept and younger than `serial`, oldest first. */
  requestsSince(serial: number): TracedRequest[] {
    const first = this.#requests.findIndex((request) => request.serial > serial);
    return first < 0 ? [] : this.#requests.slice(first);
  }

  get holding(): boolean {
    return this.#holding;
  }

  /**
   * From now on the requests of the data queues wait in their rings. Control requests pass: older drivers wait for them in
   * a loop in which nothing else of the guest runs.
   * @param onHeld called when the driver notifies of some
   */
  hold(onHeld: (queue: number) => void = () => {}): void {
    this.#holding = true;
    this.#onHeld = onHeld;
  }

  /** Lets one request of a queue through; false when none waits there. */
  step(queue: number): boolean {
    if (!this.#device.queues[queue]?.enabled) return false;
    const before = this.#device.positions(queue).nextAvail;
    this.#passes = 1;
    this.#device.notify(queue);
    this.#passes = 0;
    return this.#device.positions(queue).nextAvail !== before;
  }

  /** The chain that a queue's device would take next, if the driver has made one available. */
  waiting(queue: number): Chain | undefined {
    const [chain] = this.#available(queue, 1);
    return chain;
  }

  /**
   * The same as a request, for whoever shows it: it has no results yet, took no time, and its serial number is 0. Where it runs is not
   * known before it does.
   */
  waitingRequest(queue: number): TracedRequest | undefined {
    const chain = this.waiting(queue);
    if (!chain) return undefined;
    const request = this.#describe(queue, chain);
    if (!request.control) request.algorithm = this.#algorithms.get(sessionOf(request));
    return request;
  }

  /** Ends hold(): everything that waits is answered. */
  release(): void {
    if (!this.#holding) return;
    this.#holding = false;
    for (let queue = 0; queue < this.#device.queues.length; queue++) this.#device.notify(queue);
  }

  /** The sessions that are open now. */
  sessions(): SessionInfo[] {
    return this.#device.sessions().map((session) => ({
      id: session.id,
      algorithm: nameOf(session),
      direction: directionName(parameter(session, engine.SESSION_DIRECTION)),
      keyBits: (session.key?.length ?? 0) * 4,
      openedAt: this.#openedAt.get(session.id),
    }));
  }

  beforeQueue(queue: number): number {
    const limit = this.#holding && queue < this.#device.options.dataQueues ? this.#passes : ALL;
    if (limit === 0) {
      this.#onHeld(queue);
      return 0;
    }
    this.#budget.refill(performance.now(), this.#underWay.descriptors);
    if (!this.#budget.left && !this.#underWay.has(queue)) {
      // Nothing here is, or was, looked at: at full speed that is most of all calls.
      this.#nextUsed.delete(queue);
      return limit;
    }
    const { nextAvail, nextUsed } = this.#device.positions(queue);
    this.#nextUsed.set(queue, nextUsed);
    // What was taken before a reset is never used.
    if (nextAvail === nextUsed) this.#underWay.clear(queue);
    this.#requestsBefore = this.#device.requests(queue);
    if (this.#budget.left) {
      const startedAt = performance.now();
      for (const chain of this.#available(queue, limit)) {
        this.#underWay.add(queue, chain, startedAt);
        this.#budget.spend(chain.descriptors.length);
        if (!this.#budget.left) break;
      }
    }
    return limit;
  }

  afterQueue(queue: number, backend: RequestBackend): void {
    let place = this.#nextUsed.get(queue);
    if (place === undefined) return;
    const now = performance.now();
    const registers = this.#device.queues[queue];
    const { nextUsed: end } = this.#device.positions(queue);
    this.#nextUsed.set(queue, end);
    if (!registers?.enabled) return;
    const batch = backend === 'inline' ? this.#device.requests(queue) - this.#requestsBefore : 1;
    while (place !== end) {
      const used = this.#usedAt(registers, place);
      const request = this.#underWay.take(queue, used.id);
      if (request) this.#keep(queue, request, used.bytes, now - request.startedAt, batch, backend);
      // Only its chain says how many places of a packed ring a used element stands for.
      else if (this.#packed) return;
      place = this.#packed ? advance(place, request?.chain.ringDescriptors ?? 1, registers.size) : (place + 1) & 0xffff;
    }
  }

  /** The chains that the device would take next, each read when it is asked for. */
  *#available(queue: number, limit: number): Generator<Chain> {
    const registers = this.#device.queues[queue];
    if (!registers?.enabled) return;
    const { size } = registers;
    const table = Number(registers.desc);
    let { nextAvail } = this.#device.positions(queue);
    if (this.#packed) {
      let left = size;
      for (let count = 0; left > 0 && count < limit && this.#isAvailable(table, nextAvail); count++) {
        const chain = readPackedChain(this.#view, table, size, nextAvail & (WRAP - 1));
        yield chain;
        // A chain has a descriptor at least; one that is not in RAM ends the walk.
        if (chain.ringDescriptors === 0) return;
        left -= chain.ringDescriptors;
        nextAvail = advance(nextAvail, chain.ringDescriptors, size);
      }
      return;
    }
    const available = Number(registers.driver);
    const end = this.#view.uint16(available + virtio.AVAIL_IDX) ?? nextAvail;
    const count = Math.min((end - nextAvail) & 0xffff, size, limit);
    for (let i = 0; i < count; i++) {
      const place = (nextAvail + i) & (size - 1);
      const head = this.#view.uint16(available + virtio.AVAIL_RING + place * virtio.AVAIL_ELEM_BYTES) ?? 0;
      yield readSplitChain(this.#view, table, size, head);
    }
  }

  /** What the device says of a chain that it has used. */
  #usedAt({ desc, device, size }: QueueRegisters, place: number): { id: number; bytes: number } {
    if (this.#packed) {
      const at = Number(desc) + (place & (WRAP - 1)) * virtio.DESC_BYTES;
      return {
        id: this.#view.uint16(at + virtio.PACKED_DESC_ID) ?? -1,
        bytes: this.#view.uint32(at + virtio.DESC_LEN) ?? 0,
      };
    }
    const at = Number(device) + virtio.USED_RING + (place & (size - 1)) * virtio.USED_ELEM_BYTES;
    return {
      id: this.#view.uint32(at + virtio.USED_ELEM_ID) ?? -1,
      bytes: this.#view.uint32(at + virtio.USED_ELEM_LEN) ?? 0,
    };
  }

  #keep(
    queue: number,
    { chain, startedAt }: ChainUnderWay,
    usedBytes: number,
    duration: number,
    batch: number,
    backend: RequestBackend,
  ): void {
    const { buffers } = chain;
    readResults(this.#view, buffers);
    const request: TracedRequest = {
      ...this.#describe(queue, chain),
      serial: ++lastSerial,
      usedBytes,
      lastByte: lastWritableByte(this.#view, buffers),
      startedAt: performance.timeOrigin + startedAt,
      duration,
      batch,
      backend,
    };
    request.algorithm = request.control ? this.#followSession(request) : this.#algorithms.get(sessionOf(request));
    this.#requests.push(request);
    this.#keptDescriptors += request.descriptors.length;
    this.#forgetOld();
  }

  #forgetOld(): void {
    const descriptorsMax = this.#kept * DESCRIPTORS_A_REQUEST;
    while (this.#requests.length > this.#kept || this.#keptDescriptors > descriptorsMax) {
      this.#keptDescriptors -= this.#requests.shift()?.descriptors.length ?? 0;
    }
  }

  /** What a chain says before the device has answered it. */
  #describe(queue: number, { id, descriptors, buffers }: Chain): TracedRequest {
    const control = queue === this.#device.options.dataQueues;
    const { driverFeatures } = this.#device;
    return {
      serial: 0,
      queue,
      control,
      ring: this.#packed ? 'packed' : 'split',
      layout: hasFeature(driverFeatures, crypto.F_REVISION_1) ? 'revision1' : 'legacy',
      stateless: !control && isStatelessOf(serviceOf(buffers), driverFeatures),
      head: id,
      descriptors,
      buffers,
      usedBytes: 0,
      lastByte: NO_STATUS,
      algorithm: undefined,
      startedAt: performance.timeOrigin + performance.now(),
      duration: 0,
      batch: 1,
      backend: 'inline',
    };
  }

  /** Keeps the list of sessions up to date, and answers the algorithm that a control request is about. */
  #followSession(request: TracedRequest): string | undefined {
    const fields = decodeRequest(request);
    const id = fields.find(({ name }) => name === 'session_id')?.value;
    if (id === undefined) return undefined;
    const key = BigInt(id).toString();
    // The request says what the session is: a look at the device's list would take as long as there are sessions.
    const name = createdAlgorithm(fields);
    if (name === undefined) return this.#algorithms.get(key);
    this.#algorithms.set(key, name);
    this.#openedAt.set(key, request.startedAt);
    if (this.#algorithms.size > SESSIONS_REMEMBERED) forgetOldest(this.#algorithms);
    if (this.#openedAt.size > SESSIONS_REMEMBERED) forgetOldest(this.#openedAt);
    return name;
  }

  get #packed(): boolean {
    return hasFeature(this.#device.driverFeatures, virtio.F_RING_PACKED);
  }

  #isAvailable(table: number, position: number): boolean {
    const flags =
      this.#view.uint16(table + (position & (WRAP - 1)) * virtio.DESC_BYTES + virtio.PACKED_DESC_FLAGS) ?? 0;
    const expected = position & WRAP ? virtio.PACKED_DESC_F_AVAIL : virtio.PACKED_DESC_F_USED;
    return (flags & (virtio.PACKED_DESC_F_AVAIL | virtio.PACKED_DESC_F_USED)) === expected;
  }
}

/** Serial numbers go on from one tracer to the next, so that whoever asks for younger requests misses none. */
let lastSerial = 0;

/** No status of 5.9.7.1: nothing is answered yet. */
const NO_STATUS = 0xff;

const SESSIONS_REMEMBERED = 4096;

function forgetOldest(map: Map<string, unknown>): void {
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}

function advance(position: number, places: number, size: number): number {
  const next = (position & (WRAP - 1)) + places;
  return next >= size ? ((position & WRAP) ^ WRAP) | (next - size) : (position & WRAP) | next;
}

function parameter({ parameters }: SavedSession, offset: number): number {
  return parameters[(offset - engine.SESSION_PARAMETERS) / 4] ?? 0;
}

function nameOf(session: SavedSession): string {
  const service = parameter(session, engine.SESSION_SERVICE);
  const name = algorithmName(
    service,
    parameter(session, serviceNumbered(service)?.sessionAlgorithm ?? engine.SESSION_ALGO),
  );
  const chained = parameter(session, engine.SESSION_OP_TYPE) === crypto.SYM_OP_ALGORITHM_CHAINING;
  if (service !== crypto.SERVICE_CIPHER || !chained) return name;
  const mode = parameter(session, engine.SESSION_HASH_MODE);
  return `${name} + ${chainedAlgorithmName(mode, parameter(session, engine.SESSION_AUTH_ALGO))}`;
}

function isStatelessOf(service: number, features: bigint): boolean {
  const mode = serviceNumbered(service)?.statelessMode;
  return mode !== undefined && hasFeature(features, mode);
}

/** The service that the opcode at the head of a request names. */
function serviceOf([header]: readonly TracedBuffer[]): number {
  return (header?.data[1] ?? 0) | ((header?.data[2] ?? 0) << 8);
}

/** The id in the header of a data request, in digits. */
function sessionOf({ buffers }: TracedRequest): string {
  const header = buffers[0]?.data;
  if (!header || header.length < crypto.DATA_SESSION_ID + 8) return '';
  return new DataView(header.buffer, header.byteOffset).getBigUint64(crypto.DATA_SESSION_ID, true).toString();
}
