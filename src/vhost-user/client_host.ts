import { closeSync, readlinkSync, readSync, writeSync } from 'node:fs';
import type { Mapping, VhostUserHost, Watch } from '../transport/vhost-user/host.ts';
import { VhostUserError } from '../transport/vhost-user/protocol.ts';
import type { MappedFiles } from './mapped_files.ts';
import type { System } from './system.ts';

const EVENT = 'anon_inode:[eventfd]';
const EVENT_BYTES = 8;
const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** What a connection needs, by the operating system. */
export class ClientHost implements VhostUserHost {
  readonly #system: System;
  readonly #files: MappedFiles;
  readonly #socket: number;
  readonly #say: (line: string) => void;
  readonly #fail: (error: unknown) => void;
  readonly #count = new Uint8Array(EVENT_BYTES);

  /** @param fail called with what a handler of an event throws: the connection ends with it */
  constructor(
    system: System,
    files: MappedFiles,
    socket: number,
    say: (line: string) => void,
    fail: (error: unknown) => void,
  ) {
    this.#system = system;
    this.#files = files;
    this.#socket = socket;
    this.#say = say;
    this.#fail = fail;
  }

  send(bytes: Uint8Array): void {
    if (this.#system.send(this.#socket, bytes)) return;
    throw new VhostUserError('The client does not read its answers.');
  }

  map(descriptor: number, offset: number, bytes: number): Mapping {
    try {
      return this.#files.map(descriptor, offset, bytes);
    } finally {
      closeSync(descriptor);
    }
  }

  isEvent(descriptor: number): boolean {
    if (readlinkSync(`/proc/self/fd/${descriptor}`) !== EVENT) return false;
    // A client can have an event's count full, or take it away, at any moment.
    this.#system.neverWait(descriptor);
    return true;
  }

  watch(descriptor: number, handler: () => void): Watch {
    let ended = false;
    const run = () => {
      try {
        if (!ended) handler();
      } catch (error) {
        this.#fail(error);
      }
    };
    const stop = this.#system.poll(descriptor, () => {
      if (!ended && this.#take(descriptor)) run();
    });
    return {
      again: () => void setImmediate(run),
      end: () => {
        ended = true;
        stop();
        closeSync(descriptor);
      },
    };
  }

  signal(descriptor: number): void {
    try {
      writeSync(descriptor, ONE);
    } catch {
      // The client has not read the event, and its count is full. So it is signalled already.
    }
  }

  close(descriptor: number): void {
    closeSync(descriptor);
  }

  now(): number {
    return performance.now();
  }

  say(line: string): void {
    this.#say(line);
  }

  /** Takes the count of an eventfd. Returns false if there was none. */
  #take(descriptor: number): boolean {
    try {
      return readSync(descriptor, this.#count) === EVENT_BYTES;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EAGAIN') return false;
      this.#fail(new VhostUserError(`SET_VRING_KICK: the descriptor cannot be read (${String(code)}).`));
      return false;
    }
  }
}
