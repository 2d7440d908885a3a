import { fstatSync } from 'node:fs';
import type { Mapping } from '../transport/vhost-user/host.ts';
import { VhostUserError } from '../transport/vhost-user/protocol.ts';
import type { EngineWindow } from './engine_window.ts';
import type { MappedFile, System } from './system.ts';

interface Shared {
  readonly file: MappedFile;
  /** Where it is in the engine's memory, too. */
  readonly offset: number | undefined;
  readonly bytes: number;
  users: number;
}

/**
 * Mappings of files. A file is mapped once, as a whole, however many regions it has and however often a memory table names it, because two
 * views of the same bytes in one process are two things to keep apart.
 */
export class MappedFiles {
  readonly #system: System;
  readonly #window: EngineWindow;
  /** By device and inode. */
  readonly #files = new Map<string, Shared>();

  /** @param window where files are mapped that have room there */
  constructor(system: System, window: EngineWindow) {
    this.#system = system;
    this.#window = window;
  }

  /**
   * Maps a stretch of a file.
   * @throws VhostUserError if the file is too short, or cannot be mapped
   */
  map(descriptor: number, offset: number, bytes: number): Mapping {
    const { dev, ino, size } = fstatSync(descriptor, { bigint: true });
    const key = `${dev}:${ino}`;
    const file = this.#files.get(key) ?? this.#add(key, descriptor, Number(size));
    if (offset + bytes > file.bytes) {
      this.#leave(key, file);
      throw new VhostUserError(
        `SET_MEM_TABLE: mmap_offset ${offset} and memory_size ${bytes} exceed the file, which has ${file.bytes} bytes.`,
      );
    }
    file.users++;
    const pieces = stretch(file.file.pieces, offset, bytes);
    let released = false;
    return {
      pieces,
      offset: file.offset === undefined ? undefined : file.offset + offset,
      release: () => {
        if (released) return;
        released = true;
        pieces.length = 0;
        file.users--;
        this.#leave(key, file);
      },
    };
  }

  #add(key: string, descriptor: number, bytes: number): Shared {
    if (bytes === 0) throw new VhostUserError('SET_MEM_TABLE: a descriptor is of no file, or of an empty one.');
    const there = this.#window.map(descriptor, bytes);
    const shared = { file: there ?? this.#map(descriptor, bytes), offset: there?.offset, bytes, users: 0 };
    this.#files.set(key, shared);
    return shared;
  }

  #map(descriptor: number, bytes: number): MappedFile {
    try {
      return this.#system.map(descriptor, bytes);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new VhostUserError(`SET_MEM_TABLE: a descriptor cannot be mapped: ${why}.`, { cause });
    }
  }

  #leave(key: string, { file, users }: Shared): void {
    if (users > 0) return;
    this.#files.delete(key);
    file.unmap();
  }
}

/** The parts of views that follow each other, from `offset` on. */
function stretch(pieces: readonly Uint8Array[], offset: number, bytes: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const piece of pieces) {
    const from = Math.max(offset - start, 0);
    const to = Math.min(offset + bytes - start, piece.length);
    if (from < to) parts.push(piece.subarray(from, to));
    start += piece.length;
  }
  return parts;
}
