import { closeSync, lstatSync, rmSync } from 'node:fs';
import { checkFunction, checkObject, checkSwitch, refuse } from '../check.ts';
import type { CreateOptions } from '../device/contract.ts';
import { type CryptoDevice, createCryptoDevice } from '../device/device.ts';
import type { CryptoDeviceOptions } from '../device/options.ts';
import { foreignGuest } from '../engine/foreign/index.ts';
import { ClientMemory } from '../transport/vhost-user/client_memory.ts';
import { DESCRIPTORS_A_READ } from '../transport/vhost-user/codec.ts';
import { VhostUserConnection } from '../transport/vhost-user/connection.ts';
import { ClientHost } from './client_host.ts';
import { EngineWindow } from './engine_window.ts';
import { loadSystem } from './koffi.ts';
import { MappedFiles } from './mapped_files.ts';
import { type System, SystemError } from './system.ts';

/** What happens at a daemon, for a log. */
export interface VhostUserEvent {
  /**
   * 'listening': clients may connect. 'connected' and 'disconnected': of the one client. 'refused': another client came meanwhile. 'failed':
   * the connection ended because of the client; the message names the protocol's message and the field. 'warning': anything else.
   */
  readonly kind: 'listening' | 'connected' | 'disconnected' | 'refused' | 'failed' | 'warning';
  readonly message: string;
}

/** Options of serveVhostUser(): those of the device, and those of the socket. */
export interface VhostUserOptions extends CryptoDeviceOptions {
  /** Path of the Unix socket, at most 107 bytes. */
  socket: string;
  /**
   * 'server', the default: the daemon listens there, and serves one client after the other. 'client': the daemon connects to a socket where
   * the other side listens.
   */
  role?: 'server' | 'client';
  /** Whether the daemon ends when its first client has gone. With the role 'client' it always does. Default false. */
  once?: boolean;
  /** Makes the device, for example one whose driver is watched: DriverChecker of virtio-crypto-wasm/lab. Default: createCryptoDevice(). */
  createDevice?: (options: CreateOptions) => CryptoDevice;
  /** Called with each event. */
  onEvent?: (event: VhostUserEvent) => void;
}

/** A daemon that serves the device over vhost-user. */
export interface VhostUserServer {
  /** The device. It is the same for all clients, one after the other; between them it is reset. */
  readonly device: CryptoDevice;
  /** Resolves when the daemon has ended: after close(), or with `once`. */
  readonly ended: Promise<void>;
  /** Ends the connection and the daemon, and removes the socket. */
  close(): void;
}

const PATH_BYTES_MAX = 107;
/** Messages that one event handles before others have their turn. */
const READS_A_TURN = 32;
/** All rings of a guest are of one size, which QEMU's command line gives. */
const DEFAULTS = { queueSize: 1024, controlQueueSize: 1024 } as const;
/** What gains nothing here is offered only if it is asked for: order costs parallel work, and the reset of a single ring has no message. */
const DEFAULT_FEATURES = { inOrder: false, ringReset: false } as const;

/**
 * Serves a virtio crypto device over vhost-user, on a 64-bit Linux. Resolves when clients may connect, or when it has connected.
 * @throws Error if the package koffi cannot be loaded: it names what to install
 * @throws Error if the socket cannot be made, or belongs to another process
 * @throws RangeError or TypeError that names a wrong option
 */
export async function serveVhostUser(options: VhostUserOptions): Promise<VhostUserServer> {
  checkOptions(options);
  return new Daemon(await loadSystem(), options);
}

function checkOptions(options: VhostUserOptions): void {
  checkObject('options', options);
  const { socket, role = 'server', once, createDevice, onEvent } = options;
  if (typeof socket !== 'string') refuse('socket', socket, 'the path of a Unix socket');
  const bytes = Buffer.byteLength(socket);
  if (bytes === 0 || bytes > PATH_BYTES_MAX || socket.includes('\0')) {
    throw new RangeError(`socket has ${bytes} bytes: give a path of 1 to ${PATH_BYTES_MAX} bytes.`);
  }
  if (role !== 'server' && role !== 'client') refuse('role', role, 'server or client');
  checkSwitch('once', once);
  if (createDevice !== undefined) checkFunction('createDevice', createDevice);
  if (onEvent !== undefined) checkFunction('onEvent', onEvent);
}

class Daemon implements VhostUserServer {
  readonly device: CryptoDevice;
  readonly ended: Promise<void>;
  readonly #system: System;
  readonly #files: MappedFiles;
  readonly #memory = new ClientMemory();
  readonly #options: VhostUserOptions;
  #listener: number | undefined;
  #stopListening: (() => void) | undefined;
  /** Ends the connection with the client that is served; undefined if there is none. */
  #hangUp: ((message?: VhostUserEvent) => void) | undefined;
  /** Reads what the client has sent: it may have gone. */
  #read: () => void = () => {};
  #end: () => void = () => {};
  #closed = false;

  constructor(system: System, options: VhostUserOptions) {
    const {
      socket,
      role,
      features,
      once: _once,
      onEvent: _onEvent,
      createDevice = createCryptoDevice,
      ...device
    } = options;
    this.#system = system;
    const window = new EngineWindow(system);
    this.#files = new MappedFiles(system, window);
    this.#options = options;
    this.device = createDevice({
      ...DEFAULTS,
      ...device,
      features: { ...DEFAULT_FEATURES, ...features },
      guest: foreignGuest(this.#memory, this.#memory.regionsOf([]), window.memory),
      onBackendEvent: ({ message }) => this.#tell('warning', message),
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    try {
      if (role === 'client') this.#serve(system.connect(socket));
      else this.#listen(socket);
    } catch (cause) {
      this.device.dispose();
      throw socketError(socket, role ?? 'server', cause);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hangUp?.();
    this.#stopListening?.();
    if (this.#listener !== undefined) {
      closeSync(this.#listener);
      rmSync(this.#options.socket, { force: true });
    }
    this.device.dispose();
    this.#end();
  }

  #listen(path: string): void {
    const listener = listenAt(this.#system, path);
    this.#listener = listener;
    this.#stopListening = this.#system.poll(listener, () => this.#guard(() => this.#accept(listener)));
    this.#tell('listening', `Listening at ${path}.`);
  }

  #accept(listener: number): void {
    const client = this.#system.accept(listener);
    if (client === undefined) return;
    // If the client has gone, and the next one is there already, either may be heard of first.
    if (this.#hangUp) this.#read();
    if (!this.#hangUp && !this.#closed) {
      this.#serve(client);
      return;
    }
    closeSync(client);
    this.#tell('refused', 'A second client was refused: one is served at a time.');
  }

  #serve(socket: number): void {
    const fail = (error: unknown) => this.#hangUp?.(failure(error));
    const warn = (line: string) => {
      const { fault } = this.device;
      this.#tell('warning', fault ? `${line} The fault: ${fault.message}.` : line);
    };
    const host = new ClientHost(this.#system, this.#files, socket, warn, fail);
    const connection = new VhostUserConnection(this.device, this.#memory, host);
    this.#read = () => {
      try {
        this.#receive(socket, connection);
      } catch (error) {
        fail(error);
      }
    };
    const stop = this.#system.poll(socket, this.#read);
    this.#hangUp = (event = { kind: 'disconnected', message: 'The connection was ended.' }) => {
      this.#hangUp = undefined;
      this.#read = () => {};
      stop();
      this.#guard(() => connection.close());
      closeSync(socket);
      this.#tell(event.kind, event.message);
      if (this.#options.once || this.#options.role === 'client') this.close();
    };
    this.#tell('connected', 'A client has connected.');
  }

  #receive(socket: number, connection: VhostUserConnection): void {
    for (let reads = 0; reads < READS_A_TURN; reads++) {
      const received = this.#system.receive(socket, connection.wanted, DESCRIPTORS_A_READ);
      if (received.kind === 'nothing') return;
      if (received.kind === 'end') {
        const { unfinished } = connection;
        this.#hangUp?.(
          unfinished === undefined
            ? { kind: 'disconnected', message: 'The client has gone.' }
            : { kind: 'failed', message: `The client has gone in the middle of a message: ${unfinished}.` },
        );
        return;
      }
      connection.receive(received.bytes, received.descriptors);
      if (!this.#hangUp) return;
    }
  }

  /** Runs the handler of an event. An error of the handler becomes a warning. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#tell('warning', failure(error).message);
    }
  }

  #tell(kind: VhostUserEvent['kind'], message: string): void {
    this.#options.onEvent?.({ kind, message });
  }
}

function failure(error: unknown): VhostUserEvent {
  return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
}

/** Listens at a path. A socket that a process left behind is replaced; one that a process serves is not. */
function listenAt(system: System, path: string): number {
  try {
    return system.listen(path);
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== 'EADDRINUSE' || !isLeftBehind(system, path)) throw error;
    rmSync(path);
    return system.listen(path);
  }
}

function isLeftBehind(system: System, path: string): boolean {
  if (!lstatSync(path).isSocket()) return false;
  try {
    closeSync(system.connect(path));
    return false;
  } catch (error) {
    return error instanceof SystemError && error.code === 'ECONNREFUSED';
  }
}

function socketError(path: string, role: 'server' | 'client', cause: unknown): Error {
  if (!(cause instanceof SystemError)) return cause instanceof Error ? cause : new Error(String(cause));
  const { code } = cause;
  const remedy =
    role === 'client'
      ? 'start the other side first, with a socket that listens there'
      : code === 'EADDRINUSE'
        ? 'another process serves it, or it is no socket: name another path'
        : 'name a path in a folder that exists and that you may write to';
  return new Error(
    `The socket ${path} cannot be ${role === 'client' ? 'connected to' : 'made'} (${code}): ${remedy}.`,
    {
      cause,
    },
  );
}
