import type * as NodeCrypto from 'node:crypto';

type Crypto = Pick<typeof NodeCrypto, 'createCipheriv' | 'createDecipheriv'>;

/** Largest request, in bytes, that reuses a cipher object. Beyond it, making a new object costs little in comparison. */
export const KEPT_BYTES_MAX = 32768;
/** Largest number of sessions that keep an object. When there are more, the session that has had its object longest loses it. */
const KEPT_MOST = 256;
const BLOCK_BYTES = 16;

interface Kept {
  id: number;
  stream: { update(data: Uint8Array): Uint8Array; final(): Uint8Array };
  /** The last block of ciphertext that the object has seen: CBC chains the next block to it. */
  chained: Uint8Array;
}

export interface CbcRequest {
  /** OpenSSL's name of the cipher. */
  name: string;
  key: Uint8Array;
  decrypts: boolean;
  iv: Uint8Array;
  source: Uint8Array;
}

/**
 * AES-CBC in objects of node:crypto that stay with their sessions. Making an object takes 1.3 to 1.6 µs, a third of the time for 4 KiB.
 * node:crypto cannot change an object's IV, but CBC can do without: the object XORs the block C, the last ciphertext, into the first
 * block P of the text. If the text begins with P ⊕ C ⊕ IV, the object computes E(P ⊕ IV). Decryption works in the same way.
 */
export class KeptCbc {
  readonly #crypto: Crypto;
  /** By the address of the session. */
  readonly #kept = new Map<number, Kept>();
  readonly #staging = new Uint8Array(KEPT_BYTES_MAX);

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /**
   * Encrypts or decrypts whole blocks, at most KEPT_BYTES_MAX bytes. It does not write to its arguments.
   * @param session the session's address
   * @param id the session's id, not 0: it tells apart sessions that had the same address
   * @throws Error of OpenSSL if it refuses the key
   */
  run(session: number, id: number, request: CbcRequest): Uint8Array {
    const kept = this.#of(session, id, request);
    // The source is read once, because the guest may change it meanwhile: the chained block must be the block that OpenSSL saw.
    const staged = this.#staging.subarray(0, request.source.length);
    staged.set(request.source);
    try {
      return request.decrypts ? decrypt(kept, staged, request.iv) : encrypt(kept, staged, request.iv);
    } catch (error) {
      // After an error it is not known which block the object would chain to.
      this.forget(session);
      throw error;
    } finally {
      // No plaintext stays in memory.
      staged.fill(0);
    }
  }

  /** Ends the object of the session at this address, or all objects: their keys are wiped. */
  forget(session?: number): void {
    const sessions = session === undefined ? [...this.#kept.keys()] : [session];
    for (const each of sessions) {
      const kept = this.#kept.get(each);
      this.#kept.delete(each);
      if (kept) end(kept.stream);
    }
  }

  #of(session: number, id: number, { name, key, decrypts }: CbcRequest): Kept {
    const found = this.#kept.get(session);
    if (found?.id === id) return found;
    this.forget(session);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_MOST) this.forget(oldest);
    const { createCipheriv, createDecipheriv } = this.#crypto;
    const chained = new Uint8Array(BLOCK_BYTES);
    // With padding switched on, OpenSSL would hold the last block back.
    const stream = decrypts
      ? createDecipheriv(name, key, chained).setAutoPadding(false)
      : createCipheriv(name, key, chained);
    const kept = { id, stream, chained };
    this.#kept.set(session, kept);
    return kept;
  }
}

function encrypt({ stream, chained }: Kept, text: Uint8Array, iv: Uint8Array): Uint8Array {
  chain(text, chained, iv);
  const result = stream.update(text);
  chained.set(result.subarray(-BLOCK_BYTES));
  return result;
}

function decrypt({ stream, chained }: Kept, text: Uint8Array, iv: Uint8Array): Uint8Array {
  const result = stream.update(text);
  chain(result, chained, iv);
  chained.set(text.subarray(-BLOCK_BYTES));
  return result;
}

/** Ends a stream of node:crypto. This frees OpenSSL's context and wipes its key now, without waiting for the garbage collector. */
export function end(stream: Pick<Kept['stream'], 'final'>): void {
  try {
    stream.final();
  } catch {
    // Errors of padding or of a tag do not matter any more.
  }
}

/** XORs the first block of `text` with the block that the object chains to it, and with the IV that is wanted instead. */
function chain(text: Uint8Array, chained: Uint8Array, iv: Uint8Array): void {
  for (let i = 0; i < BLOCK_BYTES; i++) text[i] = (text[i] ?? 0) ^ (chained[i] ?? 0) ^ (iv[i] ?? 0);
}
