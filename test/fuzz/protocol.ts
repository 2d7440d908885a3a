/** What a worker is to do. */
export interface Job {
  /** The instrumented engine's file. */
  engine: string;
  seed: number;
  /** Ends after so many cases, or at this time in milliseconds. */
  cases: number;
  until: number;
  corpus: readonly Uint8Array[];
  /** Two 32-bit words: cases begun, and the length of the input at work; then that input. */
  shared: SharedArrayBuffer;
}

export type FromWorker =
  | { kind: 'progress'; cases: number; places: number; states: number; found: readonly Uint8Array[] }
  | { kind: 'failure'; input: Uint8Array; message: string }
  | { kind: 'end' };
