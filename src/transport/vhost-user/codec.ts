// Messages in a stream of bytes: a header of three numbers, then the payload. File descriptors come beside the bytes.
import {
  DESCRIPTORS_MAX,
  FLAG_NEED_REPLY,
  FLAG_REPLY,
  HEADER_BYTES,
  MESSAGES,
  type MessageShape,
  PAYLOAD_BYTES_MAX,
  VERSION,
  VERSION_MASK,
  VhostUserError,
} from './protocol.ts';

/** A message, complete and of a size that it may have. */
export interface Message {
  readonly request: number;
  readonly name: string;
  /** The bytes after the header. They are valid, and not wiped, until the message has been handled. */
  readonly payload: DataView<ArrayBuffer>;
  /** The descriptors that came with it. The handler owns those that it takes out of this array. */
  readonly descriptors: number[];
  /** Whether the client waits for an answer although the message has none of its own (REPLY_ACK). */
  readonly needReply: boolean;
}

interface Head {
  request: number;
  shape: MessageShape;
  needReply: boolean;
  size: number;
}

/**
 * Puts messages together. It never holds more than one, and each is checked as soon as its header is there: a client cannot have the
 * daemon wait for a payload that no message has.
 */
export class MessageReader {
  readonly #bytes = new Uint8Array(HEADER_BYTES + PAYLOAD_BYTES_MAX);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #descriptors: number[] = [];
  #length = 0;
  #head: Head | undefined;

  /** How many bytes are missing until the header, or the message, is complete. A reader that asks for no more keeps descriptors apart. */
  get wanted(): number {
    return HEADER_BYTES + (this.#head?.size ?? 0) - this.#length;
  }

  /** Where an unfinished message stands, for the line that says that the client went away; undefined between messages. */
  get unfinished(): string | undefined {
    if (this.#length === 0) return undefined;
    const name = this.#head?.shape.name ?? 'a header';
    return `${name}: ${this.#length} of ${HEADER_BYTES + (this.#head?.size ?? 0)} bytes`;
  }

  /**
   * Takes bytes of the stream, and calls `handle` for each message that they complete.
   * @param descriptors descriptors that came with the first of these bytes. The reader owns them
   * @throws VhostUserError for a header that is wrong; and what `handle` throws
   */
  push(bytes: Uint8Array, descriptors: readonly number[], handle: (message: Message) => void): void {
    this.#descriptors.push(...descriptors);
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.subarray(at, at + this.wanted);
      this.#bytes.set(taken, this.#length);
      this.#length += taken.length;
      at += taken.length;
      if (this.#length === HEADER_BYTES && !this.#head) this.#head = this.#parseHead();
      if (this.#head && this.wanted === 0) this.#finish(this.#head, handle);
    }
  }

  /** Forgets an unfinished message. Returns the descriptors that no handler has taken. */
  release(): number[] {
    this.#bytes.fill(0);
    this.#length = 0;
    this.#head = undefined;
    return this.#descriptors.splice(0);
  }

  #parseHead(): Head {
    const request = this.#view.getUint32(0, true);
    const flags = this.#view.getUint32(4, true);
    const size = this.#view.getUint32(8, true);
    const shape = MESSAGES.get(request);
    if (!shape) throw new VhostUserError(`message ${request}: request is unknown to this device.`);
    const { name } = shape;
    if ((flags & VERSION_MASK) !== VERSION) {
      throw new VhostUserError(`${name}: flags is 0x${flags.toString(16)}, and the version in it is not ${VERSION}.`);
    }
    if (flags & FLAG_REPLY) throw new VhostUserError(`${name}: flags is 0x${flags.toString(16)}, that of an answer.`);
    if (!isSize(shape, size)) throw new VhostUserError(`${name}: size is ${size}, not ${sizesOf(shape)}.`);
    return { request, shape, size, needReply: (flags & FLAG_NEED_REPLY) !== 0 };
  }

  #finish({ request, shape, size, needReply }: Head, handle: (message: Message) => void): void {
    const { name } = shape;
    const count = this.#descriptors.length;
    if (count > shape.descriptors) {
      throw new VhostUserError(
        `${name}: ${count} descriptors came with it, ${shape.descriptors} at most belong to it.`,
      );
    }
    const payload = new DataView(this.#bytes.buffer, HEADER_BYTES, size);
    handle({ request, name, payload, needReply, descriptors: this.#descriptors });
    if (this.#descriptors.length > 0) {
      throw new VhostUserError(`${name}: ${this.#descriptors.length} descriptors came with it that it does not name.`);
    }
    // A payload may have held keys.
    this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
    this.#head = undefined;
  }
}

function isSize({ size }: MessageShape, bytes: number): boolean {
  if (!('from' in size)) return size.includes(bytes);
  return bytes >= size.from && bytes <= size.to && (bytes - size.from) % size.step === 0;
}

function sizesOf({ size }: MessageShape): string {
  if (!('from' in size)) return size.join(' or ');
  return `${size.from} to ${size.to}${size.step === 1 ? '' : ` in steps of ${size.step}`}`;
}

/** Encodes an answer to a message. */
export function encodeReply(request: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, request, true);
  view.setUint32(4, VERSION | FLAG_REPLY, true);
  view.setUint32(8, payload.length, true);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** The payload of an answer that is one 64-bit number. */
export function uint64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

/** The payload of an answer that is two 32-bit numbers. */
export function uint32Pair(first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, first, true);
  view.setUint32(4, second, true);
  return bytes;
}

/** Descriptors that one read of the stream may bring: no message has more. */
export const DESCRIPTORS_A_READ = DESCRIPTORS_MAX;
