/** Numbers of the WebAssembly binary format (core specification, 5.5). */
const HEADER_BYTES = 8;
const SECTION_IMPORT = 2;
const KIND_FUNCTION = 0;
const KIND_MEMORY = 2;
/** Limits of a shared memory: a minimum of 1 page, and the largest possible maximum, 65536 pages. */
const SHARED_LIMITS = [0x03, 0x01, 0x80, 0x80, 0x04];

/**
 * Makes a build of the engine for a memory that threads share. The code stays the same, because the engine uses no atomics. Only the type
 * of the imported memory changes.
 * @param build a build that imports functions and one memory
 */
export function sharedBuild(build: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = HEADER_BYTES;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = build[at++];
      if (byte === undefined) throw new TypeError('The engine binary ends early; build this library anew.');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const skipName = () => {
    const bytes = number();
    at += bytes;
  };

  let section = at;
  let bytes = 0;
  for (let id = -1; id !== SECTION_IMPORT; ) {
    section = at + bytes;
    at = section;
    id = number();
    bytes = number();
  }
  const contents = at;
  for (let imports = number(); imports > 0; imports--) {
    skipName();
    skipName();
    const kind = number();
    if (kind === KIND_FUNCTION) {
      number();
    } else if (kind === KIND_MEMORY) {
      const limits = at;
      const limited = number() & 1;
      number();
      if (limited) number();
      const length = bytes + SHARED_LIMITS.length - (at - limits);
      return joined(
        build.subarray(0, section),
        [SECTION_IMPORT, ...unsigned(length)],
        build.subarray(contents, limits),
        SHARED_LIMITS,
        build.subarray(at),
      );
    }
  }
  throw new TypeError('The engine binary imports no memory; build this library anew.');
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push(0x80 | (rest & 0x7f));
  }
}

function joined(...parts: ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
