// Follows the driver's side of a split ring (2.7).
import * as virtio from '../../../spec/virtio.ts';
import type { QueuePositions } from '../../device/contract.ts';
import type { QueueRegisters } from '../../device/queue_registers.ts';
import { readDescriptor } from '../../trace/chain.ts';
import type { GuestView } from '../../trace/index.ts';
import type { LookBudget } from '../../trace/look_budget.ts';
import { type ChainTerms, checkSplitChain } from './chain_rules.ts';
import { type ReadChain, sameDescriptor, splitChain } from './descriptors.ts';
import type { RingWatch, Terms } from './ring_watch.ts';
import type { Findings } from './violation.ts';

export class SplitRingWatch implements RingWatch {
  readonly #view: GuestView;
  readonly #findings: Findings;
  readonly #queue: number;
  readonly #size: number;
  readonly #desc: number;
  readonly #avail: number;
  readonly #used: number;
  readonly #terms: Terms;
  /** Position behind the last entry of the available ring, and of the used ring, that was looked at. */
  #seen = 0;
  #done = 0;
  /** The available index at the last notification. */
  #notified = 0;
  /** The used index as the device has left it. */
  #usedIdx = 0;
  /** Chains that the device holds, by head, and the heads of the chains that own descriptors belong to. */
  readonly #held = new Map<number, ReadChain>();
  readonly #owner = new Map<number, number>();

  constructor(queue: number, registers: QueueRegisters, view: GuestView, findings: Findings, terms: Terms) {
    this.#view = view;
    this.#findings = findings;
    this.#queue = queue;
    this.#size = registers.size;
    this.#desc = Number(registers.desc);
    this.#avail = Number(registers.driver);
    this.#used = Number(registers.device);
    this.#terms = terms;
  }

  paused = false;

  begin({ nextAvail, nextUsed }: QueuePositions): void {
    this.#seen = nextAvail;
    this.#notified = nextAvail;
    this.#done = nextUsed;
    this.#usedIdx = nextUsed;
  }

  pause(): void {
    this.paused = true;
    this.#held.clear();
    this.#owner.clear();
  }

  resume({ nextAvail, nextUsed }: QueuePositions): void {
    this.paused = false;
    this.#seen = nextAvail;
    this.#done = nextUsed;
  }

  look(budget: LookBudget, { nextUsed }: QueuePositions): ReadChain[] {
    this.#takeUsed(nextUsed);
    this.#checkHeld();
    const idx = this.#view.uint16(this.#avail + virtio.AVAIL_IDX);
    if (idx === undefined) return [];
    this.#checkFlags();
    const queue = this.#queue;
    const count = (idx - this.#seen) & 0xffff;
    if (count + this.#held.size > this.#size) {
      const seen = `the index went from ${this.#seen} to ${idx}, and the device held ${this.#held.size} of ${this.#size}`;
      this.#findings.report('2.7.6.1-1', seen, { queue });
      this.#seen = idx;
      return [];
    }
    const chains: ReadChain[] = [];
    for (let i = 0; i < count; i++) {
      if (!budget.left) {
        this.pause();
        break;
      }
      const slot = (this.#seen + i) & (this.#size - 1);
      const head = this.#view.uint16(this.#avail + virtio.AVAIL_RING + slot * virtio.AVAIL_ELEM_BYTES) ?? 0;
      if (head >= this.#size) {
        this.#findings.report('2.7.6-1', `entry ${slot} is ${head}, and the table has ${this.#size}`, { queue, head });
        continue;
      }
      const chain = this.#offer(splitChain(this.#view, this.#desc, this.#size, head));
      budget.spend(chain.own.length + chain.indirect.length);
      chains.push(chain);
    }
    this.#seen = idx;
    return chains;
  }

  ahead({ nextAvail }: QueuePositions): number {
    return this.paused ? Number.POSITIVE_INFINITY : (this.#seen - nextAvail) & 0xffff;
  }

  notified(): void {
    this.#notified = this.#view.uint16(this.#avail + virtio.AVAIL_IDX) ?? this.#notified;
  }

  ran(): void {
    this.#usedIdx = this.#view.uint16(this.#used + virtio.USED_IDX) ?? this.#usedIdx;
  }

  finish(): void {
    const idx = this.#view.uint16(this.#avail + virtio.AVAIL_IDX);
    const wants = this.#wantsNotification(idx ?? this.#notified);
    if (idx === undefined || !wants || idx === this.#notified) return;
    const seen = `the index is ${idx}, and the last notification came at ${this.#notified}`;
    this.#findings.report('2.7.10.1-2', seen, { queue: this.#queue });
  }

  #offer(chain: ReadChain): ReadChain {
    const { head, own } = chain;
    const terms: ChainTerms = { queue: this.#queue, size: this.#size, ...this.#terms };
    const taken = own.find(({ index }) => this.#owner.has(index));
    if (taken) {
      const seen = `descriptor ${taken.index} is in the chain ${this.#owner.get(taken.index)}, which the device holds, and in a new one`;
      this.#findings.report('3.3.1-1', seen, { queue: this.#queue, head, descriptor: taken.index, chain: own });
    }
    checkSplitChain(chain, terms, this.#findings);
    this.#held.set(head, chain);
    for (const { index } of own) this.#owner.set(index, head);
    return chain;
  }

  /** Forgets the chains that the device has completed. */
  #takeUsed(nextUsed: number): void {
    const idx = this.#view.uint16(this.#used + virtio.USED_IDX);
    if (idx === undefined) return;
    const count = (idx - this.#done) & 0xffff;
    if (count > this.#held.size) {
      const seen = `the used index is ${idx}, and the device has left it at ${this.#usedIdx}`;
      if (idx !== this.#usedIdx && idx !== nextUsed) this.#findings.report('2.7.8-1', seen, { queue: this.#queue });
      this.#forgetAll(idx);
      return;
    }
    // With VIRTIO_F_IN_ORDER a device may write one used element for several chains (2.7.9).
    if (this.#terms.inOrder) {
      for (const head of [...this.#held.keys()].slice(0, count)) this.#forget(head);
    } else {
      for (let i = 0; i < count; i++) {
        const slot = (this.#done + i) & (this.#size - 1);
        this.#forget(this.#view.uint32(this.#used + virtio.USED_RING + slot * virtio.USED_ELEM_BYTES) ?? -1);
      }
    }
    this.#done = idx;
  }

  /** 3.3.1: the descriptors of the chains that the device holds stay as they are. */
  #checkHeld(): void {
    for (const { head, own } of this.#held.values()) {
      for (const descriptor of own) {
        const now = readDescriptor(this.#view, 'ring', this.#desc, descriptor.index, false);
        if (sameDescriptor(descriptor, now)) continue;
        const seen = `descriptor ${descriptor.index} of the chain ${head} has changed while the device held it`;
        this.#findings.report('3.3.1-1', seen, { queue: this.#queue, head, descriptor: descriptor.index, chain: own });
        this.#forget(head);
        break;
      }
    }
  }

  #checkFlags(): void {
    const flags = this.#view.uint16(this.#avail + virtio.AVAIL_FLAGS) ?? 0;
    const allowed = this.#terms.eventIdx ? flags === 0 : flags <= 1;
    if (allowed) return;
    const terms = this.#terms.eventIdx ? 'with' : 'without';
    const seen = `the flags are 0x${flags.toString(16)}, ${terms} VIRTIO_F_EVENT_IDX`;
    this.#findings.report('2.7.7.1-1', seen, { queue: this.#queue });
  }

  /** Whether the device wants to hear of the chains between the last notification and `idx` (2.7.10). */
  #wantsNotification(idx: number): boolean {
    if (!this.#terms.eventIdx) {
      return ((this.#view.uint16(this.#used + virtio.USED_FLAGS) ?? 0) & virtio.USED_F_NO_NOTIFY) === 0;
    }
    const at = this.#used + virtio.USED_RING + this.#size * virtio.USED_ELEM_BYTES;
    const event = this.#view.uint16(at) ?? 0;
    return ((idx - event - 1) & 0xffff) < ((idx - this.#notified) & 0xffff);
  }

  #forget(head: number): void {
    for (const { index } of this.#held.get(head)?.own ?? [])
      if (this.#owner.get(index) === head) this.#owner.delete(index);
    this.#held.delete(head);
  }

  #forgetAll(idx: number): void {
    this.#held.clear();
    this.#owner.clear();
    this.#done = idx;
  }
}
