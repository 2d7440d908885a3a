import { expect } from 'vitest';
import { CIPHER_AES_CBC, CRYPTO_OK, DATA_LEGACY_BYTES } from '../../spec/crypto.ts';
import { cipherRequest } from './cipher_requests.ts';
import { noise } from './memory.ts';
import { KEY, reference, UNWRITTEN } from './requests.ts';
import type { AnyRig } from './rig.ts';
import type { RawBuffer } from './test_ring.ts';

const ARENA = 0x80000;
const PLACE_BYTES = 0x1000;
/** Requests that fit in guest RAM beside each other. */
export const PLACES = 128;
export const BYTES = 1024;
const BUFFERS = 5;

/** Many requests that are under way at once, each with memory of its own. */
export class Flight {
  readonly #rig: AnyRig;

  constructor(rig: AnyRig) {
    this.#rig = rig;
  }

  /** Makes request `place` available, without a notification. */
  offer(place: number, id: bigint, bytes = BYTES): void {
    const rig = this.#rig;
    const { header, iv, source, destination, status } = this.#places(place);
    rig.write(header, cipherRequest(id, CIPHER_AES_CBC, 'encrypt', { iv: 16, source: bytes, destination: bytes }));
    rig.write(iv, noise(16, place));
    rig.write(source, noise(bytes, 300 + place));
    rig.write(destination, new Uint8Array(bytes));
    rig.write(status, Uint8Array.of(UNWRITTEN));
    const chain: RawBuffer[] = [
      { address: header, bytes: DATA_LEGACY_BYTES },
      { address: iv, bytes: 16 },
      { address: source, bytes },
      { address: destination, bytes, write: true },
      { address: status, bytes: 1, write: true },
    ];
    rig.data.describeChain(chain, BUFFERS * place);
    rig.data.offer(BUFFERS * place);
  }

  status(place: number): number {
    return this.#rig.read(this.#places(place).status, 1)[0] ?? -1;
  }

  /** The request was done, and rightly. */
  expectDone(place: number, bytes = BYTES, key = KEY): void {
    expect(this.status(place)).toBe(CRYPTO_OK);
    const result = this.#rig.read(this.#places(place).destination, bytes);
    expect(result).toEqual(reference('encrypt', key, noise(16, place), noise(bytes, 300 + place)));
  }

  /** The request was not answered, and nothing of a result was written. */
  expectUntouched(place: number, bytes = BYTES): void {
    expect(this.status(place)).toBe(UNWRITTEN);
    expect(this.#rig.read(this.#places(place).destination, bytes)).toEqual(new Uint8Array(bytes));
  }

  /** The buffer id of a request's chain. */
  head(place: number): number {
    return BUFFERS * place;
  }

  /** Waits until the device has used so many chains since `before`. */
  async used(before: number, count: number): Promise<void> {
    const { data } = this.#rig;
    while (((data.usedIdx - before) & 0xffff) < count) await turn();
    expect((data.usedIdx - before) & 0xffff).toBe(count);
  }

  #places(place: number) {
    const header = ARENA + place * PLACE_BYTES;
    return {
      header,
      iv: header + 0x80,
      source: header + 0x100,
      destination: header + 0x800,
      status: header + 0xf00,
    };
  }
}

/** Lets timers and other threads have their turn. */
export function turn(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** 0 to count - 1. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
