// Follows the driver's side of a packed ring (2.8).
import * as virtio from '../../../spec/virtio.ts';
import type { QueuePositions } from '../../device/contract.ts';
import type { QueueRegisters } from '../../device/queue_registers.ts';
import { readDescriptor } from '../../trace/chain.ts';
import type { GuestView } from '../../trace/index.ts';
import type { LookBudget } from '../../trace/look_budget.ts';
import { advance, isAvailableAt, placeOf, WRAP } from '../../trace/packed_position.ts';
import { checkPackedList } from './chain_rules.ts';
import { packedList, type ReadChain, sameDescriptor } from './descriptors.ts';
import type { RingWatch, Terms } from './ring_watch.ts';
import type { Findings } from './violation.ts';

export class PackedRingWatch implements RingWatch {
  readonly #view: GuestView;
  readonly #findings: Findings;
  readonly #queue: number;
  readonly #size: number;
  readonly #desc: number;
  readonly #driver: number;
  readonly #device: number;
  readonly #terms: Terms;
  /** The position of the next descriptor that the driver makes available (2.8.1), and that at the last notification. */
  #position = WRAP;
  #notified = WRAP;
  /** The position of the device's next used element, when it was last looked at. */
  #used = WRAP;
  /** Lists that the device holds, by the place of their first descriptor. */
  readonly #held = new Map<number, ReadChain>();
  /** Positions of the lists that were looked at, from the one on that the device took last, or takes next. */
  #ahead: number[] = [];

  constructor(queue: number, registers: QueueRegisters, view: GuestView, findings: Findings, terms: Terms) {
    this.#view = view;
    this.#findings = findings;
    this.#queue = queue;
    this.#size = registers.size;
    this.#desc = Number(registers.desc);
    this.#driver = Number(registers.driver);
    this.#device = Number(registers.device);
    this.#terms = terms;
  }

  paused = false;

  begin({ nextAvail, nextUsed }: QueuePositions): void {
    this.#position = nextAvail;
    this.#notified = nextAvail;
    this.#used = nextUsed;
  }

  pause(): void {
    this.paused = true;
    this.#held.clear();
    this.#ahead = [];
  }

  resume({ nextAvail, nextUsed }: QueuePositions): void {
    this.paused = false;
    this.#position = nextAvail;
    this.#used = nextUsed;
  }

  look(budget: LookBudget, { nextAvail, nextUsed }: QueuePositions): ReadChain[] {
    this.#takeUsed(nextUsed);
    this.#forgetTaken(nextAvail);
    this.#checkHeld();
    this.#checkEvents();
    const lists: ReadChain[] = [];
    let left = this.#size;
    while (left > 0 && isAvailableAt(this.#view, this.#desc, this.#position)) {
      if (!budget.left) {
        this.pause();
        break;
      }
      const place = placeOf(this.#position);
      const list = packedList(this.#view, this.#desc, this.#size, place);
      if (list.own.length === 0) break;
      checkPackedList(list, { queue: this.#queue, size: this.#size, ...this.#terms }, this.#findings);
      this.#held.set(place, list);
      this.#ahead.push(this.#position);
      budget.spend(list.own.length + list.indirect.length);
      lists.push(list);
      left -= list.own.length;
      this.#position = advance(this.#position, list.own.length, this.#size);
    }
    return lists;
  }

  ahead({ nextAvail }: QueuePositions): number {
    // A device that stands elsewhere has read another list than was looked at: the driver has changed it.
    const isElsewhere = this.#ahead[0] !== nextAvail && this.#position !== nextAvail;
    return this.paused || isElsewhere ? Number.POSITIVE_INFINITY : this.#ahead.length;
  }

  notified(): void {
    this.#notified = this.#position;
  }

  ran({ nextUsed }: QueuePositions): void {
    this.#takeUsed(nextUsed);
  }

  finish(): void {
    // While the ring is not looked at, it is not known where the driver is.
    if (this.paused) return;
    const place = placeOf(this.#notified);
    if (!isAvailableAt(this.#view, this.#desc, this.#notified) || !this.#wantsNotification()) return;
    const seen = `the list at place ${place} is available, and no notification came`;
    this.#findings.report('2.8.21.3-1', seen, { queue: this.#queue, head: place });
  }

  #forgetTaken(nextAvail: number): void {
    const next = this.#ahead.indexOf(nextAvail);
    this.#ahead.splice(0, next < 0 ? this.#ahead.length : next);
  }

  /**
   * Forgets the lists over which the device has gone with used elements (2.8.6): their places are the driver's again. The flags in the ring
   * do not tell that, because a driver may have offered a place anew since the last look.
   */
  #takeUsed(nextUsed: number): void {
    for (let places = 0; this.#used !== nextUsed && places < 2 * this.#size; places++) {
      this.#held.delete(placeOf(this.#used));
      this.#used = advance(this.#used, 1, this.#size);
    }
  }

  /** 3.3.1: the descriptors of the lists that the device holds stay as they are. */
  #checkHeld(): void {
    for (const [place, { own }] of this.#held) {
      for (const descriptor of own) {
        const now = readDescriptor(this.#view, 'ring', this.#desc, descriptor.index, true);
        if (sameDescriptor(descriptor, now)) continue;
        const seen = `descriptor ${descriptor.index} of the list at place ${place} has changed while the device held it`;
        const where = { queue: this.#queue, head: place, descriptor: descriptor.index, chain: own };
        this.#findings.report('3.3.1-1', seen, where);
        this.#held.delete(place);
        break;
      }
    }
  }

  #checkEvents(): void {
    const flags = this.#view.uint16(this.#driver + virtio.EVENT_SUPPRESS_FLAGS) ?? 0;
    const most = this.#terms.eventIdx ? virtio.EVENT_DESC : virtio.EVENT_DISABLE;
    if (flags <= most) return;
    this.#findings.report('2.8.14-1', `the flags are ${flags}`, { queue: this.#queue });
  }

  #wantsNotification(): boolean {
    return this.#view.uint16(this.#device + virtio.EVENT_SUPPRESS_FLAGS) !== virtio.EVENT_DISABLE;
  }
}
