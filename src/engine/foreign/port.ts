/**
 * Access to guest memory that is not a WebAssembly memory: mapped RAM of another process, or an emulator's own memory. Addresses are
 * guest-physical. The device only asks for bytes inside one of its regions. Every method may throw, for example if the guest is gone: the
 * device then needs a reset, and its fault contains the error's message.
 *
 * The guest's processors may write to this memory at the same time. Each method must access each byte once.
 */
export interface GuestMemoryPort {
  /** Copies `bytes` bytes of guest memory from `address` to `to`, at index `at`. */
  read(address: number, to: Uint8Array, at: number, bytes: number): void;
  /** Copies `bytes` bytes of `from`, from index `at` on, to guest memory at `address`. */
  write(address: number, from: Uint8Array, at: number, bytes: number): void;
  /** Loads a little-endian 16-bit number from an even address, both bytes in one access. */
  load16(address: number): number;
  /**
   * Stores a little-endian 16-bit number at an even address, both bytes in one access. The guest must see it after all earlier writes, and
   * later loads must come after it.
   */
  store16(address: number, value: number): void;
}

/** A region of guest-physical memory that a port reaches. It must end below 2^53. */
export interface ForeignRegion {
  /** Guest-physical address of its first byte. */
  guestAddress: number;
  /** Length in bytes. */
  bytes: number;
  /**
   * Where its first byte is in the engine's memory, for a host that has mapped the guest's RAM there, as far from a multiple of 8
   * as `guestAddress` is. The engine then reaches the region by itself, and works in place. Left out, all accesses go through the port.
   */
  offset?: number;
}

/** Guest memory could not be reached. `cause` is the error that the port threw. */
export class GuestMemoryError extends Error {
  override name = 'GuestMemoryError';
}
