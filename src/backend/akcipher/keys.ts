import * as crypto from '../../../spec/crypto.ts';
import * as spec from '../../../spec/engine.ts';
import type { AkcipherParameters, AkcipherSession } from '../../akcipher/contract.ts';
import type { SessionMaker } from '../../akcipher/session.ts';
import type { WasmMemory } from '../../engine/webassembly.ts';

/** A session's key, and how many requests under way use it. */
export interface KeptKey {
  /** A number that no other key of the device has. */
  readonly number: number;
  readonly session: AkcipherSession;
  readonly parameters: AkcipherParameters;
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
  readonly #maker: SessionMaker;
  readonly #wiped: (key: KeptKey) => void;
  readonly #keys = new Map<number, KeptKey>();
  #made = 0;

  /**
   * @param memory the engine's memory
   * @param wiped is told of each key that is wiped, so that its copies are, too
   */
  constructor(memory: WasmMemory, maker: SessionMaker, wiped: (key: KeptKey) => void) {
    this.#memory = memory;
    this.#maker = maker;
    this.#wiped = wiped;
  }

  /** Keeps a copy of a session's key. The session's parameters are written. Returns a status (5.9.7.1): OK, NOTSUPP or ERR. */
  keep(session: number, key: Uint8Array): number {
    const view = new DataView(this.#memory.buffer);
    const field = (offset: number) => view.getUint32(session + offset, true);
    const parameters = {
      algorithm: field(spec.SESSION_ALGO),
      isPrivate: field(spec.SESSION_KEY_TYPE) === crypto.AKCIPHER_KEY_PRIVATE,
      paddingOrCurve: field(spec.SESSION_PADDING),
      hash: field(spec.SESSION_SIGNATURE_HASH),
    };
    const sent = key.slice();
    const made = this.#maker.make(sent, parameters);
    if (typeof made === 'number') {
      sent.fill(0);
      return made;
    }
    this.close(session);
    this.#keys.set(session, { number: this.#made++, session: made, parameters, uses: 0, closed: false });
    return crypto.CRYPTO_OK;
  }

  /** The key of an open session. */
  of(session: number): KeptKey | undefined {
    return this.#keys.get(session);
  }

  /** Called when a request of a key is done or forgotten. */
  leave(key: KeptKey): void {
    key.uses--;
    if (key.closed && key.uses === 0) this.#wipe(key);
  }

  /** Forgets the key of a session, if it has one. */
  close(session: number): void {
    const key = this.#keys.get(session);
    if (!key) return;
    this.#keys.delete(session);
    key.closed = true;
    if (key.uses === 0) this.#wipe(key);
  }

  /** Forgets all keys. */
  closeAll(): void {
    for (const session of [...this.#keys.keys()]) this.close(session);
  }

  #wipe(key: KeptKey): void {
    key.session.wipe();
    this.#wiped(key);
  }
}
