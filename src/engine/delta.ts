/**
 * Makes a file from a similar file and a delta. scripts/delta.mjs writes deltas. All numbers in a delta are LEB128. It repeats until its
 * end:
 * - the number of new bytes, and these bytes;
 * - the distance from the end of the last piece in the other file to the start of the next piece: twice the distance, or, if the next
 *   piece lies before that end, twice the distance less one;
 * - the length of the piece.
 */
export function applyDelta(other: Uint8Array, delta: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = delta[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const parts: Uint8Array[] = [];
  let from = 0;
  while (at < delta.length) {
    const own = next();
    parts.push(delta.subarray(at, at + own));
    at += own;
    const step = next();
    from += step % 2 === 0 ? step / 2 : -(step + 1) / 2;
    const bytes = next();
    parts.push(other.subarray(from, from + bytes));
    from += bytes;
  }
  const made = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let end = 0;
  for (const part of parts) {
    made.set(part, end);
    end += part.length;
  }
  return made;
}
