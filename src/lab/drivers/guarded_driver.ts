import { CRYPTO_OK } from '../../../spec/crypto.ts';
import type { ServiceName } from '../../../spec/services.ts';
import * as virtio from '../../../spec/virtio.ts';
import { ISR_CONFIG } from '../../../spec/virtio_pci.ts';
import type { Clock } from '../../clock.ts';
import type { SessionParameters, Status } from '../../driver/index.ts';
import { CryptoDriver, type OpenSession, type RawRequest, type RawResult, type Result } from '../../driver/index.ts';
import { joined } from '../../driver/results.ts';
import type { DriverParts } from './driver.ts';

/** How long a request may take before the driver looks for itself, and then before it resets the device: in milliseconds. */
const PATIENCE_MS = 1000;
/** The status register of a device that was removed. */
const GONE = 0xff;

/**
 * The reference driver as a kernel would use it: it trusts the device with nothing. It looks for lost completions, resets a device that
 * hangs, that has broken a queue, or that asks for it, waits while the hardware is not ready or a queue is full, and fits requests into
 * small queues. What was in flight at a reset is rejected; it is not sent again.
 */
export class GuardedDriver extends CryptoDriver {
  readonly #clock: Clock;
  /** Why no request is taken any more; undefined while the device is there. */
  #lost: Error | undefined;
  #hardwareReady = true;
  /** Requests that wait for the hardware, or for room in a queue. */
  #waiting: (() => void)[] = [];
  /** The sessions that were made since the last reset, which ends them all. */
  readonly #open = new Set<bigint>();
  /** Resets so far. */
  #resets = 0;

  constructor({ transport, ram, allocator, options, clock }: DriverParts) {
    super(transport, ram, allocator, options);
    this.#clock = clock;
  }

  override start(): void {
    this.#forget();
    super.start();
    this.#hardwareReady = this.readConfig().hardwareReady;
    this.#wake();
  }

  override stop(): void {
    this.#forget();
    super.stop();
    this.#wake();
  }

  override interrupt(): void {
    const reasons = this.transport.readIsr();
    this.poll();
    if (reasons & ISR_CONFIG) this.#configChanged();
  }

  override poll(): void {
    super.poll();
    if (this.queues.some(({ broken }) => broken)) this.#recover();
    this.#wake();
  }

  override async submit(request: RawRequest): Promise<RawResult> {
    const resets = this.#resets;
    while (true) {
      if (this.#lost) throw this.#lost;
      if (resets !== this.#resets) throw new Error('The device was reset while the request waited for room.');
      // 5.9.5.2: no request is sent while the hardware is not ready.
      if (!this.#hardwareReady) {
        await this.#change();
        continue;
      }
      const fitting = this.#fitted(request);
      const inFlight = () => this.queues[request.queue]?.inFlight ?? 0;
      const before = inFlight();
      try {
        const result = await this.#watched(super.submit(fitting));
        // 2.7.8.3: what was not written is not taken. A status that is not OK, which 0 is, was written, whatever the device says.
        if (result.written === 0 && result.writable.at(-1)?.at(-1) === CRYPTO_OK) {
          throw new Error('The device says that it wrote nothing (2.7.8.3).');
        }
        return split(result, request.writable);
      } catch (error) {
        const isFull = error instanceof RangeError && before > 0;
        if (!isFull) throw error;
        if (inFlight() > 0) await this.#change();
      }
    }
  }

  override async cipherInSession(id: bigint, request: Parameters<CryptoDriver['cipherInSession']>[1]): Promise<Result> {
    // A reset has ended it.
    if (!this.#open.has(id)) return { status: 'invsess', data: new Uint8Array() };
    return super.cipherInSession(id, request);
  }

  override async createSession<P extends SessionParameters>(parameters: P): Promise<OpenSession<P>> {
    const session = await super.createSession(parameters);
    if (session.status === 'ok') this.#open.add(session.id);
    return session;
  }

  override async destroySession(id: bigint, service?: ServiceName): Promise<Status> {
    // A reset has ended it.
    if (!this.#open.delete(id)) return 'ok';
    return super.destroySession(id, service);
  }

  /** A reset ends all sessions. */
  #forget(): void {
    this.#open.clear();
    this.#resets++;
  }

  /**
   * A request in at most two descriptors, if it would be longer than its queue: a chain of a split ring must not be, in an indirect table
   * neither (2.7.5.3.1), nor the list of a packed ring (2.8.17).
   */
  #fitted(request: RawRequest): RawRequest {
    const { readable, writable } = request;
    const size = this.queues[request.queue]?.size ?? 0;
    const isIndirectList = this.has(virtio.F_RING_PACKED) && this.has(virtio.F_INDIRECT_DESC);
    if (readable.length + writable.length <= size || isIndirectList) return request;
    if (size < 2) throw new Error(`Queue ${request.queue} has ${size} entries: no request fits into it.`);
    return { ...request, readable: [joined(readable)], writable: [writable.reduce((sum, bytes) => sum + bytes, 0)] };
  }

  /** Settles as a request does, which is given up after twice the patience. */
  async #watched(sent: Promise<RawResult>): Promise<RawResult> {
    let cancel = this.#clock.schedule(() => {
      // An interrupt may have been lost.
      this.poll();
      cancel = this.#clock.schedule(() => this.#recover(), PATIENCE_MS);
    }, PATIENCE_MS);
    try {
      return await sent;
    } finally {
      cancel();
    }
  }

  #configChanged(): void {
    const { status } = this.transport;
    if ((status & GONE) === GONE || status & virtio.STATUS_DEVICE_NEEDS_RESET) {
      this.#recover();
      return;
    }
    this.#hardwareReady = this.readConfig().hardwareReady;
    this.#wake();
  }

  /** Resets the device and sets it up anew, which rejects what is in flight. */
  #recover(): void {
    try {
      if ((this.transport.status & GONE) === GONE) throw new Error('The device was removed.');
      this.start();
    } catch (error) {
      this.#lost = error instanceof Error ? error : new Error(String(error));
      this.stop();
    }
  }

  /** Resolves when the hardware is ready, a queue has room, or the device is gone: whichever comes first. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The result in buffers of the lengths that the request had. */
function split({ written, writable }: RawResult, lengths: readonly number[]): RawResult {
  if (writable.length === lengths.length) return { written, writable };
  const all = joined(writable);
  let at = 0;
  return {
    written,
    writable: lengths.map((bytes) => {
      at += bytes;
      return all.slice(at - bytes, at);
    }),
  };
}
