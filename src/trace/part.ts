import type { TracedBuffer, TracedRequest } from './request.ts';

/** The readable or the writable part of a request: its buffers, one after the other. */
export class Part {
  readonly name: 'readable' | 'writable';
  readonly bytes: number;
  /** The bytes that were kept, up to the first gap. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly #buffers: TracedBuffer[];

  constructor(name: Part['name'], request: TracedRequest) {
    this.name = name;
    this.#buffers = request.buffers.filter(({ writable }) => writable === (name === 'writable'));
    this.bytes = this.#buffers.reduce((sum, { bytes }) => sum + bytes, 0);
    const gap = this.#buffers.findIndex(({ data, bytes }) => data.length < bytes);
    const kept = gap < 0 ? this.#buffers : this.#buffers.slice(0, gap + 1);
    this.data = joined(kept.map(({ data }) => data));
  }

  /** The number at `offset`, or 0 where nothing was kept. */
  uint32(offset: number): number {
    return offset + 4 <= this.data.length ? new DataView(this.data.buffer).getUint32(offset, true) : 0;
  }

  /** The number of one, two or four bytes at `offset`, or 0 where nothing was kept. */
  number(offset: number, bytes: 1 | 2 | 4): number {
    if (offset + bytes > this.data.length) return 0;
    const view = new DataView(this.data.buffer, offset);
    if (bytes === 1) return view.getUint8(0);
    return bytes === 2 ? view.getUint16(0, true) : view.getUint32(0, true);
  }

  uint64(offset: number): bigint {
    return offset + 8 <= this.data.length ? new DataView(this.data.buffer).getBigUint64(offset, true) : 0n;
  }

  /** The kept bytes of [offset, offset + bytes), also of a buffer behind one that was cut short. */
  slice(offset: number, bytes: number): Uint8Array<ArrayBuffer> {
    const whole = this.data.slice(offset, offset + bytes);
    if (whole.length > 0) return whole;
    let start = 0;
    for (const buffer of this.#buffers) {
      if (offset < start + buffer.bytes) return buffer.data.slice(offset - start, offset - start + bytes);
      start += buffer.bytes;
    }
    return new Uint8Array();
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
