import type { WasmMemory } from '../engine/webassembly.ts';
import type { MappedFile, System } from './system.ts';

const PAGE_BYTES = 65536;
/** Files of huge pages can be mapped at a multiple of their pages' size only. */
const ALIGN = 2 * 1024 * 1024;
/** An engine's memory has at most 4 GiB, and the engine needs some for itself. */
const WINDOW_BYTES_MAX = 3 * 1024 * 1024 * 1024;

/** A file that is mapped into the engine's memory. */
export interface WindowFile extends MappedFile {
  /** Where its first byte is in the engine's memory. */
  readonly offset: number;
}

interface Stretch {
  offset: number;
  bytes: number;
}

/**
 * Maps files into the engine's memory, so that the engine reaches them without a call and without a copy. V8 reserves the addresses of a
 * memory up to its maximum when it makes the memory, and grows it there. Files that find no room are for the caller to map elsewhere.
 */
export class EngineWindow {
  /** The memory, for the engine of one device. */
  readonly memory: WasmMemory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  readonly #system: System;
  readonly #base: number;
  /** Stretches that the memory has grown by, and that no file has now, by their offset. */
  #free: Stretch[] = [];
  #bytes = 0;

  constructor(system: System) {
    this.#system = system;
    this.#base = this.#address();
  }

  /** Maps a file. undefined if there is no room for it, or it cannot be mapped there. */
  map(descriptor: number, bytes: number): WindowFile | undefined {
    const length = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    const stretch = this.#take(length);
    if (!stretch) return undefined;
    const at = this.#base + stretch.offset;
    try {
      const file = this.#system.map(descriptor, bytes, at);
      return { pieces: file.pieces, offset: stretch.offset, unmap: () => this.#give(stretch) };
    } catch {
      this.#give(stretch);
      return undefined;
    }
  }

  #take(bytes: number): Stretch | undefined {
    return this.#cut(bytes) ?? (this.#grow(bytes) ? this.#cut(bytes) : undefined);
  }

  /** Cuts a stretch out of what is free. What is left of a longer one stays free. */
  #cut(bytes: number): Stretch | undefined {
    const index = this.#free.findIndex((one) => one.bytes >= bytes);
    const [found] = index < 0 ? [] : this.#free.splice(index, 1);
    if (!found) return undefined;
    const left = Math.floor((found.bytes - bytes) / ALIGN) * ALIGN;
    if (left === 0) return found;
    const taken = found.bytes - left;
    this.#free.push({ offset: found.offset + taken, bytes: left });
    return { offset: found.offset, bytes: taken };
  }

  /** Lets the memory grow by a stretch that begins at a multiple of ALIGN, as an address. */
  #grow(bytes: number): boolean {
    const end = this.memory.buffer.byteLength;
    const padding = (ALIGN - ((this.#base + end) % ALIGN)) % ALIGN;
    const length = Math.ceil(bytes / ALIGN) * ALIGN;
    if (this.#bytes + length > WINDOW_BYTES_MAX) return false;
    try {
      this.memory.grow((padding + length) / PAGE_BYTES);
    } catch {
      return false;
    }
    if (this.#address() !== this.#base) throw new Error("The engine's memory has moved although it was reserved.");
    this.#bytes += length;
    this.#free.push({ offset: end + padding, bytes: length });
    return true;
  }

  /** Ends what is mapped in a stretch, and joins it with free neighbours. */
  #give({ offset, bytes }: Stretch): void {
    this.#system.clear(this.#base + offset, bytes);
    const free = [...this.#free, { offset, bytes }].sort((a, b) => a.offset - b.offset);
    this.#free = [];
    for (const stretch of free) {
      const last = this.#free.at(-1);
      if (last && last.offset + last.bytes === stretch.offset) last.bytes += stretch.bytes;
      else this.#free.push({ ...stretch });
    }
  }

  #address(): number {
    return this.#system.addressOf(new Uint8Array(this.memory.buffer));
  }
}
