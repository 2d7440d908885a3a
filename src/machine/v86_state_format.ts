import * as v from 'valibot';
import { StateError } from '../device/state.ts';

// v86's format: four words of 32 bits in little endian, JSON that lists the values of the state, then the buffers that it refers to.
const MAGIC = 0x86768676;
const VERSION = 6;
const WORDS_BYTES = 16;
const MAGIC_AT = 0;
const VERSION_AT = 4;
const TOTAL_AT = 8;
const INFO_AT = 12;
/** The list's first value is the guest's RAM in bytes. */
const Info = v.object({
  buffer_infos: v.array(
    v.object({
      offset: v.pipe(v.number(), v.integer(), v.minValue(0)),
      length: v.pipe(v.number(), v.integer(), v.minValue(0)),
    }),
  ),
  state: v.looseTuple([v.number()]),
});

/**
 * Looks at a state that v86 saved, before a machine is built for it: v86 itself notices some damage in the middle of restoring, and
 * some not at all.
 * @param memoryBytes RAM of the machine that is to take it over
 * @throws StateError with what is wrong and what to do
 */
export function checkV86State(state: ArrayBuffer, memoryBytes: number): void {
  const view = new DataView(state);
  if (state.byteLength < WORDS_BYTES || view.getUint32(MAGIC_AT, true) !== MAGIC) {
    throw damaged('it holds no state of v86');
  }
  const version = view.getUint32(VERSION_AT, true);
  if (version !== VERSION) {
    throw new StateError(
      `The machine was saved by a v86 with states of version ${version}, and this one has ${VERSION}: open it with the page that saved it.`,
    );
  }
  const total = view.getUint32(TOTAL_AT, true);
  if (total !== state.byteLength) throw damaged(`it has ${state.byteLength} bytes of ${total}`);
  const infoBytes = view.getUint32(INFO_AT, true);
  const info = v.safeParse(Info, infoBytes <= total - WORDS_BYTES ? parseJson(state, infoBytes) : undefined);
  if (!info.success) throw damaged('its list of values cannot be read');
  const buffersAt = (WORDS_BYTES + infoBytes + 3) & ~3;
  const { buffer_infos, state: values } = info.output;
  if (buffer_infos.some(({ offset, length }) => buffersAt + offset + length > total)) {
    throw damaged('a part of it is missing');
  }
  if (values[0] !== memoryBytes) throw damaged('it is the state of a machine with more or less memory');
}

function damaged(what: string): StateError {
  return new StateError(`The file is damaged: ${what}. Save the machine again.`);
}

function parseJson(state: ArrayBuffer, bytes: number): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(new Uint8Array(state, WORDS_BYTES, bytes)));
  } catch {
    return undefined;
  }
}
