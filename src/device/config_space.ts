import * as crypto from '../../spec/crypto.ts';
import { SERVED, SERVICES, type SessionService } from '../../spec/services.ts';
import type { Offer } from './offer.ts';
import type { ResolvedOptions } from './options.ts';

/** struct virtio_crypto_config with its generation (2.5, 5.9.5). */
export class ConfigSpace {
  readonly #bytes = new DataView(new ArrayBuffer(crypto.CONFIG_BYTES));
  #generation = 0;
  #later: boolean | undefined;
  /** Called when a byte, or the generation, is read. */
  onRead: ((offset: number | 'generation') => void) | undefined;

  constructor(options: ResolvedOptions, offer: Offer) {
    this.#set(crypto.CONFIG_STATUS, crypto.S_HW_READY);
    this.#set(crypto.CONFIG_MAX_DATAQUEUES, options.dataQueues);
    this.#set(crypto.CONFIG_CRYPTO_SERVICES, offer.services);
    for (const name of SERVED) {
      const [low, high]: SessionService['masks'] = SERVICES[name].masks;
      this.#set(low, Number(offer.algorithms[name] & 0xffffffffn));
      if (high !== undefined) this.#set(high, Number(offer.algorithms[name] >> 32n));
    }
    this.#set(crypto.CONFIG_MAX_CIPHER_KEY_LEN, offer.maxCipherKeyBytes);
    this.#set(crypto.CONFIG_MAX_AUTH_KEY_LEN, offer.maxAuthKeyBytes);
    this.#bytes.setBigUint64(crypto.CONFIG_MAX_SIZE, BigInt(options.maxRequestBytes), true);
  }

  /** Changes with the contents (2.5.3). A driver that needs several reads compares it before and after. 0 to 255. */
  get generation(): number {
    this.onRead?.('generation');
    return this.#generation;
  }

  /** VIRTIO_CRYPTO_S_HW_READY of the status field. */
  get hardwareReady(): boolean {
    return this.#bytes.getUint32(crypto.CONFIG_STATUS, true) === crypto.S_HW_READY;
  }

  /** Sets HW_READY. Returns true if that changed the contents. */
  setHardwareReady(ready: boolean): boolean {
    if (ready === this.hardwareReady) return false;
    this.#set(crypto.CONFIG_STATUS, ready ? crypto.S_HW_READY : 0);
    this.#generation = (this.#generation + 1) & 0xff;
    return true;
  }

  /** The HW_READY that the device gets when it resumes; undefined if it stays as it is. */
  get hardwareReadyLater(): boolean | undefined {
    return this.#later;
  }

  /** Keeps a change of HW_READY for later, because a suspended device does not modify its configuration (3.4.2 of virtio 1.4). */
  setHardwareReadyLater(ready: boolean): void {
    this.#later = ready;
  }

  /** Makes the change that was kept for later. Returns true if that changed the contents. */
  catchUp(): boolean {
    const later = this.#later;
    this.#later = undefined;
    return later !== undefined && this.setHardwareReady(later);
  }

  /** Takes over a saved status and generation. */
  restore(ready: boolean, generation: number, later: boolean | undefined): void {
    this.#set(crypto.CONFIG_STATUS, ready ? crypto.S_HW_READY : 0);
    this.#generation = generation;
    this.#later = later;
  }

  /** The byte at `offset`. 0 if `offset` is beyond the structure, negative or a fraction. */
  byte(offset: number): number {
    const inside = Number.isInteger(offset) && offset >= 0 && offset < crypto.CONFIG_BYTES;
    this.onRead?.(offset);
    return inside ? this.#bytes.getUint8(offset) : 0;
  }

  /**
   * Replaces 32 bits of the contents, for a host that has the device misbehave. With the same generation a driver cannot see (2.5.3) that
   * what it read before and after does not belong together.
   */
  replace(offset: number, value: number, generation: 'new generation' | 'same generation'): void {
    this.#set(offset, value);
    if (generation === 'new generation') this.#generation = (this.#generation + 1) & 0xff;
  }

  #set(offset: number, value: number): void {
    this.#bytes.setUint32(offset, value, true);
  }
}
