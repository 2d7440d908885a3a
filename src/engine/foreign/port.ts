/**
 * A guest's memory that is no WebAssembly memory: another process's RAM that was mapped, or an emulator's own. Addresses are
 * guest-physical. The device calls these methods for addresses of its regions alone, never for bytes of two regions at once. Every method
 * may throw, where the guest is gone, say: the device then needs a reset, and its fault says what was thrown.
 *
 * A guest's processors write to this memory at the same time. Each method reads each byte once.
 */
export interface GuestMemoryPort {
  /** Copies `bytes` bytes from `address` on to `to`, from its byte `at` on. */
  read(address: number, to: Uint8Array, at: number, bytes: number): void;
  /** Copies `bytes` bytes of `from`, from its byte `at` on, to `address`. */
  write(address: number, from: Uint8Array, at: number, bytes: number): void;
  /** Loads 16 bits, the lowest byte first, from an even address: both bytes in one access. */
  load16(address: number): number;
  /**
   * Stores 16 bits, the lowest byte first, to an even address: both bytes in one access. The guest sees it after all that was written
   * before, and what is loaded next is loaded after it.
   */
  store16(address: number, value: number): void;
}

/** A stretch of guest-physical memory that a port reaches. */
export interface ForeignRegion {
  /** Guest-physical address of its first byte. */
  guestAddress: number;
  /** Length in bytes. */
  bytes: number;
}

/** Guest memory was not to be reached. Its cause is what the port threw. */
export class GuestMemoryError extends Error {
  override name = 'GuestMemoryError';
}
