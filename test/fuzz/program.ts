import * as crypto from '../../spec/crypto.ts';
import * as virtio from '../../spec/virtio.ts';
import * as pci from '../../spec/virtio_pci.ts';
import { CAP_PCI_CFG_AT } from '../../src/transport/pci/layout.ts';
import { VirtioPci } from '../../src/transport/pci/pci.ts';
import { WINDOW_DATA_AT } from '../../src/transport/pci/window.ts';
import type { Input } from './input.ts';
import { CONTROL_QUEUE, DATA_QUEUES, HIGH, type Machine, Violation } from './machine.ts';
import { associate, PACKETS } from './packets.ts';
import { type Piece, Ring } from './ring.ts';
import { TEMPLATES, type Template } from './templates.ts';

const OPERATIONS_MAX = 16;
const REQUESTS_AT = 0x1800;
const REQUEST_BYTES = 0x200;
const RESULTS_AT = HIGH.guestAddress;
const RAM_END = HIGH.guestAddress + HIGH.bytes;
const PLACES = 8;
const WIDTHS = [1, 2, 4, 4] as const;

/** Bits that a guest accepts or not, one a bit of the input's byte. */
const FEATURES = [
  [virtio.F_RING_PACKED],
  [virtio.F_EVENT_IDX],
  [virtio.F_INDIRECT_DESC],
  [crypto.F_REVISION_1],
  [
    crypto.F_CIPHER_STATELESS_MODE,
    crypto.F_HASH_STATELESS_MODE,
    crypto.F_MAC_STATELESS_MODE,
    crypto.F_AEAD_STATELESS_MODE,
  ],
  [virtio.F_IN_ORDER],
  [virtio.F_NOTIFICATION_DATA],
  [virtio.F_RING_RESET, virtio.F_SUSPEND],
].map((bits) => bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n));
const UP_TO_FEATURES = virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER | virtio.STATUS_FEATURES_OK;
const UP = UP_TO_FEATURES | virtio.STATUS_DRIVER_OK;

/** Another guest process's session: no byte of its key or text may come out. */
const VICTIM_KEY = Uint8Array.from({ length: 16 }, (_, i) => 0xc3 ^ (i * 29));
const VICTIM_TEXT = Uint8Array.from({ length: 64 }, (_, i) => 0x5a ^ (i * 83));
/** Pieces of them, each too long to come about by chance. */
export const SECRETS = [VICTIM_KEY.subarray(0, 8), VICTIM_KEY.subarray(8), VICTIM_TEXT.subarray(8, 16)];

/** Runs the guest that an input describes. @throws Violation, or whatever the device throws */
export class Guest {
  readonly #machine: Machine;
  readonly #input: Input;
  readonly #note: (state: number) => void;
  #rings: Ring[] = [];
  #features = 0n;
  #ids: bigint[] = [];
  /** Whether the device has its security associations, which only some guests need. */
  #associated = false;

  /** @param note takes states of the device that are worth finding: small numbers */
  constructor(machine: Machine, input: Input, note: (state: number) => void) {
    this.#machine = machine;
    this.#input = input;
    this.#note = note;
  }

  run(): void {
    this.#machine.switchOn();
    this.#bringUp(false);
    for (let left = OPERATIONS_MAX; left > 0 && !this.#input.done; left--) this.#operate(this.#input.byte() & 15);
    for (let queue = 0; queue <= CONTROL_QUEUE; queue++) if (this.#rings[queue]?.waiting) this.#notify(queue);
    this.#machine.expectIntact();
  }

  #operate(operation: number): void {
    const { device } = this.#machine;
    const input = this.#input;
    switch (operation) {
      case 0:
      case 1:
        this.#request();
        break;
      case 2:
        this.#createSession();
        break;
      case 3:
        this.#notify(input.below(DATA_QUEUES + 2));
        break;
      case 4:
        this.#bringUp();
        break;
      case 5:
        this.#destroySession();
        break;
      case 6:
        this.#writeRegister();
        break;
      case 7:
        this.#readRegister();
        break;
      case 8:
        this.#configuration();
        break;
      case 9:
        this.#rawDescriptor();
        break;
      case 10:
        this.#rings[input.below(3)]?.offerRaw(input.index());
        break;
      case 11:
        this.#scribble();
        break;
      case 12:
        this.#resetQueue();
        break;
      case 13:
        if ((input.byte() & 7) === 7) this.#saveAndRestore();
        else device.setHardwareReady((input.byte() & 1) === 1);
        break;
      case 14:
        this.#suppress();
        break;
      default:
        this.#request();
        this.#notify(0);
    }
  }

  /** 3.1.1: features and sizes as the input says. */
  #bringUp(again = true): void {
    const { device } = this.#machine;
    const choice = this.#input.byte();
    const sizes = this.#input.byte();
    let features = 1n << BigInt(virtio.F_VERSION_1);
    for (const [bit, feature] of FEATURES.entries()) if ((choice >> bit) & 1) features |= feature;
    device.writeStatus(0);
    device.writeStatus(virtio.STATUS_ACKNOWLEDGE | virtio.STATUS_DRIVER);
    device.writeDriverFeatures(0, Number(features & 0xffffffffn));
    device.writeDriverFeatures(1, Number(features >> 32n));
    device.writeStatus(UP_TO_FEATURES);
    this.#features = features;
    this.#ids = [];
    this.#associated = false;
    const packed = this.#has(virtio.F_RING_PACKED);
    this.#rings = [];
    for (let index = 0; index <= CONTROL_QUEUE; index++) {
      const size = packed ? 32 - (sizes & 31) : 32 >> (sizes % 6);
      const ring = new Ring(this.#machine, index, index === CONTROL_QUEUE ? 16 : size, packed);
      if (again) this.#machine.write(ring.desc, NOTHING);
      ring.enable();
      this.#rings.push(ring);
    }
    this.#machine.watch(() => device.writeStatus(UP));
    this.#letVictimWork();
  }

  #letVictimWork(): void {
    if ((this.#machine.device.status & UP) !== UP) return;
    const layout = this.#layout;
    const victim = VICTIMS[layout && this.#has(crypto.F_CIPHER_STATELESS_MODE) ? 2 : layout];
    if (!victim) return;
    this.#send(CONTROL_QUEUE, victim.create, 0, 0);
    const id = this.#sessionId();
    victim.view.setBigUint64(crypto.DATA_SESSION_ID, id, true);
    this.#send(0, victim.run, 0, 0);
    this.#machine.write(REQUESTS_AT, NO_REQUEST);
    this.#machine.write(RESULTS_AT, NO_REQUEST);
    this.#ids = [id];
  }

  get #layout(): 0 | 1 {
    return this.#has(crypto.F_REVISION_1) ? 1 : 0;
  }

  #has(bit: number): boolean {
    return ((this.#features >> BigInt(bit)) & 1n) === 1n;
  }

  /** A data request after a template, with fields changed, in pieces, wherever the input says. */
  #request(): void {
    const input = this.#input;
    const template = TEMPLATES[input.below(TEMPLATES.length)];
    const how = input.byte();
    if (how >> 5 === 7) {
      this.#packet((how >> 2) & 1);
      return;
    }
    const run = template?.run[how & 3];
    if (!run) return;
    const id = this.#ids[input.below(this.#ids.length + 1)] ?? BigInt(input.byte());
    const place = input.byte();
    this.#offer((how >> 2) & 1, this.#changed(run, id), place, input.byte());
  }

  /** A request of a security association, with fields of the request or of its packet changed. */
  #packet(queue: number): void {
    const input = this.#input;
    const template = PACKETS[input.below(PACKETS.length)];
    const { associations } = this.#machine.device;
    if (!template || !associations) return;
    if (!this.#associated) associate(associations);
    this.#associated = true;
    const place = input.byte();
    this.#offer(queue, this.#changed(template.run[this.#layout], BigInt(template.id)), place, input.byte());
  }

  #createSession(): void {
    const input = this.#input;
    const template = TEMPLATES[input.below(TEMPLATES.length)];
    if (!template) return;
    const place = input.byte();
    this.#offer(CONTROL_QUEUE, this.#changed(template.create[this.#layout]), place, input.byte());
    this.#notify(CONTROL_QUEUE);
    const result = RESULTS_AT + (place & (PLACES - 1)) * REQUEST_BYTES;
    const id = this.#sessionId(result);
    if (id > 0n && this.#ids.length < 8) this.#ids.push(id);
  }

  #destroySession(): void {
    const input = this.#input;
    const id = this.#ids[input.below(this.#ids.length + 1)] ?? BigInt(input.byte());
    const bytes = new Uint8Array(this.#layout ? crypto.CTRL_DESTROY_BYTES : crypto.CTRL_LEGACY_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(crypto.CTRL_OPCODE, (input.below(5) << 8) | crypto.OP_DESTROY_SESSION, true);
    view.setBigUint64(crypto.CTRL_DESTROY_SESSION_ID, id, true);
    this.#offer(CONTROL_QUEUE, { readable: bytes, writable: crypto.STATUS_BYTES }, input.byte(), 0);
    this.#notify(CONTROL_QUEUE);
  }

  /** A copy in a session, with up to three 32-bit fields overwritten, and more or less room for the result. */
  #changed({ readable, writable }: Template, id?: bigint): Template {
    const input = this.#input;
    const changes = input.byte();
    if (id === undefined && (changes & 0x83) === 0) return { readable, writable };
    const copy = readable.slice();
    const view = new DataView(copy.buffer);
    if (id !== undefined) view.setBigUint64(crypto.DATA_SESSION_ID, id, true);
    for (let left = changes & 3; left > 0; left--) {
      const at = input.below(28) * 4;
      if (at + 4 <= copy.length) view.setUint32(at, input.length(), true);
    }
    return { readable: copy, writable: changes & 0x80 ? input.byte() * 4 : writable };
  }

  /** Offers a request and lets the device see it. */
  #send(queue: number, template: Template, place: number, cut: number): void {
    this.#offer(queue, template, place, cut);
    this.#notify(queue);
  }

  #offer(queue: number, { readable, writable }: Template, place: number, cut: number): void {
    const from = REQUESTS_AT + (place & (PLACES - 1)) * REQUEST_BYTES;
    const to = RESULTS_AT + (place & (PLACES - 1)) * REQUEST_BYTES;
    this.#machine.write(from, readable);
    const odd = (place >> 3) & 3;
    const pieces: Piece[] = [];
    cutInto(pieces, from, readable.length, false, cut);
    // In place, or across the end of RAM, or where it belongs.
    cutInto(pieces, odd === 1 ? from : odd === 2 ? to - 5 : odd === 3 ? RAM_END - 16 : to, writable, true, cut >> 3);
    this.#rings[queue]?.offer(pieces, this.#has(virtio.F_INDIRECT_DESC) && (place & 0x40) !== 0);
  }

  #notify(queue: number): void {
    const { device } = this.#machine;
    this.#machine.watch(() => device.notify(queue));
    this.#rings[queue]?.expectCompleted();
    const { fault } = device;
    if (fault) this.#note(fault.code * 8 + fault.queue * 2 + (this.#rings[queue]?.packed ? 1 : 0));
    else this.#note(1024 + device.sessionCount * 64 + Math.min(63, device.requests(queue)));
  }

  #sessionId(at = RESULTS_AT): bigint {
    return (BigInt(this.#machine.read32(at + 4)) << 32n) | BigInt(this.#machine.read32(at));
  }

  #writeRegister(): void {
    const { registers } = this.#machine;
    const how = this.#input.byte();
    const offset = this.#input.byte() | (how & 0x40 ? 0x100 : 0);
    const value = this.#input.length();
    const size = WIDTHS[how & 3] ?? 4;
    for (const ring of this.#rings) ring.orderly = false;
    this.#machine.watch(() => registers.write(offset, size, value));
    this.#note(4096 + this.#machine.device.status);
  }

  #readRegister(): void {
    const how = this.#input.byte();
    const size = WIDTHS[how & 3] ?? 4;
    const value = this.#machine.registers.read(this.#input.byte() | (how & 0x40 ? 0x100 : 0), size);
    if (!(value >= 0 && value < 2 ** (8 * size))) throw new Violation(`A read of ${size} bytes gave ${value}.`);
  }

  /** PCI: the configuration space, the BAR through the window in it, and the BAR of MSI-X. */
  #configuration(): void {
    const { registers } = this.#machine;
    const input = this.#input;
    const how = input.byte();
    const size = WIDTHS[how & 3] ?? 4;
    if (!(registers instanceof VirtioPci)) return;
    for (const ring of this.#rings) ring.orderly = false;
    if (how & 0x04) {
      registers.writeConfig(CAP_PCI_CFG_AT + pci.CAP_BAR, 1, how & 0x10 ? input.byte() : 0);
      registers.writeConfig(CAP_PCI_CFG_AT + pci.CAP_OFFSET, 4, how & 0x20 ? input.u32() : input.byte());
      registers.writeConfig(CAP_PCI_CFG_AT + pci.CAP_LENGTH, 4, how & 0x40 ? input.length() : size);
      this.#machine.watch(() => {
        if (how & 0x80) registers.writeConfig(WINDOW_DATA_AT, size, input.length());
        else registers.readConfig(WINDOW_DATA_AT, size);
      });
    } else if (how & 0x08) {
      this.#machine.watch(() => registers.writeConfig(input.byte(), size, input.length()));
      registers.readConfig(input.byte(), size);
    } else {
      const [bar, offset] = [how & 0x40 ? 1 : input.byte(), input.u16()];
      this.#machine.watch(() => registers.writeBar(bar, offset, size, input.length()));
      registers.readBar(bar, offset, size);
    }
  }

  #rawDescriptor(): void {
    const input = this.#input;
    const how = input.byte();
    const base = [REQUESTS_AT, RESULTS_AT, 0, 0x2800][how & 3] ?? 0;
    const address = how & 0x40 ? BigInt(input.u32()) << 16n : BigInt(base + input.u16());
    const index = input.index();
    const ring = this.#rings[input.below(3)];
    const flags = input.byte();
    const marks = ring?.packed ? (flags & 0x30) << 3 : 0;
    ring?.writeRaw(index, (how & 0x20) !== 0, address, input.length(), (flags & 7) | marks, input.index());
  }

  #scribble(): void {
    const at = this.#input.u16();
    const bytes = this.#input.bytes(this.#input.below(32));
    for (const ring of this.#rings) ring.orderly = false;
    this.#machine.write(at, bytes);
  }

  #resetQueue(): void {
    const { device } = this.#machine;
    const index = this.#input.below(DATA_QUEUES + 2);
    device.resetQueue(index);
    const old = this.#rings[index];
    if (!old) return;
    const ring = new Ring(this.#machine, index, old.size, old.packed);
    this.#machine.write(ring.desc, NOTHING);
    this.#rings[index] = ring;
    if (this.#input.byte() & 1) ring.enable();
    else ring.orderly = false;
  }

  #saveAndRestore(): void {
    const { device } = this.#machine;
    const state = device.save({ includeKeys: true });
    this.#machine.watch(() => device.restore(state));
    for (const ring of this.#rings) ring.restored();
  }

  /** Event suppression of either kind of ring: any words behind its flags. */
  #suppress(): void {
    const ring = this.#rings[this.#input.below(3)];
    if (!ring) return;
    if (ring.packed) {
      this.#machine.write16(ring.avail, this.#input.u16());
      this.#machine.write16(ring.avail + 2, this.#input.byte());
    } else {
      this.#machine.write16(ring.avail, this.#input.byte() & 1);
      this.#machine.write16(ring.avail + virtio.AVAIL_RING + ring.size * virtio.AVAIL_ELEM_BYTES, this.#input.u16());
    }
  }
}

/** A ring's worth of zeros. */
const NOTHING = new Uint8Array(0x400);

/** A request's worth of zeros. */
const NO_REQUEST = new Uint8Array(REQUEST_BYTES);

/** Cuts a stretch into one to four pieces, at places that `cut` says. */
function cutInto(pieces: Piece[], address: number, bytes: number, write: boolean, cut: number): void {
  let at = 0;
  for (let left = cut & 3; left > 0 && at < bytes; left--) {
    const length = Math.min(bytes - at, cut & 4 ? 1 : 24);
    pieces.push({ address: address + at, bytes: length, write });
    at += length;
  }
  if (at < bytes) pieces.push({ address: address + at, bytes: bytes - at, write });
}

/** A copy of a template with other bytes at its end, where a session's key stands, or a request's source. */
function withTail({ readable, writable }: Template, tail: Uint8Array): Template {
  const copy = readable.slice();
  copy.set(tail, copy.length - tail.length);
  return { readable: copy, writable };
}

/** The victim's session and its request, in each layout of session mode. */
const VICTIMS = [0, 1, 2].flatMap((layout) => {
  const template = TEMPLATES[0];
  const create = template?.create[layout === 0 ? 0 : 1];
  const request = template?.run[layout];
  if (!create || !request) return [];
  const run = withTail(request, VICTIM_TEXT);
  return [{ create: withTail(create, VICTIM_KEY), run, view: new DataView(run.readable.buffer) }];
});
