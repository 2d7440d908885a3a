import * as crypto from '../../../spec/crypto.ts';
import * as spec from '../../../spec/engine.ts';
import type { AkcipherSession } from '../../akcipher/contract.ts';
import { rsaSession, rsaSupported } from '../../akcipher/rsa.ts';
import { RsaArithmetic } from '../../akcipher/rsa_arithmetic.ts';
import type { WasmMemory } from '../../engine/webassembly.ts';

/** A session's key, and how many requests under way use it. */
export interface KeptKey {
  readonly session: AkcipherSession;
  uses: number;
  /** Whether the session is closed: the key is wiped when its last request is done. */
  closed: boolean;
}

/**
 * The keys of a device's AKCIPHER sessions, by the offsets of the sessions in the engine's memory. They are not in that memory, because
 * they are longer than all other keys together.
 */
export class AkcipherKeys {
  readonly #memory: WasmMemory;
  readonly #modulusBits: number;
  readonly #keys = new Map<number, KeptKey>();
  #arithmetic: { atOnce: RsaArithmetic; pausing: RsaArithmetic } | undefined;

  /**
   * @param memory the engine's memory
   * @param modulusBits the longest modulus that is allowed, in bits
   */
  constructor(memory: WasmMemory, modulusBits: number) {
    this.#memory = memory;
    this.#modulusBits = modulusBits;
  }

  /** Keeps a copy of a session's key. The session's parameters are written. Returns a status (5.9.7.1): OK, NOTSUPP or ERR. */
  keep(session: number, key: Uint8Array): number {
    const view = new DataView(this.#memory.buffer);
    const field = (offset: number) => view.getUint32(session + offset, true);
    const parameters = {
      isPrivate: field(spec.SESSION_KEY_TYPE) === crypto.AKCIPHER_KEY_PRIVATE,
      padding: field(spec.SESSION_PADDING),
      hash: field(spec.SESSION_SIGNATURE_HASH),
    };
    if (!rsaSupported(parameters)) return crypto.CRYPTO_NOTSUPP;
    this.#arithmetic ??= { atOnce: new RsaArithmetic(fillRandom), pausing: new RsaArithmetic(fillRandom) };
    const sent = key.slice();
    const made = rsaSession(sent, parameters, this.#modulusBits, this.#arithmetic, fillRandom);
    if (!made) {
      sent.fill(0);
      return crypto.CRYPTO_ERR;
    }
    this.close(session);
    this.#keys.set(session, { session: made, uses: 0, closed: false });
    return crypto.CRYPTO_OK;
  }

  /** The key of an open session. */
  of(session: number): KeptKey | undefined {
    return this.#keys.get(session);
  }

  /** Called when a request of a key is done or forgotten. */
  leave(key: KeptKey): void {
    key.uses--;
    if (key.closed && key.uses === 0) key.session.wipe();
  }

  /** Forgets the key of a session, if it has one. */
  close(session: number): void {
    const key = this.#keys.get(session);
    if (!key) return;
    this.#keys.delete(session);
    key.closed = true;
    if (key.uses === 0) key.session.wipe();
  }

  /** Forgets all keys. */
  closeAll(): void {
    for (const session of [...this.#keys.keys()]) this.close(session);
  }

  /** Wipes what a request that was given up has left in the kernel's memory. */
  wipeArithmetic(): void {
    this.#arithmetic?.pausing.wipe();
  }
}

function fillRandom(bytes: Uint8Array<ArrayBuffer>): void {
  globalThis.crypto.getRandomValues(bytes);
}
