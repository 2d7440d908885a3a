import * as virtio from '../../spec/virtio.ts';
import { loadOnDemand } from '../../src/backend/akcipher/away.ts';
import { CryptoDevice } from '../../src/device/device.ts';
import type { GuestRegion } from '../../src/engine/memory.ts';
import { VirtioMmio } from '../../src/transport/mmio/mmio.ts';
import { VirtioPci } from '../../src/transport/pci/pci.ts';
import { ASSOCIATIONS_MAX } from './packets.ts';
import { Writable } from './writable.ts';

// A guest's requests run at once, so none may wait for what is loaded.
await loadOnDemand();

/** What a case has done that it must not be able to do. */
export class Violation extends Error {}

const PAGE_BYTES = 65536;
const CANARY_BYTES = 1024;
/** Two stretches of RAM with a hole between them, as machines have them; canaries around each. */
export const LOW = { guestAddress: 0, bytes: 0x2900, offset: CANARY_BYTES } satisfies GuestRegion;
export const HIGH = { guestAddress: 0xa000, bytes: 0x1100, offset: 2 * CANARY_BYTES + LOW.bytes } satisfies GuestRegion;
const REGIONS: readonly GuestRegion[] = [LOW, HIGH];
/** RAM and the canaries around it: what is compared each time that the device has done something. */
const WATCHED_BYTES = HIGH.offset + HIGH.bytes + CANARY_BYTES;

export const DATA_QUEUES = 2;
export const CONTROL_QUEUE = DATA_QUEUES;
export const QUEUE_SIZE = 32;

export type TransportName = 'pci' | 'pci with MSI-X' | 'mmio';

/** Timers that may run before the guest goes on. */
const TIMERS_MAX = 256;

/** A device, a guest's RAM, and a copy of that memory as it must be: what the device may change is taken over into it. */
export class Machine {
  readonly memory: WebAssembly.Memory;
  readonly device: CryptoDevice;
  readonly registers: VirtioPci | VirtioMmio;
  readonly #bytes: Buffer;
  readonly #expected: Buffer;
  readonly #view: DataView;
  readonly #watched: Buffer;
  readonly #expectedWatched: Buffer;
  readonly #pristine: Buffer;
  readonly #writable = new Writable(this);
  /** Whether the guest let the device write where it reads rings or tables: then nobody can say what comes of it. */
  selfModifying = false;

  /** Timers that are due: asymmetric requests run in them. */
  readonly #timers = new Set<() => void>();
  readonly #secrets: readonly Buffer[];

  /** @param secrets what must never come to stand where the device writes */
  constructor(transport: TransportName, secrets: readonly Uint8Array[]) {
    this.#secrets = secrets.map((secret) => Buffer.from(secret));
    const memory = new WebAssembly.Memory({ initial: 1 });
    this.memory = memory;
    this.device = new CryptoDevice({
      guest: { memory, regions: REGIONS },
      dataQueues: DATA_QUEUES,
      queueSize: QUEUE_SIZE,
      maxSessions: 4,
      maxRequestBytes: 4096,
      securityAssociations: ASSOCIATIONS_MAX,
      // Its coverage is that of the engine.
      backend: 'inline',
      algorithms: 'all',
      features: { packed: true, notificationData: true, accessPlatform: true },
      clock: {
        now: () => 0,
        schedule: (callback) => {
          this.#timers.add(callback);
          return () => this.#timers.delete(callback);
        },
      },
    });
    memory.grow(1);
    this.#bytes = Buffer.from(memory.buffer, 0, PAGE_BYTES);
    this.#view = new DataView(memory.buffer, 0, PAGE_BYTES);
    for (let i = 0; i < PAGE_BYTES; i++) this.#bytes[i] = (i * 167 + (i >> 8)) & 0xff;
    for (const { offset, bytes } of REGIONS) this.#bytes.fill(0, offset, offset + bytes);
    this.#expected = Buffer.from(this.#bytes);
    this.#watched = this.#bytes.subarray(0, WATCHED_BYTES);
    this.#expectedWatched = this.#expected.subarray(0, WATCHED_BYTES);
    this.#pristine = Buffer.from(this.#watched);
    const interrupt = () => {};
    const pciOptions = transport === 'pci' ? {} : ({ bar: 'memory', msix: { deliver: interrupt } } as const);
    this.registers =
      transport === 'mmio' ? new VirtioMmio(this.device, interrupt) : new VirtioPci(this.device, interrupt, pciOptions);
  }

  /** A guest that was just switched on: RAM of zeros, a device after its reset. */
  switchOn(): void {
    this.registers.reset();
    this.#watched.set(this.#pristine);
    this.#expectedWatched.set(this.#pristine);
    this.selfModifying = false;
  }

  /** Where a guest-physical stretch stands in the memory; undefined unless it lies in one region. */
  place(address: number, bytes: number): number | undefined {
    if (address + bytes <= LOW.bytes) return LOW.offset + address;
    const at = address - HIGH.guestAddress;
    return at >= 0 && at + bytes <= HIGH.bytes ? HIGH.offset + at : undefined;
  }

  /** The guest writes its RAM; what is not RAM goes nowhere. */
  write(address: number, bytes: Uint8Array): void {
    const at = this.place(address, bytes.length);
    if (at === undefined) return;
    this.#bytes.set(bytes, at);
    this.#expected.set(bytes, at);
  }

  write16(address: number, value: number): void {
    const at = this.place(address, 2);
    if (at === undefined) return;
    this.#view.setUint16(at, value, true);
    this.#expected.writeUInt16LE(value & 0xffff, at);
  }

  /** One descriptor, of either ring: their last two fields stand in each other's place. */
  writeDescriptor(at: number, address: bigint, bytes: number, third: number, fourth: number): void {
    const place = this.place(at, virtio.DESC_BYTES);
    if (place === undefined) return;
    this.#view.setBigUint64(place, address, true);
    this.#view.setUint32(place + virtio.DESC_LEN, bytes, true);
    this.#view.setUint16(place + virtio.DESC_FLAGS, third, true);
    this.#view.setUint16(place + virtio.DESC_NEXT, fourth, true);
    this.#bytes.copy(this.#expected, place, place, place + virtio.DESC_BYTES);
  }

  read16(address: number): number {
    const at = this.place(address, 2);
    return at === undefined ? 0 : this.#view.getUint16(at, true);
  }

  read32(address: number): number {
    const at = this.place(address, 4);
    return at === undefined ? 0 : this.#view.getUint32(at, true);
  }

  /**
   * Lets the device do something, and checks that it changed nothing but what the rings gave it to write.
   * @throws Violation naming the first byte that it must not have changed
   */
  watch(action: () => void): void {
    const writable = this.#writable;
    writable.update();
    if (writable.inRings) this.selfModifying = true;
    action();
    this.#runTimers();
    if (this.selfModifying) {
      for (const { offset, bytes } of REGIONS) this.#watched.copy(this.#expected, offset, offset, offset + bytes);
    } else {
      const { starts, ends, count } = writable.stretches;
      for (let i = 0; i < count; i++) this.#takeOver(starts[i] ?? 0, ends[i] ?? 0);
    }
    this.#compare(this.#watched, this.#expectedWatched);
  }

  /** The whole memory below the engine's region is as it must be, and shows no secret. @throws Violation */
  expectIntact(): void {
    this.#compare(this.#bytes, this.#expected);
    for (const secret of this.#secrets) {
      if (this.#watched.includes(secret)) throw new Violation("Something of another session's key or text came out.");
    }
  }

  /** Runs the timers, and those that they set. A guest may keep the device busy for ever, so there is a bound. */
  #runTimers(): void {
    for (let count = 0; count < TIMERS_MAX; count++) {
      const [timer] = this.#timers;
      if (!timer) return;
      this.#timers.delete(timer);
      timer();
    }
  }

  #takeOver(start: number, end: number): void {
    // Most are as short as a status: a call costs more than the bytes.
    if (end - start > 64) this.#watched.copy(this.#expected, start, start, end);
    else for (let i = start; i < end; i++) this.#expected[i] = this.#watched[i] ?? 0;
  }

  #compare(bytes: Buffer, expected: Buffer): void {
    if (bytes.equals(expected)) return;
    const at = bytes.findIndex((byte, i) => byte !== expected[i]);
    throw new Violation(`The device wrote byte ${at} of the memory, which nobody gave it to write.`);
  }
}
