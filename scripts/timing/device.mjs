// A device of the built engine whose driver is the least that there is: chains that stand in its rings, and are offered again and again.
import * as crypto from '../../dist/spec/crypto.js';
import { SERVED, SERVICES } from '../../dist/spec/services.js';
import * as virtio from '../../dist/spec/virtio.js';
import { offerOf, resolveAlgorithms } from '../../dist/src/device/offer.js';
import { createSessionRequest, destroySessionHeader } from '../../dist/src/driver/sessions.js';
import { engineModule, instantiateEngine } from '../../dist/src/engine/load.js';

const PAGE = 65536;
/** Guest RAM, of which the second half is for inputs that wait. */
const RAM_BYTES = 8 * 1024 * 1024;
const RAM_AT = PAGE;
const QUEUE_SIZE = 64;
const DATA = 0;
const CONTROL = 1;
const BUDGET = 0x7fffffff;
const UNWRITTEN = 0xee;

export class TimedDevice {
  /** The WebAssembly memory. */
  memory;
  /** Where inputs wait. */
  pool = RAM_AT + RAM_BYTES / 2;
  #engine;
  #base;
  #view;
  #next = 0;
  #rings = [];

  /** @param {'simd' | 'relaxed-simd'} build */
  constructor(build) {
    const memory = new WebAssembly.Memory({ initial: (RAM_AT + RAM_BYTES) / PAGE });
    this.#engine = instantiateEngine(memory, {}, engineModule(build));
    const capacities = [1, QUEUE_SIZE, 4, PAGE];
    this.#base = memory.grow(Math.ceil(this.#engine.regionBytes(...capacities) / PAGE)) * PAGE;
    this.#engine.initialise(this.#base, ...capacities);
    this.#engine.addMemory(this.#base, 0n, BigInt(RAM_BYTES), RAM_AT);
    const offer = offerOf(resolveAlgorithms('all'), 1024);
    for (const name of SERVED) this.#engine.offer(this.#base, SERVICES[name].number, offer.algorithms[name]);
    this.#engine.limitKeys(this.#base, 1024);
    this.#engine.setFeatures(this.#base, 1n << BigInt(virtio.F_VERSION_1));
    this.memory = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    for (const queue of [DATA, CONTROL]) {
      const ring = { desc: this.take(4096), avail: this.take(4096), used: this.take(4096), free: 0, offered: 0 };
      const addresses = [ring.desc, ring.avail, ring.used].map((at) => BigInt(at - RAM_AT));
      if (this.#engine.enableQueue(this.#base, queue, QUEUE_SIZE, ...addresses) !== 0) throw new Error('no queue');
      this.#rings.push(ring);
    }
  }

  /** Bytes in guest RAM, at a place that is alone in its cache lines. @returns an offset in the memory */
  take(bytes) {
    const at = RAM_AT + this.#next;
    this.#next += Math.ceil(bytes / 64) * 64 + 64;
    return at;
  }

  /**
   * Writes a chain into a ring.
   * @param {readonly Uint8Array[]} readable
   * @param {readonly number[]} writable lengths
   * @returns where each buffer stands, and the chain's head
   */
  #chain(queue, readable, writable) {
    const ring = this.#rings[queue];
    const head = ring.free;
    const buffers = [
      ...readable.map((bytes) => ({ at: this.#put(bytes), bytes: bytes.length, flags: 0 })),
      ...writable.map((bytes) => ({ at: this.take(bytes), bytes, flags: virtio.DESC_F_WRITE })),
    ];
    for (const [i, { at, bytes, flags }] of buffers.entries()) {
      const entry = ring.desc + ring.free++ * virtio.DESC_BYTES;
      const last = i === buffers.length - 1;
      this.#view.setBigUint64(entry + virtio.DESC_ADDR, BigInt(at - RAM_AT), true);
      this.#view.setUint32(entry + virtio.DESC_LEN, bytes, true);
      this.#view.setUint16(entry + virtio.DESC_FLAGS, flags | (last ? 0 : virtio.DESC_F_NEXT), true);
      this.#view.setUint16(entry + virtio.DESC_NEXT, last ? 0 : ring.free, true);
    }
    return { head, at: buffers.map(({ at }) => at) };
  }

  #put(bytes) {
    const at = this.take(bytes.length);
    this.memory.set(bytes, at);
    return at;
  }

  /** Makes chains of a ring available; notify() has them run. */
  #offer(queue, heads) {
    const ring = this.#rings[queue];
    for (const head of heads) {
      const slot = ring.offered++ & (QUEUE_SIZE - 1);
      this.#view.setUint16(ring.avail + virtio.AVAIL_RING + slot * virtio.AVAIL_ELEM_BYTES, head, true);
    }
    this.#view.setUint16(ring.avail + virtio.AVAIL_IDX, ring.offered & 0xffff, true);
  }

  #notify(queue) {
    this.#engine.notify(this.#base, queue, BUDGET, BUDGET, BUDGET);
  }

  /**
   * A session that can be made and closed again and again, with the key that stands in guest RAM then.
   * @param {import('../../dist/src/driver/sessions.js').SessionParameters} parameters
   * @param {number} keyBytes
   */
  session(parameters, key) {
    const create = this.#chain(
      CONTROL,
      [createSessionRequest(parameters, false).header, key].filter(({ length }) => length > 0),
      [crypto.CREATE_INPUT_BYTES],
    );
    const header = destroySessionHeader(parameters.service, 0n, false);
    const destroy = this.#chain(CONTROL, [header], [crypto.STATUS_BYTES]);
    const [input] = create.at.slice(-1);
    const [destroyHeader, destroyStatus] = destroy.at;
    const idAt = input + crypto.CREATE_INPUT_SESSION_ID;
    const device = this;
    return {
      /** Where the key stands. */
      keyAt: create.at[1],
      /** Offers the request that makes it. */
      offer: () => this.#offer(CONTROL, [create.head]),
      create: () => this.#notify(CONTROL),
      check() {
        const status = device.#view.getUint32(input + crypto.CREATE_INPUT_STATUS, true);
        if (status !== crypto.CRYPTO_OK) throw new Error(`The session was refused with status ${status}.`);
        return device.#view.getBigUint64(idAt, true);
      },
      destroy() {
        device.memory.copyWithin(destroyHeader + crypto.CTRL_DESTROY_SESSION_ID, idAt, idAt + 8);
        device.#offer(CONTROL, [destroy.head]);
        device.#notify(CONTROL);
        if (device.memory[destroyStatus] !== crypto.CRYPTO_OK) throw new Error('The session was not closed.');
      },
      /** Makes it, in one go. */
      open() {
        this.offer();
        this.create();
        return this.check();
      },
    };
  }

  /**
   * Requests that one notification runs, as many as there are operations.
   * @param {readonly { readable: Uint8Array[], writable: number[] }[]} operations whose last writable buffer is the status
   * @param {number} [status] that they must have
   */
  requests(operations, status = crypto.CRYPTO_OK) {
    const chains = operations.map(({ readable, writable }) => this.#chain(DATA, readable, writable));
    const heads = chains.map(({ head }) => head);
    const statuses = chains.map(({ at }) => at.at(-1));
    const device = this;
    return {
      /** Where the buffers of each stand. */
      buffers: chains.map(({ at }) => at),
      /** Names the session in each header. */
      useSession(id) {
        for (const { at } of chains) device.#view.setBigUint64(at[0] + crypto.DATA_SESSION_ID, id, true);
      },
      offer() {
        for (const at of statuses) device.memory[at] = UNWRITTEN;
        device.#offer(DATA, heads);
      },
      run: () => this.#notify(DATA),
      check() {
        for (const at of statuses) {
          const found = device.memory[at];
          if (found !== status) throw new Error(`A request has status ${found} where ${status} is right.`);
        }
      },
    };
  }
}
