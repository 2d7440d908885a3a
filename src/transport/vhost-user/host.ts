// The interface between a connection and the program around it, which has the operating system.

/** A stretch of a file that is mapped. */
export interface Mapping {
  /** Its bytes, in views that follow each other. */
  readonly pieces: readonly Uint8Array[];
  /** Where it is in the engine's memory, too; undefined if it is not there. */
  readonly offset: number | undefined;
  /** Ends the mapping. Nothing may use the views any more. */
  release(): void;
}

/** A descriptor that is waited for. */
export interface Watch {
  /** Calls the handler once more, after other work, without a signal. */
  again(): void;
  /** Ends the waiting, and closes the descriptor. */
  end(): void;
}

/** What a connection needs of the program around it. The connection hands descriptors over to the function that it calls with them. */
export interface VhostUserHost {
  /** Sends bytes to the client. @throws VhostUserError if it does not take them */
  send(bytes: Uint8Array): void;
  /** Maps `bytes` bytes of a file from `offset` on, to read and to write. @throws VhostUserError that says why it cannot */
  map(descriptor: number, offset: number, bytes: number): Mapping;
  /** Whether a descriptor is an eventfd. The descriptor stays the connection's. */
  isEvent(descriptor: number): boolean;
  /** Calls `handler` whenever an eventfd was signalled. */
  watch(descriptor: number, handler: () => void): Watch;
  /** Signals an eventfd. The descriptor stays the connection's. */
  signal(descriptor: number): void;
  /** Closes a descriptor. */
  close(descriptor: number): void;
  /** Milliseconds since a fixed moment. */
  now(): number;
  /** Shows a line to the user of the program. */
  say(line: string): void;
}
