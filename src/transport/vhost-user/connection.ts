// A connection with a vhost-user client: messages in, calls of the device and of the host out. It knows no sockets.
import * as crypto from '../../../spec/crypto.ts';
import * as virtio from '../../../spec/virtio.ts';
import type { DeviceRegisters } from '../../device/registers.ts';
import type { ClientMemory, MappedTableRegion } from './client_memory.ts';
import { encodeReply, type Message, MessageReader, uint32Pair, uint64 } from './codec.ts';
import { ControlWindow } from './control_window.ts';
import type { Mapping, VhostUserHost, Watch } from './host.ts';
import { guestAddressOf, parseMemoryTable, type TableRegion } from './memory_table.ts';
import * as protocol from './protocol.ts';
import { VhostUserError } from './protocol.ts';
import { type RingPlace, Rings } from './rings.ts';
import { destroyRequest, parseSessionMessage, sessionAnswer } from './session_message.ts';

/** What SET_VRING_* messages have said of a ring. */
interface Ring {
  size: number;
  base: number;
  desc: bigint;
  driver: bigint;
  device: bigint;
  hasAddresses: boolean;
  /** What SET_VRING_ENABLE said. */
  enabled: boolean | undefined;
  kick: Watch | undefined;
  call: number | undefined;
  error: number | undefined;
}

/**
 * Bits that no message carries, or that belong to the transport. SUSPEND is a bit of the device status, which the client keeps. Only PCI says
 * where an administration queue is.
 */
const NOT_FOR_CLIENTS = [virtio.F_NOTIFICATION_DATA, virtio.F_RING_RESET, virtio.F_ADMIN_VQ, virtio.F_SUSPEND].reduce(
  (bits, bit) => bits | (1n << BigInt(bit)),
  0n,
);
const PROTOCOL_FEATURES_BIT = 1n << BigInt(protocol.F_PROTOCOL_FEATURES);
const PROTOCOL_FEATURES = [
  protocol.PROTOCOL_F_MQ,
  protocol.PROTOCOL_F_REPLY_ACK,
  protocol.PROTOCOL_F_CRYPTO_SESSION,
  protocol.PROTOCOL_F_CONFIG,
].reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n);
const VERSION_1 = 1n << BigInt(virtio.F_VERSION_1);
const REFUSED = -1n;
const NO_MEMORY_TABLE =
  'The client asks for a session, but has given no memory table: it ran before this daemon was started, and its guest does not know ' +
  'that the device went away. No request of the guest will arrive: shut the guest down, and start the client again.';

/** The device's side of a vhost-user connection. */
export class VhostUserConnection {
  readonly #device: DeviceRegisters;
  readonly #memory: ClientMemory;
  readonly #host: VhostUserHost;
  readonly #reader = new MessageReader();
  readonly #rings: Rings;
  readonly #window: ControlWindow;
  readonly #state: Ring[];
  readonly #sessions = new Map<bigint, number>();
  #mappings: Mapping[] = [];
  #features = 0n;
  #warned = false;
  #closed = false;

  /**
   * @param device a device whose guest memory is `memory`. It belongs to the connection until close()
   */
  constructor(device: DeviceRegisters, memory: ClientMemory, host: VhostUserHost) {
    this.#device = device;
    this.#memory = memory;
    this.#host = host;
    this.#window = new ControlWindow(device, memory);
    this.#state = device.queues.map(() => ({
      ...{ size: 0, base: 0, desc: 0n, driver: 0n, device: 0n, hasAddresses: false },
      ...{ enabled: undefined, kick: undefined, call: undefined, error: undefined },
    }));
    this.#rings = new Rings(device, memory, {
      used: (index) => this.#signal(this.#state[index]?.call),
      broken: () => this.#broken(),
      reset: () => this.#sessions.clear(),
      later: (index) => this.#state[index]?.kick?.again(),
      now: () => host.now(),
    });
  }

  /** How many bytes to read next, so that no read mixes the descriptors of two messages. */
  get wanted(): number {
    return this.#reader.wanted;
  }

  /** The message that is not complete yet, if there is one: text for the line that says that the client has gone. */
  get unfinished(): string | undefined {
    return this.#reader.unfinished;
  }

  /**
   * Takes bytes from the client.
   * @param descriptors descriptors that came with the first of these bytes: they are the connection's from now on
   * @throws VhostUserError that names the message and the field. Call close() then
   */
  receive(bytes: Uint8Array, descriptors: readonly number[]): void {
    this.#reader.push(bytes, descriptors, (message) => this.#handle(message));
  }

  /** Ends the connection: the device is reset, descriptors are closed, and mappings end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rings.reset();
    this.#device.onInterrupt(() => {});
    for (const descriptor of this.#reader.release()) this.#host.close(descriptor);
    for (const ring of this.#state) {
      ring.kick?.end();
      ring.kick = undefined;
      ring.call = this.#dropped(ring.call);
      ring.error = this.#dropped(ring.error);
    }
    this.#device.setRegions(this.#memory.regionsOf([]));
    this.#memory.map([]);
    for (const mapping of this.#mappings.splice(0)) mapping.release();
  }

  #handle(message: Message): void {
    const answer = this.#answer(message);
    if (answer) this.#host.send(encodeReply(message.request, answer));
    else if (message.needReply) this.#host.send(encodeReply(message.request, uint64(0n)));
  }

  /** Does what a message asks for. Returns the payload of its own answer, if it has one. */
  #answer(message: Message): Uint8Array | undefined {
    const { request, payload } = message;
    switch (request) {
      case protocol.GET_FEATURES:
        return uint64(this.#offered);
      case protocol.SET_FEATURES:
        return this.#setFeatures(payload.getBigUint64(0, true));
      case protocol.GET_PROTOCOL_FEATURES:
        return uint64(PROTOCOL_FEATURES);
      case protocol.SET_PROTOCOL_FEATURES:
        return this.#setProtocolFeatures(payload.getBigUint64(0, true));
      case protocol.GET_QUEUE_NUM:
        return uint64(BigInt(this.#state.length));
      case protocol.RESET_OWNER:
        return this.#forget();
      case protocol.SET_MEM_TABLE:
        return this.#setMemoryTable(message);
      case protocol.SET_VRING_NUM:
      case protocol.SET_VRING_BASE:
      case protocol.SET_VRING_ADDR:
      case protocol.SET_VRING_ENABLE:
        return this.#setRing(message);
      case protocol.GET_VRING_BASE:
        return this.#stopRing(message);
      case protocol.SET_VRING_KICK:
      case protocol.SET_VRING_CALL:
      case protocol.SET_VRING_ERR:
        return this.#setDescriptor(message);
      case protocol.GET_CONFIG:
        return this.#config(payload);
      case protocol.CREATE_CRYPTO_SESSION:
        return this.#createSession(payload);
      case protocol.CLOSE_CRYPTO_SESSION:
        return this.#closeSession(payload.getBigUint64(0, true));
      default:
        // SET_OWNER has nothing to say, and SET_CONFIG nothing to write to: the driver cannot write the configuration (5.9.5).
        return undefined;
    }
  }

  get #offered(): bigint {
    return (this.#device.offeredFeatures & ~NOT_FOR_CLIENTS) | PROTOCOL_FEATURES_BIT;
  }

  #setFeatures(features: bigint): undefined {
    const unknown = features & ~this.#offered;
    if (unknown)
      throw new VhostUserError(`SET_FEATURES: features has 0x${unknown.toString(16)}, which is not offered.`);
    this.#rings.features = features & ~PROTOCOL_FEATURES_BIT;
    this.#features = features;
  }

  #setProtocolFeatures(features: bigint): undefined {
    const unknown = features & ~PROTOCOL_FEATURES;
    if (!unknown) return;
    throw new VhostUserError(`SET_PROTOCOL_FEATURES: features has 0x${unknown.toString(16)}, which is not offered.`);
  }

  /** All rings stop, and the device is reset. */
  #forget(): undefined {
    this.#rings.reset();
    for (const ring of this.#state) {
      ring.kick?.end();
      Object.assign(ring, { kick: undefined, enabled: undefined, base: 0, hasAddresses: false });
    }
  }

  #setMemoryTable({ payload, descriptors }: Message): undefined {
    const table = parseMemoryTable(payload, descriptors.length);
    const before = this.#mappings;
    const mappings: Mapping[] = [];
    try {
      const regions = table.map((region): MappedTableRegion => {
        const descriptor = descriptors.shift() ?? -1;
        const mapping = this.#host.map(descriptor, region.fileOffset, region.bytes);
        mappings.push(mapping);
        return { ...region, pieces: mapping.pieces, offset: mapping.offset };
      });
      // Results of requests under way go to the old memory.
      this.#device.settle();
      this.#checkRings(table);
      this.#device.setRegions(this.#memory.regionsOf(regions));
      this.#memory.map(regions);
      this.#mappings = mappings;
    } catch (error) {
      for (const mapping of mappings) mapping.release();
      throw error;
    }
    for (const mapping of before) mapping.release();
  }

  /** @throws VhostUserError if a ring that runs would not be where it is */
  #checkRings(table: readonly TableRegion[]): void {
    for (const [index, { desc, driver, device }] of this.#state.entries()) {
      if (!this.#rings.runs(index)) continue;
      const parts = this.#device.queues[index]?.parts() ?? [];
      const stays = [desc, driver, device].every((user, part) => {
        const { address = 0n, bytes = 0 } = parts[part] ?? {};
        const end = guestAddressOf(table, user + BigInt(bytes - 1));
        return guestAddressOf(table, user) === Number(address) && end === Number(address) + bytes - 1;
      });
      if (!stays) throw new VhostUserError(`SET_MEM_TABLE: regions leave out, or move, ring ${index}, which runs.`);
    }
  }

  #setRing({ request, name, payload }: Message): undefined {
    const index = payload.getUint32(0, true);
    const value = payload.getUint32(4, true);
    const ring = this.#ring(name, index);
    if (request === protocol.SET_VRING_ENABLE) {
      if (value > 1) throw new VhostUserError(`${name}: ring ${index}: num is ${value}, not 0 or 1.`);
      ring.enabled = value === 1;
      if (!ring.enabled) this.#pause(index, ring);
      else this.#startIfReady(index, ring);
      return;
    }
    this.#pause(index, ring);
    if (request === protocol.SET_VRING_BASE) ring.base = value;
    else if (request === protocol.SET_VRING_NUM) {
      if (value === 0 || value > virtio.QUEUE_SIZE_MAX) {
        throw new VhostUserError(`${name}: ring ${index}: num is ${value}, not 1 to ${virtio.QUEUE_SIZE_MAX}.`);
      }
      ring.size = value;
    } else {
      if (value !== 0) throw new VhostUserError(`${name}: ring ${index}: flags is ${value}: a log is not offered.`);
      ring.desc = payload.getBigUint64(8, true);
      ring.device = payload.getBigUint64(16, true);
      ring.driver = payload.getBigUint64(24, true);
      ring.hasAddresses = true;
    }
  }

  #stopRing({ name, payload }: Message): Uint8Array {
    const index = payload.getUint32(0, true);
    const ring = this.#ring(name, index);
    ring.base = this.#rings.stop(index) ?? ring.base;
    ring.kick?.end();
    ring.kick = undefined;
    return uint32Pair(index, ring.base);
  }

  /** Stops a ring that the client changes, or disables: it goes on from where it stands. */
  #pause(index: number, ring: Ring): void {
    ring.base = this.#rings.stop(index) ?? ring.base;
  }

  #setDescriptor({ request, name, payload, descriptors }: Message): undefined {
    const value = payload.getBigUint64(0, true);
    const index = Number(value & protocol.VRING_INDEX_MASK);
    const ring = this.#ring(name, index);
    if (value & ~(protocol.VRING_INDEX_MASK | protocol.VRING_NO_DESCRIPTOR)) {
      throw new VhostUserError(
        `${name}: ring ${index}: u64 is 0x${value.toString(16)}, with bits that have no meaning.`,
      );
    }
    const none = (value & protocol.VRING_NO_DESCRIPTOR) !== 0n;
    if (none !== (descriptors.length === 0)) {
      throw new VhostUserError(
        `${name}: ring ${index}: ${descriptors.length} descriptors came with it, not ${none ? 0 : 1}.`,
      );
    }
    const [first] = descriptors;
    if (first !== undefined && !this.#host.isEvent(first)) {
      throw new VhostUserError(`${name}: ring ${index}: the descriptor is no eventfd.`);
    }
    const descriptor = descriptors.shift();
    if (request === protocol.SET_VRING_KICK) this.#setKick(index, ring, descriptor);
    else if (request === protocol.SET_VRING_CALL) {
      this.#dropped(ring.call);
      ring.call = descriptor;
      // A completion may have come between the old descriptor and this one.
      if (this.#rings.runs(index)) this.#signal(descriptor);
    } else {
      this.#dropped(ring.error);
      ring.error = descriptor;
    }
  }

  #setKick(index: number, ring: Ring, descriptor: number | undefined): void {
    if (descriptor === undefined) {
      throw new VhostUserError(`SET_VRING_KICK: ring ${index}: no descriptor came with it, and rings are not polled.`);
    }
    this.#pause(index, ring);
    ring.kick?.end();
    ring.kick = undefined;
    ring.kick = this.#host.watch(descriptor, () => this.#rings.event(index));
    this.#startIfReady(index, ring);
  }

  /** Starts a ring that has a kick and is enabled. Where the guest's features are not told, nothing is said of enabling: the kick is enough. */
  #startIfReady(index: number, ring: Ring): void {
    const waits = (this.#features & VERSION_1) !== 0n && (this.#features & PROTOCOL_FEATURES_BIT) !== 0n;
    if (!ring.kick || !(ring.enabled ?? !waits) || this.#rings.runs(index)) return;
    this.#rings.start(index, this.#placeOf(index, ring), ring.base);
  }

  #placeOf(index: number, ring: Ring): RingPlace {
    const wrong = (what: string) => new VhostUserError(`SET_VRING_KICK: ring ${index}: ${what}`);
    if (this.#memory.table.length === 0) throw wrong('there is no memory table yet.');
    if (ring.size === 0) throw wrong('its size was not set.');
    if (!ring.hasAddresses) throw wrong('its addresses were not set.');
    const guest = (name: string, address: bigint) => {
      const found = guestAddressOf(this.#memory.table, address);
      if (found === undefined) throw wrong(`${name} is 0x${address.toString(16)}, which no region has.`);
      return found;
    };
    return {
      size: ring.size,
      desc: guest('desc_user_addr', ring.desc),
      driver: guest('avail_user_addr', ring.driver),
      device: guest('used_user_addr', ring.device),
    };
  }

  /** The client may ask for more than there is: the rest is zeros. */
  #config(payload: DataView): Uint8Array {
    const offset = payload.getUint32(0, true);
    const bytes = payload.getUint32(4, true);
    const room = payload.byteLength - protocol.CONFIG_HEAD_BYTES;
    if (bytes > room) throw new VhostUserError(`GET_CONFIG: size is ${bytes}, and the message has room for ${room}.`);
    if (offset > protocol.CONFIG_BYTES_MAX) {
      throw new VhostUserError(`GET_CONFIG: offset is ${offset}, ${protocol.CONFIG_BYTES_MAX} at most is possible.`);
    }
    const answer = new Uint8Array(protocol.CONFIG_HEAD_BYTES + room);
    const view = new DataView(answer.buffer);
    view.setUint32(0, offset, true);
    view.setUint32(4, bytes, true);
    for (let at = 0; at < bytes; at++) answer[protocol.CONFIG_HEAD_BYTES + at] = this.#device.config.byte(offset + at);
    return answer;
  }

  #createSession(payload: DataView<ArrayBuffer>): Uint8Array {
    if (this.#memory.table.length === 0 && !this.#warned) {
      this.#warned = true;
      this.#host.say(NO_MEMORY_TABLE);
    }
    const session = parseSessionMessage(payload);
    const answer = session && this.#control(session.readable, crypto.CREATE_INPUT_BYTES);
    let id = REFUSED;
    if (session && answer) {
      const view = new DataView(answer.buffer);
      if (view.getUint32(crypto.CREATE_INPUT_STATUS, true) === crypto.CRYPTO_OK) {
        id = view.getBigInt64(crypto.CREATE_INPUT_SESSION_ID, true);
        this.#sessions.set(BigInt.asUintN(64, id), session.destroy);
      }
    }
    return sessionAnswer(payload.byteLength, id);
  }

  #closeSession(id: bigint): undefined {
    const opcode = this.#sessions.get(id);
    if (opcode === undefined) return;
    this.#sessions.delete(id);
    this.#control([destroyRequest(opcode, id)], crypto.STATUS_BYTES);
  }

  /** Sends a control request on the client's behalf. undefined: the client has the control queue, or the device is broken. */
  #control(readable: readonly Uint8Array[], writableBytes: number): Uint8Array | undefined {
    if (this.#features & VERSION_1) return undefined;
    this.#rings.bringUp();
    return this.#window.send(readable, writableBytes);
  }

  /** The driver made a mistake after which only a restart of the rings helps. Clients that read error descriptors are told. */
  #broken(): void {
    this.#host.say(
      'The driver has broken the device (DEVICE_NEEDS_RESET, 2.1.2): it works again when its rings are started anew.',
    );
    for (const { error } of this.#state) this.#signal(error);
  }

  #signal(descriptor: number | undefined): void {
    if (descriptor !== undefined) this.#host.signal(descriptor);
  }

  #dropped(descriptor: number | undefined): undefined {
    if (descriptor !== undefined) this.#host.close(descriptor);
  }

  #ring(name: string, index: number): Ring {
    const ring = this.#state[index];
    if (ring) return ring;
    throw new VhostUserError(`${name}: index is ${index}, and there are ${this.#state.length} rings.`);
  }
}
