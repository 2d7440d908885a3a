import * as v from 'valibot';
import { StateError } from '../device/state.ts';
import { checkV86State } from './v86_state_format.ts';

const whole = v.pipe(v.number(), v.integer(), v.minValue(1));
const Config = v.object({
  memoryMiB: v.pipe(whole, v.maxValue(2047)),
  dataQueues: v.pipe(whole, v.maxValue(64)),
  queueSize: v.pipe(whole, v.maxValue(32768)),
  features: v.object({
    indirect: v.exactOptional(v.boolean()),
    eventIdx: v.exactOptional(v.boolean()),
    packed: v.exactOptional(v.boolean()),
  }),
});

/** How a machine was built: a state fits a machine of the same make only. */
export type MachineConfig = v.InferOutput<typeof Config>;

/** What a state file holds. */
export interface SavedMachine {
  config: MachineConfig;
  /** v86's state. */
  state: ArrayBuffer;
}

const FORMAT = 'virtio-crypto-machine';
const VERSION = 1;
const Kind = v.object({ format: v.literal(FORMAT), version: v.number() });
const Header = v.object({ format: v.literal(FORMAT), version: v.literal(VERSION), config: Config });
const NEWLINE = 0x0a;
/** The first line is short; what has none within these bytes is another kind of file. */
const HEADER_BYTES_MAX = 4096;
const MEBIBYTE = 1024 * 1024;
/** A state is the guest's RAM and some more: 1 to 3 MiB. What unzips to more than that is none. */
const BESIDE_RAM_MAX = 64 * MEBIBYTE;

/** A machine's state as a file: one line of JSON that says how the machine was built, then v86's state, all of it gzipped. */
export async function packState(config: MachineConfig, state: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  const header = JSON.stringify({ format: FORMAT, version: VERSION, config });
  const zipped = new Blob([`${header}\n`, state]).stream().pipeThrough(gzip(new CompressionStream('gzip')));
  return new Uint8Array(await new Response(zipped).arrayBuffer());
}

/**
 * Reads a file of packState() and checks all of it, so that v86 can go on from the result. Of another kind of file only the first bytes
 * are read.
 * @throws StateError when the file is something else, cut, damaged, or of another version; the message names the remedy
 */
export async function unpackState(file: Blob | Uint8Array<ArrayBuffer>): Promise<SavedMachine> {
  const blob = file instanceof Blob ? file : new Blob([file]);
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  // A server may have unzipped it on the way.
  const zipped = first === 0x1f && second === 0x8b;
  const reader = (
    zipped ? blob.stream().pipeThrough(gzip(new DecompressionStream('gzip'))) : blob.stream()
  ).getReader();
  try {
    const saved = await readMachine(() => nextOf(reader));
    checkV86State(saved.state, saved.config.memoryMiB * MEBIBYTE);
    return saved;
  } finally {
    // After an error the rest is of no interest; of a stream that has ended nothing is left.
    await reader.cancel().catch(() => {});
  }
}

/** The header, then as many bytes as a machine of its make can have. */
async function readMachine(next: () => Promise<Uint8Array<ArrayBuffer> | undefined>): Promise<SavedMachine> {
  let head = new Uint8Array();
  let end = -1;
  while (end < 0) {
    const more = await next();
    if (!more) break;
    head = joined([head, more]);
    end = head.subarray(0, HEADER_BYTES_MAX).indexOf(NEWLINE);
    if (end < 0 && head.length >= HEADER_BYTES_MAX) break;
  }
  const config = configOf(parseJson(new TextDecoder().decode(head.subarray(0, Math.max(end, 0)))));
  const parts = [head.subarray(end + 1)];
  let bytes = head.length;
  for (let more = await next(); more; more = await next()) {
    parts.push(more);
    bytes += more.length;
    if (bytes > config.memoryMiB * MEBIBYTE + BESIDE_RAM_MAX) {
      throw new StateError('The file is damaged: it holds more than its machine has memory. Save the machine again.');
    }
  }
  return { config, state: joined(parts).buffer };
}

function configOf(header: unknown): MachineConfig {
  const known = v.safeParse(Header, header);
  if (known.success) return known.output.config;
  const kind = v.safeParse(Kind, header);
  if (!kind.success) {
    throw new StateError('This file holds no machine: open one that Save made, whose name ends in “.state”.');
  }
  if (kind.output.version !== VERSION) {
    throw new StateError(
      `This machine was saved in format ${kind.output.version}, and this page reads format ${VERSION}: open it with the page that saved it.`,
    );
  }
  throw new StateError('The file is damaged: no machine is built as its first line says. Save the machine again.');
}

async function nextOf(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return (await reader.read()).value;
  } catch (error) {
    // What cannot be unzipped is a TypeError; everything else is about the file itself.
    if (error instanceof DOMException) throw new StateError(`The file cannot be read: ${error.message}`);
    throw new StateError('The file is damaged: it cannot be unzipped to its end. Save the machine again.');
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The DOM's types know these streams' bytes only as "any source". */
function gzip(stream: GenericTransformStream): ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return stream;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
