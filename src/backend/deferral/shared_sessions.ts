import { SESSION_ID } from '../../../spec/engine.ts';
import type { SharedLayout } from './layout.ts';

interface Copy {
  /** Number of its place in shared memory. */
  place: number;
  /** Requests under way that use it. */
  uses: number;
  /** Whether the session is closed, or belongs to one stateless request: the copy is wiped after its last use. */
  closed: boolean;
}

/** Copies of sessions, with their keys, in the memory that workers share. Made at a session's first request, wiped when it closes. */
export class SharedSessions {
  readonly #layout: SharedLayout;
  readonly #words: BigUint64Array;
  readonly #bytes: Uint8Array;
  /** Copies by session id, in the order in which they were made. */
  readonly #copies = new Map<bigint, Copy>();
  readonly #free: number[];

  constructor(layout: SharedLayout, shared: WebAssembly.Memory) {
    this.#layout = layout;
    this.#words = new BigUint64Array(shared.buffer);
    this.#bytes = new Uint8Array(shared.buffer);
    this.#free = Array.from({ length: layout.sessions }, (_, place) => place);
  }

  /** Returns the copy of a session, and counts one more use. Makes the copy if there is none. */
  use(guest: Uint8Array, guestWords: DataView, session: number): Copy {
    const id = guestWords.getBigUint64(session + SESSION_ID, true);
    let copy = this.#copies.get(id);
    if (copy) {
      copy.uses++;
      return copy;
    }
    copy = { place: this.#takePlace(), uses: 1, closed: id === 0n };
    this.#bytes.set(guest.subarray(session, session + this.#layout.sessionBytes), this.at(copy));
    // A session without an id serves one stateless request.
    if (id !== 0n) this.#copies.set(id, copy);
    return copy;
  }

  /** Byte offset of a copy in the shared memory. */
  at(copy: Copy): number {
    return this.#layout.sessionsAt + copy.place * this.#layout.sessionBytes;
  }

  /** Called when a request is done with its copy. */
  leave(copy: Copy): void {
    copy.uses--;
    if (copy.closed && copy.uses === 0) this.#wipe(copy);
  }

  /** The session with this id is closed. */
  close(id: bigint): void {
    const copy = this.#copies.get(id);
    if (!copy) return;
    this.#copies.delete(id);
    copy.closed = true;
    if (copy.uses === 0) this.#wipe(copy);
  }

  /** All sessions are closed. */
  closeAll(): void {
    for (const id of [...this.#copies.keys()]) this.close(id);
  }

  /** Returns a free place. There are more places than requests under way, so a copy that is not in use can always be wiped. */
  #takePlace(): number {
    for (const [id, { uses }] of this.#copies) {
      if (this.#free.length > 0) break;
      if (uses === 0) this.close(id);
    }
    const place = this.#free.pop();
    if (place === undefined) throw new Error('More sessions are in use than requests are under way.');
    return place;
  }

  #wipe(copy: Copy): void {
    const start = this.at(copy) / 8;
    this.#words.fill(0n, start, start + this.#layout.sessionBytes / 8);
    this.#free.push(copy.place);
  }
}

export type SessionCopy = Copy;
