import type * as NodeCrypto from 'node:crypto';

type Crypto = Pick<typeof NodeCrypto, 'createCipheriv' | 'createDecipheriv'>;

/** Requests of up to so many bytes are worth it: more take so long that a new object is no matter. */
export const KEPT_BYTES_MAX = 32768;
/** Sessions that keep one: those that had theirs first lose it to others. */
const KEPT_MOST = 256;
const BLOCK_BYTES = 16;

interface Kept {
  id: number;
  stream: { update(data: Uint8Array): Uint8Array; final(): Uint8Array };
  /** The last block of ciphertext that went through: what CBC chains the next block to. */
  chained: Uint8Array;
}

export interface CbcRequest {
  /** OpenSSL's. */
  name: string;
  key: Uint8Array;
  decrypts: boolean;
  iv: Uint8Array;
  source: Uint8Array;
}

/**
 * AES-CBC in objects of node:crypto that stay with their sessions: to make one takes 1.3 to 1.6 µs, a third of what 4 KiB take. It has no
 * way to give one another IV, but CBC needs none: the first block is XORed with what the object will chain to it, and with the IV.
 */
export class KeptCbc {
  readonly #crypto: Crypto;
  /** By where sessions stand. */
  readonly #kept = new Map<number, Kept>();
  readonly #staging = new Uint8Array(KEPT_BYTES_MAX);

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /**
   * Encrypts or decrypts whole blocks, KEPT_BYTES_MAX at most; writes to none of its arguments.
   * @param id which session it is that stands there: not 0
   * @throws what OpenSSL says of the key
   */
  run(session: number, id: number, request: CbcRequest): Uint8Array {
    const kept = this.#of(session, id, request);
    // Read once: the guest may write to it meanwhile, and what is chained next has to be what OpenSSL saw.
    const staged = this.#staging.subarray(0, request.source.length);
    staged.set(request.source);
    try {
      return request.decrypts ? decrypt(kept, staged, request.iv) : encrypt(kept, staged, request.iv);
    } catch (error) {
      // Who knows what it would chain to.
      this.forget(session);
      throw error;
    } finally {
      // Plaintext stays nowhere.
      staged.fill(0);
    }
  }

  /** Forgets the key of the session that stands there, or all keys. */
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
    // OpenSSL holds the last block back as long as it may be padding.
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

/** Ends a stream of node:crypto, which frees OpenSSL's context and wipes the key in it, where a collection of garbage would come some day. */
export function end(stream: Pick<Kept['stream'], 'final'>): void {
  try {
    stream.final();
  } catch {
    // What it says of padding or of a tag is no matter any more.
  }
}

/** XORs the first block of `text` with what stands before it now, and with what is to stand there. */
function chain(text: Uint8Array, chained: Uint8Array, iv: Uint8Array): void {
  for (let i = 0; i < BLOCK_BYTES; i++) text[i] = (text[i] ?? 0) ^ (chained[i] ?? 0) ^ (iv[i] ?? 0);
}
