import type { V86 } from 'v86';
import { unreadSerialBytes } from '../v86/internals.ts';

/** Bytes that v86's serial line holds at most. A guest's driver reads all of them in one interrupt, and then its programs have their turn. */
const LINE_BYTES = 1024;
/** How often a line that is full is looked at. */
const LOOK_MS = 5;

/**
 * Types into a serial line of v86, as fast as the guest takes it. v86 0.5.462 itself hands over at once whatever it is given, and Linux's
 * driver does not expect that of a serial line: after a text that is long enough, v86 interrupts for this line no more.
 */
export class SerialInput {
  readonly #emulator: V86;
  readonly #line: 0 | 1;
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** @param line 0 for COM1, 1 for COM2 */
  constructor(emulator: V86, line: 0 | 1) {
    this.#emulator = emulator;
    this.#line = line;
  }

  /** Types bytes, behind what still waits. A text is typed in UTF-8. Ignored after stop(). */
  send(input: string | Uint8Array): void {
    if (this.#stopped) return;
    const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : Uint8Array.from(input);
    this.#waiting.push(bytes);
    if (this.#timer === undefined) this.#feed();
  }

  /** Forgets what waits: the machine ends. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  /** Hands over as much as the line has room for, and looks again later if something is left. */
  #feed(): void {
    this.#timer = undefined;
    let room = LINE_BYTES - unreadSerialBytes(this.#emulator, this.#line);
    while (room > 0) {
      const [first] = this.#waiting;
      if (!first) return;
      this.#emulator.serial_send_bytes(this.#line, first.subarray(0, room));
      if (first.length > room) this.#waiting[0] = first.subarray(room);
      else this.#waiting.shift();
      room -= Math.min(room, first.length);
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#feed(), LOOK_MS);
  }
}
