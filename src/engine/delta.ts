/**
 * Makes a file from another one that it is much like: it stands in a delta as pieces of the other file, with bytes of its own between
 * them. All numbers are LEB128; scripts/delta.mjs writes it. Repeated until the delta ends:
 * - how many bytes of its own follow, and those bytes;
 * - how far the next piece begins from the end of the last one in the other file: twice the distance, or if it lies in front of it twice
 *   the distance less one;
 * - how long the piece is.
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
