import * as v from 'valibot';
import { StateError } from '../device/state.ts';

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

const Header = v.object({ format: v.literal('virtio-crypto-machine'), version: v.literal(1), config: Config });
const NEWLINE = 0x0a;
/** The first line is short; what has none within these bytes is another kind of file. */
const HEADER_BYTES_MAX = 4096;

async function through(bytes: BlobPart, transform: GenericTransformStream): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A machine's state as a file: one line of JSON that says how the machine was built, then v86's state, all of it gzipped. */
export async function packState(config: MachineConfig, state: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  const header = JSON.stringify({ format: 'virtio-crypto-machine', version: 1, config });
  const whole = await new Blob([`${header}\n`, state]).arrayBuffer();
  return through(whole, new CompressionStream('gzip'));
}

/**
 * Reads what packState() wrote.
 * @throws StateError when the file is something else, or damaged
 */
export async function unpackState(
  file: Uint8Array<ArrayBuffer>,
): Promise<{ config: MachineConfig; state: ArrayBuffer }> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    // A server may have unzipped it on the way.
    bytes = file[0] === 0x1f && file[1] === 0x8b ? await through(file, new DecompressionStream('gzip')) : file;
  } catch {
    throw new StateError('The file is damaged: it cannot be unzipped to its end. Save the machine again.');
  }
  const end = bytes.subarray(0, HEADER_BYTES_MAX).indexOf(NEWLINE);
  const header = v.safeParse(Header, parseJson(new TextDecoder().decode(bytes.subarray(0, Math.max(end, 0)))));
  if (!header.success) throw new StateError('This file holds no machine: open one that this page saved.');
  return { config: header.output.config, state: bytes.slice(end + 1).buffer };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
