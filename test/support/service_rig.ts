// A device and the reference driver, whose requests a test places in guest memory byte by byte.
import { expect } from 'vitest';
import * as spec from '../../spec/crypto.ts';
import type { RequestMode } from '../../src/driver/operations.ts';
import { statelessFeature } from '../../src/driver/operations.ts';
import type { Chain, ChainBuffer, DriverQueue } from '../../src/driver/queue.ts';
import type { RawResult } from '../../src/driver/ring_driver.ts';
import { type SessionParameters, serviceOf } from '../../src/driver/sessions.ts';
import { SplitQueue } from '../../src/driver/split_queue.ts';
import { type Status, statusName } from '../../src/driver/status.ts';
import type { BenchOptions } from '../../src/testing/index.ts';
import { SYMMETRIC } from './algorithms.ts';
import { type Bench, createBench } from './bench.ts';
import type { ServiceRequest } from './service_requests.ts';
import { usedLength } from './used_length.ts';

/** The layouts of requests (5.9.7.3), and whether a request is in session mode. */
export const MODES = {
  legacy: { options: { layout: 'legacy' }, stateless: false },
  REVISION_1: { options: { layout: 'revision1', driver: { stateless: false } }, stateless: false },
  'session mode beside stateless': { options: { layout: 'revision1' }, stateless: false },
  stateless: { options: { layout: 'revision1' }, stateless: true },
} as const satisfies Record<string, { options: BenchOptions; stateless: boolean }>;
export type ModeName = keyof typeof MODES;
export const MODE_NAMES = Object.keys(MODES) as ModeName[];
export const RINGS = ['split', 'packed'] as const;
export type Ring = (typeof RINGS)[number];

const RAM_BYTES = 1024 * 1024;
/** What the writable part of a chain holds before the device writes. */
export const UNWRITTEN = 0xee;

/** A chain in guest memory, and where the parts of it stand that tests look at. */
export interface PlacedChain extends Chain {
  readable: ChainBuffer[];
  writable: ChainBuffer[];
}

export interface Outcome {
  status: Status;
  /** used.len. */
  written: number;
  /** The writable part without its last byte. */
  data: Uint8Array;
}

export class ServiceRig {
  readonly bench: Bench;
  /** Guest memory that the test may use: [arena, arenaEnd). */
  readonly arena: number;
  readonly arenaEnd: number;
  readonly stateless: boolean;
  /** The guest's memory before a notification. */
  readonly #before: Buffer;

  private constructor(bench: Bench, stateless: boolean) {
    this.bench = bench;
    this.stateless = stateless;
    this.#before = Buffer.alloc(bench.ram().length);
    const bytes = 640 * 1024;
    this.arena = bench.allocator.take(bytes, 64);
    this.arenaEnd = this.arena + bytes;
  }

  static async make(ring: Ring, mode: ModeName, options: BenchOptions = {}): Promise<ServiceRig> {
    const small = { memoryBytes: RAM_BYTES, queueSize: 64, maxSessions: 16, maxRequestBytes: 256 * 1024 };
    const given = MODES[mode].options;
    const bench = await createBench({ algorithms: SYMMETRIC, ...small, ...given, ...options, ring });
    return new ServiceRig(bench, MODES[mode].stateless);
  }

  /** The layout of a session's requests, without a session. */
  layout(parameters: SessionParameters): RequestMode {
    const { driver } = this.bench;
    return { revision1: driver.has(spec.F_REVISION_1), statelessLayout: driver.has(statelessFeature(parameters)) };
  }

  /** The mode of a request: in a new session, unless the rig's requests are stateless. */
  async open(parameters: SessionParameters): Promise<RequestMode> {
    if (this.stateless) return this.layout(parameters);
    const { status, id } = await this.bench.driver.createSession(parameters);
    expect(status).toBe('ok');
    return { ...this.layout(parameters), session: id };
  }

  async close(parameters: SessionParameters, { session }: RequestMode): Promise<void> {
    if (session === undefined) return;
    expect(await this.bench.driver.destroySession(session, serviceOf(parameters))).toBe('ok');
  }

  write(address: number, bytes: Uint8Array): void {
    this.bench.ram().set(bytes, address);
  }

  read({ address, bytes }: ChainBuffer): Uint8Array {
    return this.bench.ram().slice(address, address + bytes);
  }

  /** The bytes of several buffers, one behind the other. */
  readAll(buffers: readonly ChainBuffer[]): Uint8Array {
    return new Uint8Array(Buffer.concat(buffers.map((buffer) => this.read(buffer))));
  }

  /**
   * Sends chains with one notification, and expects that the device wrote into its rings and into `mayWrite`, and nowhere
   * else in the guest's memory.
   */
  async sendRaw(chains: readonly PlacedChain[], mayWrite: readonly ChainBuffer[]): Promise<RawResult[]> {
    const results = chains.map((chain) => this.bench.driver.submitChain(0, chain, true));
    this.notifyWatched(0, mayWrite);
    return Promise.all(results);
  }

  /** Notifies a queue; the device writes into the queue's areas and into `mayWrite`, and nowhere else in the guest's memory. */
  notifyWatched(index: number, mayWrite: readonly ChainBuffer[]): void {
    const { driver, device } = this.bench;
    const queue = driver.queues[index] ?? expect.unreachable();
    this.#before.set(this.bench.ram());
    driver.notify(index);
    // An expect() for each of a hundred thousand requests takes longer than the device takes for them.
    if (device.fault !== undefined) expect(device.fault).toBeUndefined();
    const now = this.bench.ram();
    const allowed = [...deviceAreas(queue), ...mayWrite];
    expectUnchanged(this.#before, Buffer.from(now.buffer, now.byteOffset, now.length), allowed);
  }

  /** The same for chains whose status no later one overwrites. */
  async send(chains: readonly PlacedChain[], mayWrite: readonly ChainBuffer[]): Promise<Outcome[]> {
    return (await this.sendRaw(chains, mayWrite)).map(({ written, writable }) => {
      const bytes = new Uint8Array(Buffer.concat(writable));
      return { status: statusName(bytes.at(-1) ?? -1), written, data: bytes.slice(0, -1) };
    });
  }

  /** Sends a chain that stops the device (2.1.2): nothing is written, and the driver starts it anew. */
  async expectFault(chain: PlacedChain, code: number): Promise<void> {
    const { driver, device } = this.bench;
    const abandoned = expect(driver.submitChain(0, chain, true)).rejects.toThrow('reset');
    const before = Buffer.from(this.bench.ram());
    driver.notify(0);
    expect(device.fault).toMatchObject({ code, queue: 0 });
    expect(Buffer.from(this.bench.ram()).equals(before)).toBe(true);
    driver.start();
    await abandoned;
    expect(device.fault).toBeUndefined();
  }

  /** Sends a request that is right, or whose tag is not, and expects what it must give. */
  async expectResult(request: ServiceRequest, chain: PlacedChain): Promise<void> {
    const result = request.result();
    const bytes = result?.length ?? 0;
    const rest = this.readAll(chain.writable).slice(bytes, -1);
    const mayWrite = [...prefix(chain.writable, bytes), lastByte(chain)];
    const [outcome] = await this.send([chain], mayWrite);
    const { data, ...answer } = outcome ?? expect.unreachable();
    expect(answer).toEqual({ status: result ? 'ok' : 'badmsg', written: usedLength(bytes, bytesOf(chain.writable)) });
    expectBytes(data, Buffer.concat([result ?? new Uint8Array(), rest]));
  }
}

/** The same bytes; long arrays are compared as one. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (!Buffer.from(actual.buffer, actual.byteOffset, actual.length).equals(expected)) {
    expect(actual).toEqual(new Uint8Array(expected));
  }
}

/** Bytes of several buffers. */
export function bytesOf(buffers: readonly ChainBuffer[]): number {
  return buffers.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The first `bytes` of several buffers. */
export function prefix(buffers: readonly ChainBuffer[], bytes: number): ChainBuffer[] {
  return slices(buffers, 0, bytes);
}

/** The buffers that [start, start + length) of several buffers are, one behind the other. */
export function slices(buffers: readonly ChainBuffer[], start: number, length: number): ChainBuffer[] {
  const found: ChainBuffer[] = [];
  let at = 0;
  for (const { address, bytes } of buffers) {
    const from = Math.max(start - at, 0);
    const to = Math.min(start + length - at, bytes);
    if (from < to) found.push({ address: address + from, bytes: to - from });
    at += bytes;
  }
  return found;
}

/** Where the status of a chain stands: the last byte of its writable part. */
export function lastByte({ writable }: Chain): ChainBuffer {
  const last = writable.findLast(({ bytes }) => bytes > 0) ?? expect.unreachable();
  return { address: last.address + last.bytes - 1, bytes: 1 };
}

/** What of a queue the device writes: 2.7.8 of a split ring, or descriptors and events of a packed one. */
function deviceAreas(queue: DriverQueue): ChainBuffer[] {
  const { desc, used, size } = queue;
  if (queue instanceof SplitQueue) return [{ address: used, bytes: 6 + 8 * size }];
  return [
    { address: desc, bytes: 16 * size },
    { address: used, bytes: 4 },
  ];
}

function expectUnchanged(before: Buffer, now: Buffer, except: readonly ChainBuffer[]): void {
  let at = 0;
  const end = { address: before.length, bytes: 0 };
  for (const { address, bytes } of [...except, end].sort((a, b) => a.address - b.address)) {
    if (address > at && before.compare(now, at, address, at, address) !== 0) {
      let first = at;
      while (before[first] === now[first]) first++;
      expect.unreachable(`The device wrote at guest address 0x${first.toString(16)}, which is none of its own.`);
    }
    at = Math.max(at, address + bytes);
  }
}
