// A request as a line of a trace file has it. Files come from anywhere: no number and no length is accepted that a tracer cannot
// have written.
import * as v from 'valibot';
import { DESC_F_INDIRECT, DESC_F_WRITE } from '../../spec/virtio.ts';
import { BYTES_KEPT, BYTES_KEPT_TOGETHER, DESCRIPTORS_MAX } from './chain.ts';

const UINT16_MAX = 0xffff;
const UINT32_MAX = 0xffffffff;
/** Addresses have 64 bits; the largest of them are rounded up to this. */
const ADDRESS_MAX = 2 ** 64;
/** The last moment that a Date can be, in milliseconds since 1970. */
const TIME_MAX = 8.64e15;
const ALGORITHM_CHARACTERS = 100;

const upTo = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max));
const uint16 = upTo(UINT16_MAX);
const uint32 = upTo(UINT32_MAX);
const address = upTo(ADDRESS_MAX);
const time = v.pipe(v.number(), v.minValue(0), v.maxValue(TIME_MAX));

/** The first bytes of a buffer. Their length is checked first, so that a text that is too long is not read. */
const bytes = v.pipe(
  v.string(),
  v.check(
    (text) => text.length <= 2 * BYTES_KEPT && text.length % 2 === 0 && /^[0-9a-f]*$/.test(text),
    `Expected up to ${BYTES_KEPT} bytes in hexadecimal`,
  ),
  v.transform(fromHex),
);

const Descriptor = v.object({
  table: v.picklist(['ring', 'indirect']),
  index: uint16,
  address,
  bytes: uint32,
  flags: uint16,
  last: uint16,
});

const Buffer = v.pipe(
  v.object({ address, bytes: uint32, writable: v.boolean(), data: bytes }),
  v.forward(
    v.check(({ bytes, data }) => data.length <= bytes, 'Expected no more bytes than the buffer has'),
    ['data'],
  ),
);

type Descriptors = readonly v.InferOutput<typeof Descriptor>[];
type Buffers = readonly v.InferOutput<typeof Buffer>[];

/** A request as fromJsonLines() accepts it. */
export const SavedRequest = v.pipe(
  v.object({
    serial: v.pipe(upTo(Number.MAX_SAFE_INTEGER), v.minValue(1)),
    queue: uint16,
    control: v.boolean(),
    admin: v.exactOptional(v.boolean()),
    ring: v.picklist(['split', 'packed']),
    layout: v.picklist(['legacy', 'revision1']),
    stateless: v.optional(v.boolean(), false),
    head: uint16,
    descriptors: v.pipe(v.array(Descriptor), v.maxLength(DESCRIPTORS_MAX)),
    buffers: v.pipe(
      v.array(Buffer),
      v.check((all) => keptWithin(all), `Expected up to ${BYTES_KEPT_TOGETHER} bytes of a direction`),
    ),
    usedBytes: uint32,
    lastByte: upTo(0xff),
    algorithm: v.exactOptional(v.pipe(v.string(), v.maxLength(ALGORITHM_CHARACTERS))),
    startedAt: time,
    duration: time,
    batch: v.pipe(uint32, v.minValue(1)),
    backend: v.optional(v.picklist(['inline', 'workers', 'host']), 'inline'),
  }),
  v.forward(
    v.check(({ descriptors, buffers }) => describes(descriptors, buffers), 'Expected the buffers of the descriptors'),
    ['buffers'],
  ),
);

function keptWithin(buffers: Buffers): boolean {
  return [true, false].every((direction) => {
    const kept = buffers.filter(({ writable }) => writable === direction);
    return kept.reduce((sum, { data }) => sum + data.length, 0) <= BYTES_KEPT_TOGETHER;
  });
}

/** Whether the buffers are those that the descriptors name, in their order; an indirect table is none. */
function describes(descriptors: Descriptors, buffers: Buffers): boolean {
  const named = descriptors.filter(({ flags }) => !(flags & DESC_F_INDIRECT));
  return (
    named.length === buffers.length &&
    named.every(({ address, bytes, flags }, index) => {
      const buffer = buffers[index];
      const writable = (flags & DESC_F_WRITE) !== 0;
      return buffer?.address === address && buffer.bytes === bytes && buffer.writable === writable;
    })
  );
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const read = new Uint8Array(text.length / 2);
  for (let i = 0; i < read.length; i++) read[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return read;
}
