// The daemon as the driver of its own control queue, for clients whose sessions come as messages.
import * as virtio from '../../../spec/virtio.ts';
import type { DeviceRegisters } from '../../device/registers.ts';
import { type ClientMemory, WINDOW_ADDRESS } from './client_memory.ts';

const RING_SIZE = 8;
/** Offsets in the window. */
const DESC = 0;
const AVAIL = 256;
const USED = 512;
const BUFFERS = 1024;

/** A ring for the control queue, in memory that the client does not have. One request is sent at a time, and answered at once. */
export class ControlWindow {
  readonly #device: DeviceRegisters;
  readonly #memory: ClientMemory;
  readonly #index: number;
  #sent = 0;

  constructor(device: DeviceRegisters, memory: ClientMemory) {
    this.#device = device;
    this.#memory = memory;
    this.#index = device.queues.length - 1;
  }

  /**
   * Sends a control request.
   * @param writableBytes length of the buffer for the answer
   * @returns the answer; undefined if the device gave none: it needs a reset
   */
  send(readable: readonly Uint8Array[], writableBytes: number): Uint8Array | undefined {
    return this.#memory.useWindow((window) => {
      const answer = this.#enable(window) ? this.#exchange(window, readable, writableBytes) : undefined;
      // The buffers may have held keys.
      window.fill(0, BUFFERS);
      return answer;
    });
  }

  /** Enables the control queue, unless it is enabled since the last reset. */
  #enable(window: Uint8Array): boolean {
    const queue = this.#device.queues[this.#index];
    if (!queue) return false;
    if (queue.enabled) return true;
    window.fill(0);
    this.#sent = 0;
    queue.size = RING_SIZE;
    queue.desc = BigInt(WINDOW_ADDRESS + DESC);
    queue.driver = BigInt(WINDOW_ADDRESS + AVAIL);
    queue.device = BigInt(WINDOW_ADDRESS + USED);
    this.#device.enableQueue(this.#index);
    return queue.enabled;
  }

  #exchange(window: Uint8Array<ArrayBuffer>, readable: readonly Uint8Array[], writableBytes: number) {
    const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
    let at = BUFFERS;
    for (const [index, bytes] of readable.entries()) {
      window.set(bytes, at);
      describe(view, index, at, bytes.length, virtio.DESC_F_NEXT);
      at += bytes.length;
    }
    describe(view, readable.length, at, writableBytes, virtio.DESC_F_WRITE);
    // The chain always begins at descriptor 0: the request before this one was answered.
    view.setUint16(AVAIL + virtio.AVAIL_RING + (this.#sent % RING_SIZE) * virtio.AVAIL_ELEM_BYTES, 0, true);
    this.#sent = (this.#sent + 1) & 0xffff;
    view.setUint16(AVAIL + virtio.AVAIL_FLAGS, virtio.AVAIL_F_NO_INTERRUPT, true);
    view.setUint16(AVAIL + virtio.AVAIL_IDX, this.#sent, true);
    this.#device.notify(this.#index);
    const answered = view.getUint16(USED + virtio.USED_IDX, true) === this.#sent;
    return answered ? window.slice(at, at + writableBytes) : undefined;
  }
}

function describe(view: DataView, index: number, at: number, bytes: number, flags: number): void {
  const descriptor = DESC + index * virtio.DESC_BYTES;
  view.setBigUint64(descriptor + virtio.DESC_ADDR, BigInt(WINDOW_ADDRESS + at), true);
  view.setUint32(descriptor + virtio.DESC_LEN, bytes, true);
  view.setUint16(descriptor + virtio.DESC_FLAGS, flags, true);
  view.setUint16(descriptor + virtio.DESC_NEXT, index + 1, true);
}
