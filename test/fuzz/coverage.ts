/** What of the engine a case has reached: the bits that scripts/instrument-engine.mjs gave it, and states of the device. */
export class Coverage {
  /** One list an engine. */
  readonly #words: WebAssembly.Global[][];
  readonly #seen: Uint32Array;
  readonly #states = new Uint8Array(STATES);
  #newStates = 0;

  /** @param engines exports of the instrumented engines */
  constructor(engines: readonly WebAssembly.Exports[]) {
    this.#words = engines.map((exports) => {
      const words: WebAssembly.Global[] = [];
      for (let i = 0; ; i++) {
        const word = exports[`coverage${i}`];
        if (!(word instanceof WebAssembly.Global)) return words;
        words.push(word);
      }
    });
    const length = this.#words[0]?.length ?? 0;
    if (length === 0) throw new Error('This engine has no coverage: npm run build:fuzz makes one that has.');
    this.#seen = new Uint32Array(length);
  }

  /** Notes a state of the device, as a small number that stands for it. */
  note(state: number): void {
    const at = state % STATES;
    if (this.#states[at]) return;
    this.#states[at] = 1;
    this.#newStates++;
  }

  /** Whether anything was reached since the last call that never was before. */
  grew(): boolean {
    let grew = this.#newStates > 0;
    this.#newStates = 0;
    for (const words of this.#words) {
      for (let i = 0; i < words.length; i++) {
        const seen = this.#seen[i] ?? 0;
        const now = (seen | Number(words[i]?.value)) >>> 0;
        if (now === seen) continue;
        this.#seen[i] = now;
        grew = true;
      }
    }
    return grew;
  }

  /** Places of the engine reached so far, and states of the device. */
  get reached(): { places: number; states: number } {
    let places = 0;
    for (let word of this.#seen) for (; word; word &= word - 1) places++;
    return { places, states: this.#states.reduce((sum, seen) => sum + seen, 0) };
  }
}

const STATES = 65521;

/**
 * Makes every engine of this process the instrumented one, and answers the list in which their exports will stand. The library has
 * no place for another engine, and needs none: only a fuzzer asks for it, in a process of its own.
 */
export function instrumentEngines(binary: Uint8Array<ArrayBuffer>): WebAssembly.Exports[] {
  const exports: WebAssembly.Exports[] = [];
  const module = new WebAssembly.Module(binary);
  class Instance extends WebAssembly.Instance {
    constructor(given: WebAssembly.Module, imports?: WebAssembly.Imports) {
      // The kernel for big numbers is no engine, and imports a memory alone.
      const isEngine = imports !== undefined && 'guest' in imports;
      super(isEngine ? module : given, imports);
      if (isEngine) exports.push(this.exports);
    }
  }
  Object.defineProperty(WebAssembly, 'Instance', { value: Instance });
  return exports;
}
