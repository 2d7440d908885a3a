import * as virtio from '../../../spec/virtio.ts';
import type { Clock } from '../../clock.ts';
import type { InterruptHandler } from '../../device/contract.ts';
import type { CryptoDevice } from '../../device/device.ts';
import type { QueueRegisters } from '../../device/queue_registers.ts';
import type { DeviceObserver } from '../../device/queue_runner.ts';
import { GuestView } from '../../trace/index.ts';
import { advance, placeOf, WRAP } from '../../trace/packed_position.ts';
import type { ReadChain } from '../checker/descriptors.ts';
import type { WatchedDevice } from '../checker/watched_device.ts';
import { availableChains, idOf } from './available.ts';
import type { Completion, Fault, FaultHooks } from './fault.ts';

/** The limit for taking all available requests. */
const ALL = 0xffffffff;

/** Has a device misbehave: stands between the device, its rings, and its driver's interrupts. */
export class FaultInjector implements DeviceObserver {
  readonly #device: CryptoDevice;
  readonly #view: GuestView;
  #hooks: FaultHooks = {};
  readonly #begin: () => FaultHooks;
  readonly #handler: () => InterruptHandler;
  readonly #hasControl: () => boolean;
  /** Chains that the device has taken, or is about to take, by queue and id. */
  readonly #chains = new Map<number, Map<number, ReadChain>>();
  /** For each queue: the device's position for its next used element. */
  readonly #nextUsed = new Map<number, number>();
  /** For each queue: what stands twice in its used ring, until the device is reset. */
  readonly #repeated = new Map<number, Completion>();
  /** Requests of the data queues that were completed. */
  #completed = 0;
  readonly #nth: number;
  #struck: boolean;
  #isArmed = false;
  readonly #strikesItself: boolean;

  /**
   * @param handler gives the handler of interrupts that the transport has set
   * @param shared interrupts the driver for another device on its line
   * @param hasControl whether the control queue is the driver's own: it is not where sessions come as messages
   */
  constructor(
    device: WatchedDevice,
    fault: Fault,
    nth: number,
    clock: Clock,
    { handler, shared, hasControl }: { handler: () => InterruptHandler; shared: () => void; hasControl: () => boolean },
  ) {
    this.#device = device;
    this.#view = new GuestView(device.guest);
    this.#handler = handler;
    this.#hasControl = hasControl;
    this.#nth = nth;
    this.#strikesItself = fault.strikesItself ?? false;
    // What a device is made with is there from the beginning.
    this.#struck = fault.begin === undefined;
    this.#begin = () =>
      fault.begin?.({
        device,
        view: this.#view,
        nth,
        resume: (queue) => device.resume(queue),
        interrupt: (queue) => this.#handler()('queue', queue),
        configInterrupt: () => this.#handler()('config', 0),
        shared,
        strike: () => {
          this.#struck = true;
        },
        later: (milliseconds, work) => void clock.schedule(work, milliseconds),
      }) ?? {};
    device.observe(this);
  }

  /** Begins to misbehave: requests are counted from now on. */
  arm(): void {
    this.#completed = 0;
    this.#isArmed = true;
    this.#hooks = this.#begin();
  }

  /** Whether the device has misbehaved, or is about to: the request that the fault strikes has come. */
  get struck(): boolean {
    return this.#struck;
  }

  /** Called instead of the handler of interrupts. */
  interrupt(kind: 'queue' | 'config', queue: number): void {
    if (this.#hooks.interrupt?.(kind, queue) !== false) this.#handler()(kind, queue);
  }

  /** Called when the device was reset: it holds no chain any more. */
  reset(): void {
    this.#chains.clear();
    this.#nextUsed.clear();
    this.#repeated.clear();
    this.#hooks.reset?.();
  }

  /** Called before the configuration space is read. */
  configRead(offset: number | 'generation'): void {
    this.#hooks.configRead?.(offset);
  }

  /** Called for each device status that the driver writes. Returns what the device takes. */
  status(value: number): number {
    return value === 0 ? 0 : (this.#hooks.status?.(value) ?? value);
  }

  beforeQueue(queue: number): number {
    const device = this.#device;
    const ring = device.queues[queue]?.ring ?? 'split';
    const { nextUsed } = device.positions(queue);
    this.#nextUsed.set(queue, this.#nextUsed.get(queue) ?? nextUsed);
    const available = availableChains(device, this.#view, queue);
    const chains = this.#chains.get(queue) ?? new Map<number, ReadChain>();
    this.#chains.set(queue, chains);
    for (const chain of available) chains.set(idOf(chain, ring), chain);
    const isData = queue !== device.options.dataQueues;
    // A transport that sends sessions itself waits for each answer.
    if (!isData && !this.#hasControl()) return ALL;
    const isCounted = this.#isArmed && !this.#strikesItself;
    if (isCounted && isData && this.#completed + available.length >= this.#nth) this.#struck = true;
    return this.#hooks.beforeQueue?.(queue, this.#completed + 1, available) ?? ALL;
  }

  afterQueue(queue: number): void {
    const device = this.#device;
    const registers = device.queues[queue];
    let place = this.#nextUsed.get(queue);
    if (!registers?.enabled || place === undefined) return;
    const { nextUsed: end } = device.positions(queue);
    const { ring, size } = registers;
    const control = queue === device.options.dataQueues;
    const elementAt = (at: number): Element =>
      ring === 'split' ? splitElement(registers.device, at, size) : packedElement(registers.desc, at);
    while (place !== end) {
      const element: Element = elementAt(place);
      const id: number | undefined = ring === 'split' ? this.#view.uint32(element.id) : this.#view.uint16(element.id);
      const chain: ReadChain | undefined = this.#chains.get(queue)?.get(id ?? -1);
      this.#chains.get(queue)?.delete(id ?? -1);
      if (!control) this.#completed++;
      const completion: Completion = {
        queue,
        control,
        number: control ? 0 : this.#completed,
        id: id ?? 0,
        bytes: this.#view.uint32(element.length) ?? 0,
        chain,
        setLength: (bytes) => this.#write(element.length, bytes, 4),
        setId: (other) => this.#write(element.id, other, ring === 'split' ? 4 : 2),
        repeat: () => {
          this.#repeated.set(queue, completion);
        },
      };
      this.#hooks.completed?.(completion);
      // Without the chain it is not known how many places of a packed ring it takes.
      if (ring === 'packed' && !chain) break;
      place = ring === 'split' ? (place + 1) & 0xffff : advance(place, chain?.own.length ?? 1, size);
    }
    this.#nextUsed.set(queue, end);
    // The device writes its own next element there, so that the other one has to move on until the driver has seen it.
    const repeated = this.#repeated.get(queue);
    if (repeated) this.#addUsed(registers, end, repeated, elementAt(end));
    this.#hooks.afterQueue?.(queue);
  }

  /** Writes a used element where the device would write its next one, which it does not know of. */
  #addUsed({ ring, device, desc }: QueueRegisters, end: number, { id, bytes }: Completion, element: Element): void {
    this.#write(element.id, id, ring === 'split' ? 4 : 2);
    this.#write(element.length, bytes, 4);
    if (ring === 'split') {
      this.#write(Number(device) + virtio.USED_IDX, (end + 1) & 0xffff, 2);
      return;
    }
    const flags = end & WRAP ? virtio.PACKED_DESC_F_AVAIL | virtio.PACKED_DESC_F_USED : 0;
    this.#write(Number(desc) + placeOf(end) * virtio.DESC_BYTES + virtio.PACKED_DESC_FLAGS, flags, 2);
  }

  #write(address: number, value: number, bytes: 2 | 4): void {
    const data = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) data[i] = value >>> (8 * i);
    this.#view.write(address, data);
  }
}

/** Guest-physical addresses of the fields of a used element. */
interface Element {
  id: number;
  length: number;
}

function splitElement(used: bigint, place: number, size: number): Element {
  const at = Number(used) + virtio.USED_RING + (place & (size - 1)) * virtio.USED_ELEM_BYTES;
  return { id: at + virtio.USED_ELEM_ID, length: at + virtio.USED_ELEM_LEN };
}

function packedElement(desc: bigint, place: number): Element {
  const at = Number(desc) + placeOf(place) * virtio.DESC_BYTES;
  return { id: at + virtio.PACKED_DESC_ID, length: at + virtio.DESC_LEN };
}
