// What the daemon needs of the operating system and Node.js does not have: descriptors over sockets, mapped files, events.

/** What one read of a socket brought. */
export type Received =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly descriptors: number[] }
  /** There is nothing to read now. */
  | { readonly kind: 'nothing' }
  /** The other side has closed it. */
  | { readonly kind: 'end' };

/** A file that is mapped, to read and to write, from its first byte to its last. */
export interface MappedFile {
  /** Its bytes, in views of at most 2 GiB that follow each other. */
  readonly pieces: readonly Uint8Array[];
  /** Ends the mapping. A view that is used afterwards ends the process. */
  unmap(): void;
}

/** Sockets, mappings and events of a 64-bit Linux. Descriptors are the caller's. Errors have the system's `code`. */
export interface System {
  /** Makes a socket that listens at a path. @throws SystemError */
  listen(path: string): number;
  /** Takes a client of a socket that listens; undefined if there is none. @throws SystemError */
  accept(socket: number): number | undefined;
  /** Connects to a socket that listens at a path. @throws SystemError */
  connect(path: string): number;
  /**
   * Reads at most `bytes` bytes, and the descriptors that come with them.
   * @throws SystemError also if more descriptors came than `descriptors`: the rest of them is lost
   */
  receive(socket: number, bytes: number, descriptors: number): Received;
  /** Sends bytes, all or none. Returns false if the other side does not read them. @throws SystemError */
  send(socket: number, bytes: Uint8Array): boolean;
  /** Has reads and writes of a descriptor fail where they would wait. */
  neverWait(descriptor: number): void;
  /**
   * Maps a file. Where the file allows it, it cannot be made shorter from now on.
   * @param at where it is mapped, in place of what is there. Default: where there is room
   * @throws SystemError
   */
  map(descriptor: number, bytes: number, at?: number): MappedFile;
  /** Has `bytes` bytes of this process's memory from an address on be zeros again, in place of a mapping. @throws SystemError */
  clear(at: number, bytes: number): void;
  /** The address of a view's first byte. */
  addressOf(view: Uint8Array): number;
  /**
   * Calls `handler` whenever a descriptor can be read. It must not throw.
   * @returns a function that ends it. Call that before the descriptor is closed
   */
  poll(descriptor: number, handler: () => void): () => void;
}

/** A call of the operating system that failed. */
export class SystemError extends Error {
  override name = 'SystemError';
  /** As Node.js names it, for example ECONNREFUSED. */
  readonly code: string;

  constructor(call: string, code: string) {
    super(`${call}: ${code}`);
    this.code = code;
  }
}
