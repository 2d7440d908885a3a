/** The guest's serial line, as any emulator can offer it. */
export interface SerialLine {
  send(text: string): void;
  /** Calls back for every byte that the guest writes. */
  onByte(callback: (byte: number) => void): void;
}

export interface WaitOptions {
  /** Default: a minute, or what the console was made with. Infinity waits for as long as it takes. */
  readonly timeoutMs?: number;
  /** What is waited for, in words: for the error when it does not come. */
  readonly what?: string;
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  /** What the command wrote, standard error included, with line ends as `\n`. */
  readonly output: string;
  readonly status: number;
  /** The beginning of the output was more than the console keeps, and is gone. */
  readonly truncated: boolean;
}

export class GuestConsoleError extends Error {
  override readonly name = 'GuestConsoleError';
  /** The last text that the guest wrote, to find the reason of the error. */
  readonly tail: string;

  constructor(message: string, tail: string) {
    super(`${message}${tail === '' ? '\nThe guest wrote nothing.' : `\nThe last that the guest wrote:\n${tail}`}`);
    this.tail = tail;
  }
}

interface Waiter {
  readonly pattern: RegExp;
  resolve(found: Found): void;
  reject(error: Error): void;
}

interface Found {
  readonly before: string;
  readonly match: RegExpExecArray;
  readonly truncated: boolean;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const KEPT_CHARACTERS = 256 * 1024;
const TAIL_CHARACTERS = 800;
/** busybox's line editor takes this many characters for a line, and drops the rest without a word. */
const MAX_LINE = 1000;
const INTERRUPT = '\x03';

function quote(command: string): string {
  return `'${command.replaceAll("'", "'\\''")}'`;
}

function inShort(command: string): string {
  return command.length > 60 ? `${command.slice(0, 60)}...` : command;
}

/**
 * A person at the guest's serial console, in code: waits for what the guest says, and runs commands in its shell.
 * Commands run one after the other, each in a shell of its own, so that none can leave the console's shell in a state
 * (a folder, a syntax error, an exit) that spoils the next.
 */
export class GuestConsole {
  readonly #line: SerialLine;
  readonly #timeoutMs: number;
  readonly #decoder = new TextDecoder();
  #bytes: number[] = [];
  #text = '';
  #truncated = false;
  #waiters: Waiter[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @param timeoutMs how long a wait takes at most where it does not say */
  constructor(line: SerialLine, { timeoutMs = DEFAULT_TIMEOUT_MS }: Pick<WaitOptions, 'timeoutMs'> = {}) {
    this.#line = line;
    this.#timeoutMs = timeoutMs;
    line.onByte((byte) => {
      // An emulator hands over many bytes in a row: they are looked at together.
      if (this.#bytes.push(byte) === 1) queueMicrotask(() => this.#take());
    });
  }

  /** The last text of the guest that no wait has taken yet. */
  get tail(): string {
    return this.#text.slice(-TAIL_CHARACTERS).replaceAll('\r', '').trim();
  }

  /** Ends all waits, and those to come, with an error: the machine behind the line is gone. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) waiter.reject(this.#gone());
  }

  #gone(): GuestConsoleError {
    return new GuestConsoleError('The machine was stopped.', this.tail);
  }

  /** Waits for text that the guest has not been waited for before, and takes everything up to its end as seen. */
  async waitFor(pattern: RegExp, options: WaitOptions = {}): Promise<RegExpExecArray> {
    return (await this.#expect(pattern, options)).match;
  }

  /** Runs a shell command in the guest. A command that fails is a result; a guest that does not answer is an error. */
  run(command: string, options: WaitOptions = {}): Promise<CommandResult> {
    const result = this.#queue.then(() => this.#run(command, options));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #run(command: string, options: WaitOptions): Promise<CommandResult> {
    const id = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, '0')).join(
      '',
    );
    // The terminal echoes this line. The marks in it are in pieces, and only the guest's printf puts them together.
    const line =
      `printf '<%s-%s>\\n' begin ${id}; sh -c ${quote(command)} </dev/null 2>&1; ` +
      `printf '<%s-%s-%d>\\n' end ${id} $?`;
    if (line.split('\n').some((part) => part.length > MAX_LINE)) {
      throw new RangeError(`A line of a guest command can have ${MAX_LINE} characters: ${inShort(command)}`);
    }
    if (!this.#closed) this.#line.send(`${line}\n`);
    try {
      const { before, match, truncated } = await this.#expect(new RegExp(`<end-${id}-(\\d+)>`), {
        what: `the end of the command "${inShort(command)}"`,
        ...options,
      });
      const begin = new RegExp(`<begin-${id}>\\r*\\n`).exec(before);
      const output = begin === null ? before : before.slice(begin.index + begin[0].length);
      return {
        output: output.replaceAll(/\r+\n/g, '\n'),
        status: Number(match[1]),
        truncated: truncated && begin === null,
      };
    } catch (error) {
      // Whatever still runs would take the next command's input.
      if (!this.#closed) this.#line.send(INTERRUPT);
      throw error;
    }
  }

  #expect(pattern: RegExp, { timeoutMs = this.#timeoutMs, signal, what }: WaitOptions): Promise<Found> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      if (this.#closed) {
        reject(this.#gone());
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
      };
      const waiter: Waiter = {
        // A sticky or global pattern would remember where it was last.
        pattern: new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, '')),
        resolve: (found) => {
          end();
          resolve(found);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const onAbort = (): void => {
        end();
        reject(signal?.reason);
      };
      const onTimeout = (): void => {
        end();
        const missing = what === undefined ? '' : `: ${what} did not come`;
        reject(new GuestConsoleError(`The guest did not answer within ${timeoutMs / 1000} s${missing}.`, this.tail));
      };
      const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(onTimeout, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
      this.#match();
    });
  }

  #take(): void {
    this.#text += this.#decoder.decode(Uint8Array.from(this.#bytes), { stream: true });
    this.#bytes = [];
    this.#match();
    if (this.#text.length > KEPT_CHARACTERS) {
      this.#text = this.#text.slice(-KEPT_CHARACTERS);
      this.#truncated = true;
    }
  }

  #match(): void {
    for (const waiter of [...this.#waiters]) {
      const match = waiter.pattern.exec(this.#text);
      if (match === null) continue;
      const before = this.#text.slice(0, match.index);
      const truncated = this.#truncated;
      this.#text = this.#text.slice(match.index + match[0].length);
      this.#truncated = false;
      waiter.resolve({ before, match, truncated });
    }
  }
}
