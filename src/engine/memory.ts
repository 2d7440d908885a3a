/** A stretch of guest RAM inside a WebAssembly memory. */
export interface GuestRegion {
  /** Guest-physical address of its first byte. */
  guestAddress: number;
  /** Length in bytes. */
  bytes: number;
  /** Where that byte stands in the WebAssembly memory. */
  offset: number;
}

/** Guest memory: the memory that the guest's RAM lies in, and where. At most 8 regions, apart from each other. */
export interface GuestMemory {
  memory: WebAssembly.Memory;
  regions: readonly GuestRegion[];
}

const PAGE_BYTES = 65536;

/**
 * Claims `bytes` for the engine by growing the memory: pages that nobody else's allocator knows.
 * @throws RangeError when the memory cannot grow that far
 */
export function claimRegion(memory: WebAssembly.Memory, bytes: number): number {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return memory.grow(pages) * PAGE_BYTES;
  } catch (cause) {
    throw new RangeError(
      `The WebAssembly memory cannot grow by the ${pages} pages that the device needs: give it a larger maximum, or lower maxSessions, queueSize or maxRequestBytes.`,
      { cause },
    );
  }
}
