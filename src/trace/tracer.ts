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
import { advance, isAvailableAt, placeOf } from './packed_position.ts';
import type { TracedBuffer, TracedRequest } from './request.ts';
import { type ChainUnderWay, UnderWay } from './under_way.ts';

/** An open session, as an inspector lists it. */
export interface SessionInfo {
  /** The session's id in decimal digits. */
  id: string;
  /** The names of its algorithms. */
  algorithm: string;
  /** 'encrypt' or 'decrypt'; empty for other services. */
  direction: string;
  /** Length of its keys in bits. */
  keyBits: number;
  /** When it was made, in milliseconds since 1970; undefined if it was not traced. */
  openedAt: number | undefined;
}

/** Options of a tracer. */
export interface TracerOptions {
  /** Number of requests that are kept. Older requests are forgotten, earlier if chains are long. Default 256. */
  kept?: number;
  /**
   * Number of requests a second that are traced, with 32 times as many descriptors. Other requests are not traced. With Infinity all
   * requests are traced, up to 65536 descriptors in chains that the device holds. Default 400.
   */
  perSecond?: number;
}

/** The limit for taking all available requests. */
const ALL = 0xffffffff;

/**
 * Traces the requests of a device. It reads each chain from guest memory before the device takes it, and its results afterwards. It can
 * hold requests back and let them through one at a time. The driver then only sees a slow device.
 *
 * Its cost does not depend on the guest. Tracing a request takes some microseconds and keeps at most 8 KiB of content. LookBudget limits
 * the number of traced requests, for any number of requests in a notification and any length of their chains.
 */
export class DeviceTracer implements DeviceObserver {
  readonly #device: CryptoDevice;
  readonly #view: GuestView;
  readonly #kept: number;
  readonly #budget: LookBudget;
  /**
   * The time of day in milliseconds since 1970 when performance.now() was 0, by the clock as it was when the tracer was attached.
   * performance.timeOrigin is not used: it was read when the process or page began, and the clock may have been set since.
   */
  readonly #dayOfZero = Date.now() - performance.now();
  #requests: TracedRequest[] = [];
  /** Descriptors of the requests that are kept. */
  #keptDescriptors = 0;
  readonly #openedAt = new Map<string, number>();
  readonly #algorithms = new Map<string, string>();
  #holding = false;
  /** Number of requests that may pass although requests are held. */
  #passes = 0;
  #onHeld: (queue: number) => void = () => {};
  /** Traced chains that the device has taken, or is about to take. */
  readonly #underWay = new UnderWay();
  /** For each queue: the device's position for its next used element. */
  readonly #nextUsed = new Map<number, number>();
  #requestsBefore = 0;

  /** Attaches the tracer to the device as its observer, until detach(). */
  constructor(device: CryptoDevice, options: TracerOptions = {}) {
    this.#device = device;
    this.#view = new GuestView(device.guest);
    this.#kept = options.kept ?? 256;
    this.#budget = new LookBudget(options.perSecond ?? 400);
    for (const session of device.sessions()) this.#algorithms.set(session.id, nameOf(session));
    device.observe(this);
  }

  /** Ends hold(), and detaches the tracer from the device. */
  detach(): void {
    this.release();
    this.#device.observe(undefined);
  }

  /** The kept requests with a serial number greater than `serial`, oldest first. */
  requestsSince(serial: number): TracedRequest[] {
    const first = this.#requests.findIndex((request) => request.serial > serial);
    return first < 0 ? [] : this.#requests.slice(first);
  }

  /** Whether requests are held: see hold(). */
  get holding(): boolean {
    return this.#holding;
  }

  /**
   * Holds the requests of the data queues in their rings from now on. Control requests pass, because older drivers wait for them in a busy
   * loop.
   * @param onHeld called with the queue's number when the driver notifies of a queue that is held
   */
  hold(onHeld: (queue: number) => void = () => {}): void {
    this.#holding = true;
    this.#onHeld = onHeld;
  }

  /** Lets one request of a queue through. Returns false if no request waits there. */
  step(queue: number): boolean {
    if (!this.#device.queues[queue]?.enabled) return false;
    const before = this.#device.positions(queue).nextAvail;
    this.#passes = 1;
    this.#device.notify(queue);
    this.#passes = 0;
    return this.#device.positions(queue).nextAvail !== before;
  }

  /** The chain that the device would take next from a queue; undefined if none is available. */
  waiting(queue: number): Chain | undefined {
    const [chain] = this.#available(queue, 1);
    return chain;
  }

  /**
   * The request that the device would take next from a queue, for a display; undefined if none is available. It has no results and no
   * duration yet, its serial number is 0, and its `backend` is not known yet.
   */
  waitingRequest(queue: number): TracedRequest | undefined {
    const chain = this.waiting(queue);
    if (!chain) return undefined;
    const request = this.#describe(queue, chain);
    if (!request.control && !request.admin) request.algorithm = this.#algorithms.get(sessionOf(request));
    return request;
  }

  /** Ends hold(): all requests that wait are run. */
  release(): void {
    if (!this.#holding) return;
    this.#holding = false;
    for (let queue = 0; queue < this.#device.queues.length; queue++) this.#device.notify(queue);
  }

  /** The open sessions. */
  sessions(): SessionInfo[] {
    return this.#device.sessions().map((session) => ({
      id: session.id,
      algorithm: nameOf(session),
      direction: directionName(parameter(session, engine.SESSION_DIRECTION)),
      keyBits: (session.key?.length ?? 0) * 4,
      openedAt: this.#openedAt.get(session.id),
    }));
  }

  /** Called by the device: see DeviceObserver. */
  beforeQueue(queue: number): number {
    const limit = this.#holding && queue < this.#device.options.dataQueues ? this.#passes : ALL;
    if (limit === 0) {
      this.#onHeld(queue);
      return 0;
    }
    this.#budget.refill(performance.now(), this.#underWay.descriptors);
    if (!this.#budget.left && !this.#underWay.has(queue)) {
      // No chain of this queue is or was traced. At full speed this is the case for most calls.
      this.#nextUsed.delete(queue);
      return limit;
    }
    const { nextAvail, nextUsed } = this.#device.positions(queue);
    this.#nextUsed.set(queue, nextUsed);
    // If nothing is in flight, chains that are still listed were taken before a reset, and never become used.
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

  /** Called by the device: see DeviceObserver. */
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
      // In a packed ring only the chain tells how many places a used element takes, so an unknown chain ends the walk.
      else if (this.#packed) return;
      place = this.#packed ? advance(place, request?.chain.ringDescriptors ?? 1, registers.size) : (place + 1) & 0xffff;
    }
  }

  /** The chains that the device would take next. Each chain is read when the generator reaches it. */
  *#available(queue: number, limit: number): Generator<Chain> {
    const registers = this.#device.queues[queue];
    if (!registers?.enabled) return;
    const { size } = registers;
    const table = Number(registers.desc);
    let { nextAvail } = this.#device.positions(queue);
    if (this.#packed) {
      let left = size;
      for (let count = 0; left > 0 && count < limit && isAvailableAt(this.#view, table, nextAvail); count++) {
        const chain = readPackedChain(this.#view, table, size, placeOf(nextAvail));
        yield chain;
        // A chain has at least one descriptor. If that is not in RAM, the walk ends.
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

  /** The id and the length that the device wrote for a used chain. */
  #usedAt({ desc, device, size }: QueueRegisters, place: number): { id: number; bytes: number } {
    if (this.#packed) {
      const at = Number(desc) + placeOf(place) * virtio.DESC_BYTES;
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
      startedAt: this.#dayOfZero + startedAt,
      duration,
      batch,
      backend,
    };
    if (request.control) request.algorithm = this.#followSession(request);
    else if (!request.admin) request.algorithm = this.#algorithms.get(sessionOf(request));
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

  /** A request as its chain describes it, before the device has completed it. */
  #describe(queue: number, { id, descriptors, buffers }: Chain): TracedRequest {
    const control = queue === this.#device.options.dataQueues;
    const isAdmin = this.#device.queues[queue]?.kind === 'admin';
    const { driverFeatures } = this.#device;
    return {
      serial: 0,
      queue,
      control,
      ...(isAdmin ? { admin: true } : {}),
      ring: this.#packed ? 'packed' : 'split',
      layout: hasFeature(driverFeatures, crypto.F_REVISION_1) ? 'revision1' : 'legacy',
      stateless: !control && !isAdmin && isStatelessOf(serviceOf(buffers), driverFeatures),
      head: id,
      descriptors,
      buffers,
      usedBytes: 0,
      lastByte: NO_STATUS,
      algorithm: undefined,
      startedAt: this.#dayOfZero + performance.now(),
      duration: 0,
      batch: 1,
      backend: 'inline',
    };
  }

  /** Keeps the list of sessions up to date. Returns the algorithm of a control request's session. */
  #followSession(request: TracedRequest): string | undefined {
    const fields = decodeRequest(request);
    const id = fields.find(({ name }) => name === 'session_id')?.value;
    if (id === undefined) return undefined;
    const key = BigInt(id).toString();
    // The request itself describes the session. Searching the device's list would take time for each open session.
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
}

/** Serial numbers continue from one tracer to the next, so that requestsSince() of a new tracer misses no request. */
let lastSerial = 0;

/** Not a status of 5.9.7.1: the request has not been completed yet. */
const NO_STATUS = 0xff;

const SESSIONS_REMEMBERED = 4096;

function forgetOldest(map: Map<string, unknown>): void {
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
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

/** The service of the opcode in a request's header. */
function serviceOf([header]: readonly TracedBuffer[]): number {
  return (header?.data[1] ?? 0) | ((header?.data[2] ?? 0) << 8);
}

/** The session's id in the header of a data request, in decimal digits. */
function sessionOf({ buffers }: TracedRequest): string {
  const header = buffers[0]?.data;
  if (!header || header.length < crypto.DATA_SESSION_ID + 8) return '';
  return new DataView(header.buffer, header.byteOffset).getBigUint64(crypto.DATA_SESSION_ID, true).toString();
}
