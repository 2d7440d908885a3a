/** How far a boot is. */
export interface BootProgress {
  /** Instructions that the guest has run since the wait began. */
  readonly instructions: number;
  /** The last line that the guest wrote; empty before the first one. */
  readonly lastLine: string;
  /** Seconds since the guest wrote something, as far as this process ran. */
  readonly silentSeconds: number;
}

/** A look at a guest that boots: it goes on, it runs and says nothing for long, it does so for too long, or it has stopped. */
export type BootVerdict = 'going' | 'silent' | 'gone' | 'stopped';

/** A guest that neither runs an instruction nor writes for this long has stopped: an idle one takes its timer's interrupts. */
export const STOPPED_SECONDS = 60;
/** Our own guest's kernel writes nothing on its way, which takes 15 s on a fast machine. */
export const FIRST_SILENCE_SECONDS = 120;
export const GONE_SECONDS = 1800;

/**
 * Tells a boot that is slow from one that has come to an end. Time is counted in looks, one a second: a process that was suspended, a
 * clock that jumps and a machine that is busy with something else are no fault of the guest.
 */
export class BootWatch {
  #counter: number;
  #instructions = 0;
  #lastLine = '';
  #line = '';
  #still = 0;
  #silent = 0;
  #nextSilence = FIRST_SILENCE_SECONDS;
  #wrote = false;
  readonly #ignored: string | undefined;

  /**
   * @param counter the processor's counter of instructions, of 32 bits, which wraps
   * @param ignored lines that hold this text are no sign of life: the guest's terminal echoes what it is asked
   */
  constructor(counter: number, ignored?: string) {
    this.#counter = counter;
    this.#ignored = ignored;
  }

  /** Takes a byte that the guest wrote. */
  write(byte: number): void {
    const character = String.fromCharCode(byte);
    if (character !== '\n' && this.#line.length < LINE_MAX) {
      this.#line += character;
      return;
    }
    const line = this.#line.trim();
    this.#line = '';
    if (line === '' || (this.#ignored !== undefined && line.includes(this.#ignored))) return;
    this.#lastLine = line;
    this.#wrote = true;
  }

  /** Looks at the guest; to be called once a second. */
  look(counter: number): BootVerdict {
    const ran = (counter - this.#counter) >>> 0;
    this.#counter = counter;
    this.#instructions += ran;
    this.#still = ran > 0 || this.#wrote ? 0 : this.#still + 1;
    this.#silent = this.#wrote ? 0 : this.#silent + 1;
    if (this.#wrote) this.#nextSilence = FIRST_SILENCE_SECONDS;
    this.#wrote = false;
    if (this.#still >= STOPPED_SECONDS) return 'stopped';
    if (this.#silent >= GONE_SECONDS) return 'gone';
    if (this.#silent < this.#nextSilence) return 'going';
    // Said after 2, 4, 8 and 16 minutes.
    this.#nextSilence *= 2;
    return 'silent';
  }

  get progress(): BootProgress {
    return { instructions: this.#instructions, lastLine: this.#lastLine, silentSeconds: this.#silent };
  }
}

/** A guest that never ends its line must not fill the memory. */
const LINE_MAX = 1000;
