// Guest RAM, and beside it what it has to hold: every write of the driver goes to both, and of the device's only the right ones.
import { RawPackedRing } from '../../support/raw_packed_ring.ts';
import { RawRing } from '../../support/raw_ring.ts';
import type { RawBuffer, RawGuest, TestRing } from '../../support/test_ring.ts';

const PAGE_BYTES = 65536;
export const RAM_BYTES = 512 * 1024;
/** RAM does not begin where the memory does, so that an address that is taken for a pointer shows. */
export const OFFSET = PAGE_BYTES;
const SHARED_PAGES_MAX = 4096;

/** RAM at one moment, and what it had to hold. */
export interface Image {
  ram: Uint8Array;
  expected: Uint8Array;
}

export class Guest {
  readonly memory: WebAssembly.Memory;
  readonly expected = new Uint8Array(RAM_BYTES);
  readonly regions = [{ guestAddress: 0, bytes: RAM_BYTES, offset: OFFSET }];

  /** @param shared whether threads share the memory */
  constructor(shared: boolean) {
    const initial = (OFFSET + RAM_BYTES) / PAGE_BYTES;
    this.memory = new WebAssembly.Memory(shared ? { initial, maximum: SHARED_PAGES_MAX, shared } : { initial });
  }

  /** The RAM as it is: another view whenever the memory has grown. */
  get ram(): Uint8Array {
    return new Uint8Array(this.memory.buffer, OFFSET, RAM_BYTES);
  }

  /** The driver writes. */
  write(address: number, bytes: Uint8Array): void {
    this.ram.set(bytes, address);
    this.expected.set(bytes, address);
  }

  read(address: number, bytes: number): Uint8Array {
    return this.ram.slice(address, address + bytes);
  }

  image(): Image {
    return { ram: this.ram.slice(), expected: this.expected.slice() };
  }

  load({ ram, expected }: Image): void {
    this.ram.set(ram);
    this.expected.set(expected);
  }

  /** Where RAM is not what it has to be, in ascending order; `except` is the device's own to write. */
  firstDifference(except: readonly { address: number; bytes: number }[]): number | undefined {
    const now = Buffer.from(this.memory.buffer, OFFSET, RAM_BYTES);
    const end = { address: RAM_BYTES, bytes: 0 };
    let at = 0;
    for (const { address, bytes } of [...except, end].sort((a, b) => a.address - b.address)) {
      if (address > at && now.compare(this.expected, at, address, at, address) !== 0) {
        while (now[at] === this.expected[at]) at++;
        return at;
      }
      at = Math.max(at, address + bytes);
    }
    return undefined;
  }

  /** A ring in RAM, which the driver keeps in what RAM has to hold as well. */
  ring(kind: 'split' | 'packed', base: number, size: number): GuestRing {
    return new GuestRing(this, kind, base, size);
  }

  get real(): RawGuest {
    return { view: (address, bytes) => new DataView(this.memory.buffer, OFFSET + address, bytes) };
  }

  get wanted(): RawGuest {
    return { view: (address, bytes) => new DataView(this.expected.buffer, address, bytes) };
  }
}

/** A virtqueue in guest RAM, and the same in what RAM has to hold. */
export class GuestRing {
  readonly kind: 'split' | 'packed';
  readonly size: number;
  readonly #real: RawRing | RawPackedRing;
  readonly #wanted: RawRing | RawPackedRing;

  constructor(guest: Guest, kind: 'split' | 'packed', base: number, size: number) {
    this.kind = kind;
    this.size = size;
    const Ring = kind === 'packed' ? RawPackedRing : RawRing;
    this.#real = new Ring(guest.real, base, size);
    this.#wanted = new Ring(guest.wanted, base, size);
  }

  get desc(): number {
    return this.#real.desc;
  }
  get avail(): number {
    return this.#real.avail;
  }
  get used(): number {
    return this.#real.used;
  }
  get deviceWrites(): TestRing['deviceWrites'] {
    return this.#real.deviceWrites;
  }
  get usedIdx(): number {
    return this.#real.usedIdx;
  }
  usedElement(index: number): { id: number; len: number } {
    return this.#real.usedElement(index);
  }

  clear(): void {
    this.#real.clear();
    this.#wanted.clear();
  }

  /** Takes over where another ring of the same kind stands. */
  follow(other: GuestRing): void {
    followRing(this.#real, other.#real);
    followRing(this.#wanted, other.#wanted);
  }

  describe(buffers: readonly RawBuffer[], head: number, table: number | undefined): void {
    for (const ring of [this.#real, this.#wanted]) {
      if (table === undefined) ring.describeChain(buffers, head);
      else ring.describeIndirect(buffers, table, head);
    }
  }

  offer(head: number): void {
    this.#real.offer(head);
    this.#wanted.offer(head);
  }

  /** Asks for an interrupt at the next completion (2.7.7, 2.8.10). */
  askForInterrupt(): void {
    const real = this.#real;
    for (const ring of [real, this.#wanted]) {
      if (ring instanceof RawRing) ring.setUsedEvent(this.usedIdx);
      else if (real instanceof RawPackedRing) ring.setDriverEvent(EVENT_DESC, real.usedPlace, real.usedWrap);
    }
  }

  /** Where the next chain goes: what wantsNotification() compares with. */
  get position(): number {
    const real = this.#real;
    return real instanceof RawRing ? real.availIdx : real.place | (real.wrap << 15);
  }

  /** Whether the device wants to hear of what was made available since `before` (2.7.10, 2.8.10). */
  wantsNotification(before: number): boolean {
    const real = this.#real;
    if (real instanceof RawRing) {
      return ((real.availIdx - real.availEvent - 1) & 0xffff) < ((real.availIdx - before) & 0xffff);
    }
    const { flags, place, wrap } = real.deviceEvent;
    if (flags !== EVENT_DESC) return flags === 0;
    // All places on one scale, on which the ring's start in this round is 0.
    const scale = (position: number, bit: number) => position - (bit === real.wrap ? 0 : real.size);
    const event = scale(place, wrap);
    return event < real.place && event >= scale(before & 0x7fff, before >> 15);
  }
}

const EVENT_DESC = 2;

function followRing(to: RawRing | RawPackedRing, from: RawRing | RawPackedRing): void {
  if (to instanceof RawRing && from instanceof RawRing) to.follow(from);
  else if (to instanceof RawPackedRing && from instanceof RawPackedRing) to.follow(from);
  else throw new TypeError('The rings are of two kinds.');
}
