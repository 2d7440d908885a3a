import * as pci from '../../../spec/virtio_pci.ts';
import { StateError } from '../../device/state.ts';
import { littleEndian } from '../access.ts';
import { MEMORY_BAR_BYTES } from './layout.ts';

/** Delivers an interrupt message: the host writes the 32 bits of `data` to the guest-physical `address`, or does the equivalent. */
export type DeliverMessage = (address: bigint, data: number) => void;

/** The places of table and pending bits in their BAR, in bytes, and the number of vectors. */
export interface MsixPlace {
  readonly vectors: number;
  readonly tableOffset: number;
  readonly pendingOffset: number;
  readonly barBytes: number;
}

/** The saved state of MSI-X: the table and the pending bits, each as bytes in hexadecimal. */
export interface MsixState {
  table: string;
  pending: string;
}

const PENDING_WORD_BYTES = 8;
const PENDING_WORD_BITS = 64;

/**
 * MSI-X (PCI 3.0, 6.8.2): the table of messages, a mask for each vector and one for all, and the pending bits of messages that wait until
 * they are unmasked. Message control is in the configuration space: when it changes, the owner of that space calls writeControl().
 */
export class Msix {
  readonly place: MsixPlace;
  readonly #deliver: DeliverMessage;
  readonly #table: DataView;
  readonly #pending: Uint8Array;
  #enabled = false;
  #functionMask = false;

  /** @throws RangeError if the number of vectors is not 1 to 2048 */
  constructor(vectors: number, deliver: DeliverMessage) {
    if (!Number.isInteger(vectors) || vectors < 1 || vectors > pci.MSIX_VECTORS_MAX) {
      throw new RangeError(`msix.vectors is ${vectors}: give a whole number from 1 to ${pci.MSIX_VECTORS_MAX}.`);
    }
    const tableBytes = vectors * pci.MSIX_ENTRY_BYTES;
    // Table and pending bits are the two halves of a BAR, whose size must be a power of two in PCI.
    const half = Math.max(MEMORY_BAR_BYTES / 2, 2 ** Math.ceil(Math.log2(tableBytes)));
    this.place = { vectors, tableOffset: 0, pendingOffset: half, barBytes: 2 * half };
    this.#deliver = deliver;
    this.#table = new DataView(new ArrayBuffer(tableBytes));
    this.#pending = new Uint8Array(Math.ceil(vectors / PENDING_WORD_BITS) * PENDING_WORD_BYTES);
    this.reset();
  }

  /** Whether MSI-X is enabled: INTx and the ISR status are then not used (4.1.5.1.2). */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** Takes a value that the driver wrote to message control. Pending messages that are unmasked now are delivered. */
  writeControl(control: number): void {
    this.#enabled = (control & pci.MSIX_CONTROL_ENABLE) !== 0;
    this.#functionMask = (control & pci.MSIX_CONTROL_FUNCTION_MASK) !== 0;
    for (let vector = 0; vector < this.place.vectors; vector++) this.#deliverPending(vector);
  }

  /** Sends a vector's message, or keeps it pending while it is masked. Does nothing for a vector beyond the table. */
  signal(vector: number): void {
    if (vector >= this.place.vectors) return;
    this.#setPending(vector, true);
    this.#deliverPending(vector);
  }

  /** Reads the BAR of table and pending bits. Other bytes read as 0. */
  read(offset: number, size: number): number {
    return littleEndian(offset, size, (at) => this.#readByte(at));
  }

  /** Writes the table. 6.8.2: only aligned accesses of 4 bytes have an effect. Pending bits are read-only. */
  write(offset: number, size: number, value: number): void {
    if (size !== 4 || offset % 4 !== 0 || !(offset >= 0 && offset < this.#table.byteLength)) return;
    const field = offset % pci.MSIX_ENTRY_BYTES;
    if (field === pci.MSIX_ENTRY_CONTROL) {
      this.#table.setUint32(offset, value & pci.MSIX_ENTRY_MASKED, true);
      this.#deliverPending((offset - field) / pci.MSIX_ENTRY_BYTES);
    } else {
      // A message writes a whole word, so the lowest two bits of its address are 0.
      this.#table.setUint32(offset, field === pci.MSIX_ENTRY_ADDRESS ? value & ~3 : value, true);
    }
  }

  /** Called for a reset by the driver, which ends all interrupts. The table belongs to the operating system, and stays. */
  forgetPending(): void {
    this.#pending.fill(0);
  }

  /** Restores the state at power-on: no messages, every vector masked, MSI-X off. */
  reset(): void {
    this.#enabled = false;
    this.#functionMask = false;
    this.forgetPending();
    for (let offset = 0; offset < this.#table.byteLength; offset += pci.MSIX_ENTRY_BYTES) {
      this.#table.setBigUint64(offset + pci.MSIX_ENTRY_ADDRESS, 0n, true);
      this.#table.setUint32(offset + pci.MSIX_ENTRY_DATA, 0, true);
      this.#table.setUint32(offset + pci.MSIX_ENTRY_CONTROL, pci.MSIX_ENTRY_MASKED, true);
    }
  }

  save(): MsixState {
    return { table: hexOf(new Uint8Array(this.#table.buffer)), pending: hexOf(this.#pending) };
  }

  /**
   * Takes over a state that save() returned. It delivers no messages, because messages that were sent are in the host's own state.
   * @throws StateError if the state has another number of vectors
   */
  restore(state: MsixState): void {
    const table = bytesOf(state.table, this.#table.byteLength);
    const pending = bytesOf(state.pending, this.#pending.length);
    this.reset();
    this.#pending.set(pending);
    const view = new DataView(table.buffer);
    for (let offset = 0; offset < table.length; offset += 4) this.write(offset, 4, view.getUint32(offset, true));
  }

  #readByte(offset: number): number {
    if (offset >= 0 && offset < this.#table.byteLength) return this.#table.getUint8(offset);
    return this.#pending[offset - this.place.pendingOffset] ?? 0;
  }

  #deliverPending(vector: number): void {
    const entry = vector * pci.MSIX_ENTRY_BYTES;
    const masked = this.#table.getUint32(entry + pci.MSIX_ENTRY_CONTROL, true) & pci.MSIX_ENTRY_MASKED;
    if (!this.#enabled || this.#functionMask || masked || !this.#isPending(vector)) return;
    this.#setPending(vector, false);
    this.#deliver(
      this.#table.getBigUint64(entry + pci.MSIX_ENTRY_ADDRESS, true),
      this.#table.getUint32(entry + pci.MSIX_ENTRY_DATA, true),
    );
  }

  #isPending(vector: number): boolean {
    return (((this.#pending[vector >> 3] ?? 0) >> (vector & 7)) & 1) === 1;
  }

  #setPending(vector: number, pending: boolean): void {
    const [byte, bit] = [vector >> 3, 1 << (vector & 7)];
    const before = this.#pending[byte] ?? 0;
    this.#pending[byte] = pending ? before | bit : before & ~bit;
  }
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Reads bytes in hexadecimal. @throws StateError unless there are exactly `length` bytes */
export function bytesOf(hex: string, length: number): Uint8Array<ArrayBuffer> {
  if (hex.length !== 2 * length || !/^[0-9a-f]*$/.test(hex)) {
    throw new StateError('The saved state of the PCI transport is damaged, or of a function with other options.');
  }
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
