// A client of vhost-user: the messages, and a transport for the reference driver over them.
import { closeSync, readSync, writeSync } from 'node:fs';
import * as virtio from '../../../spec/virtio.ts';
import type { DriverTransport } from '../../../src/driver/transport.ts';
import * as protocol from '../../../src/transport/vhost-user/protocol.ts';
import { loadSystem } from '../../../src/vhost-user/koffi.ts';
import { PATIENCE } from '../../support/patience.ts';
import { eventDescriptor, sendWith } from './native.ts';

export const system = await loadSystem();

/** A header with its payload. */
export function encode(request: number, payload: Uint8Array = new Uint8Array(), flags = 1): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, request, true);
  view.setUint32(4, flags, true);
  view.setUint32(8, payload.length, true);
  bytes.set(payload, 12);
  return bytes;
}

export const u64 = (value: bigint | number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
export const u32s = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

export interface Region {
  guestAddress: number;
  bytes: number;
  userAddress: number;
  fileOffset: number;
}

export function memoryTable(regions: readonly Region[]): Uint8Array {
  const numbers = regions.flatMap(({ guestAddress, bytes, userAddress, fileOffset }) => [
    guestAddress,
    bytes,
    userAddress,
    fileOffset,
  ]);
  return Buffer.concat([u32s(regions.length, 0), ...numbers.map((number) => u64(number))]);
}

/** struct vhost_vring_addr: user addresses. */
export function ringAddresses(index: number, desc: number, used: number, avail: number): Uint8Array {
  return Buffer.concat([u32s(index, 0), u64(desc), u64(used), u64(avail), u64(0)]);
}

/** A socket with a daemon at its other end. */
export class Client {
  readonly socket: number;
  readonly #pump: () => void;

  /** @param pump has the daemon read, if it is in this process; otherwise the client waits for its process */
  constructor(
    socket: number,
    pump: () => void = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1),
  ) {
    this.socket = socket;
    this.#pump = pump;
  }

  /** Whether the daemon has ended the connection. */
  get gone(): boolean {
    return system.receive(this.socket, 1, 0).kind === 'end';
  }

  /** Sends a message that has no answer. */
  send(request: number, payload: Uint8Array = new Uint8Array(), descriptors: readonly number[] = []): void {
    sendWith(this.socket, encode(request, payload), descriptors);
    this.#pump();
  }

  /** Sends a message, and returns the payload of its answer. @throws Error if the daemon ends the connection */
  ask(request: number, payload: Uint8Array = new Uint8Array(), flags = 1): DataView {
    sendWith(this.socket, encode(request, payload, flags));
    const header = this.#read(12);
    if (header.getUint32(0, true) !== request || header.getUint32(4, true) !== 5)
      throw new Error('The answer is of another message.');
    return this.#read(header.getUint32(8, true));
  }

  /** Sends a message with need_reply, and waits for what the daemon answers: 0. */
  acknowledged(request: number, payload: Uint8Array, descriptors: readonly number[] = []): void {
    sendWith(this.socket, encode(request, payload, 9), descriptors);
    this.#read(12);
    if (this.#read(8).getBigUint64(0, true) !== 0n) throw new Error(`Message ${request} was refused.`);
  }

  close(): void {
    closeSync(this.socket);
  }

  #read(bytes: number): DataView {
    const all = new Uint8Array(bytes);
    const latest = performance.now() + PATIENCE.timeout;
    for (let length = 0; length < bytes; ) {
      const received = system.receive(this.socket, bytes - length, 0);
      if (received.kind === 'end') throw new Error('The daemon has ended the connection.');
      if (received.kind === 'nothing') {
        // The test runner cannot end a wait that keeps its process.
        if (performance.now() > latest) throw new Error('The daemon does not answer.');
        this.#pump();
        continue;
      }
      all.set(received.bytes, length);
      length += received.bytes.length;
    }
    return new DataView(all.buffer);
  }
}

/** The memory of a guest: one file that is mapped from guest-physical address 0 on. */
export interface ClientRam {
  descriptor: number;
  bytes: Uint8Array;
}

/** Where the client says that it has guest memory mapped: far from guest-physical addresses, so that a mistake shows. */
export const USER_BASE = 0x7f00_0000_0000;

/** The driver's transport over vhost-user, as QEMU's generic device does it: rings are set up at DRIVER_OK, and stopped at a reset. */
export class VhostTransport implements DriverTransport {
  readonly configGeneration = 0;
  readonly #client: Client;
  readonly #ram: ClientRam;
  readonly #sizes: readonly number[];
  readonly #onInterrupt: () => void;
  readonly #notified: (index: number) => void;
  readonly #rings = new Map<number, { size: number; desc: number; avail: number; used: number }>();
  readonly #kicks = new Map<number, number>();
  readonly #ends: (() => void)[] = [];
  #status = 0;
  #features = 0n;

  /**
   * @param sizes the largest size of each queue: the client's command line says it, not the daemon
   * @param notified called after a ring was kicked
   */
  constructor(
    client: Client,
    ram: ClientRam,
    sizes: readonly number[],
    onInterrupt: () => void,
    notified: (index: number) => void = () => {},
  ) {
    this.#client = client;
    this.#ram = ram;
    this.#sizes = sizes;
    this.#onInterrupt = onInterrupt;
    this.#notified = notified;
    client.send(protocol.SET_OWNER);
    const offered = client.ask(protocol.GET_PROTOCOL_FEATURES).getBigUint64(0, true);
    client.send(protocol.SET_PROTOCOL_FEATURES, u64(offered));
  }

  get status(): number {
    return this.#status;
  }

  set status(value: number) {
    const started = (value & ~this.#status & virtio.STATUS_DRIVER_OK) !== 0;
    if (value === 0) this.#stop();
    this.#status = value;
    if (started) this.#start();
  }

  get deviceFeatures(): bigint {
    return this.#client.ask(protocol.GET_FEATURES).getBigUint64(0, true) & ~(1n << 30n);
  }

  set driverFeatures(features: bigint) {
    this.#features = features;
  }

  queueSizeMax(index: number): number {
    return this.#sizes[index] ?? 0;
  }

  enableQueue(index: number, size: number, desc: number, avail: number, used: number): void {
    this.#rings.set(index, { size, desc, avail, used });
  }

  resetQueue(): void {
    throw new Error('No message resets a single queue.');
  }

  notify(index: number): void {
    const kick = this.#kicks.get(index);
    if (kick === undefined) return;
    writeSync(kick, u64(1));
    this.#notified(index);
  }

  readIsr(): number {
    return 0;
  }

  readConfig(offset: number, size: 1 | 2 | 4): number {
    const answer = this.#client.ask(protocol.GET_CONFIG, Buffer.concat([u32s(0, 56, 0), new Uint8Array(56)]));
    const at = 12 + offset;
    if (size === 1) return answer.getUint8(at);
    return size === 2 ? answer.getUint16(at, true) : answer.getUint32(at, true);
  }

  /** Sends the memory table, as a client does whenever its memory changes. */
  sendMemoryTable(): void {
    const { descriptor, bytes } = this.#ram;
    const table = memoryTable([{ guestAddress: 0, bytes: bytes.length, userAddress: USER_BASE, fileOffset: 0 }]);
    this.#client.acknowledged(protocol.SET_MEM_TABLE, table, [descriptor]);
  }

  #start(): void {
    this.#client.acknowledged(protocol.SET_FEATURES, u64(this.#features | (1n << 30n)));
    this.sendMemoryTable();
    const packed = (this.#features >> BigInt(virtio.F_RING_PACKED)) & 1n;
    for (const [index, { size, desc, avail, used }] of this.#rings) {
      const [kick, call] = [eventDescriptor(), eventDescriptor()];
      this.#client.send(protocol.SET_VRING_NUM, u32s(index, size));
      this.#client.send(protocol.SET_VRING_BASE, u32s(index, packed ? 0x80008000 : 0));
      const user = (address: number) => USER_BASE + address;
      this.#client.send(protocol.SET_VRING_ADDR, ringAddresses(index, user(desc), user(used), user(avail)));
      this.#client.send(protocol.SET_VRING_KICK, u64(index), [kick]);
      this.#client.send(protocol.SET_VRING_CALL, u64(index), [call]);
      this.#client.acknowledged(protocol.SET_VRING_ENABLE, u32s(index, 1));
      this.#kicks.set(index, kick);
      const count = new Uint8Array(8);
      const stop = system.poll(call, () => {
        readSync(call, count);
        this.#onInterrupt();
      });
      this.#ends.push(() => {
        stop();
        closeSync(call);
        closeSync(kick);
      });
    }
  }

  #stop(): void {
    try {
      for (const index of this.#kicks.keys()) this.#client.ask(protocol.GET_VRING_BASE, u32s(index, 0));
    } catch (error) {
      if (!this.#client.gone) throw error;
    }
    for (const end of this.#ends.splice(0)) end();
    this.#kicks.clear();
    this.#rings.clear();
  }
}
