/** A piece that is shorter costs more than its bytes. */
const PIECE_MIN = 6;
const WINDOW = 8;

/** The delta from which src/engine/delta.ts makes `file` out of `other`. */
export function deltaOf(other, file) {
  const places = new Map();
  for (let i = 0; i + WINDOW <= other.length; i++) {
    const window = other.toString('latin1', i, i + WINDOW);
    if (places.has(window)) places.get(window).push(i);
    else places.set(window, [i]);
  }
  const delta = [];
  let [at, from, own] = [0, 0, []];
  const put = (piece) => {
    const step = piece.from - from;
    delta.push(...leb128(own.length), ...own, ...leb128(step < 0 ? -step * 2 - 1 : step * 2), ...leb128(piece.bytes));
    [from, own] = [piece.from + piece.bytes, []];
  };
  while (at < file.length) {
    // Where the last piece would go on after bytes that were exchanged, and wherever the next bytes stand.
    const starts = [from + own.length, ...(places.get(file.toString('latin1', at, at + WINDOW)) ?? [])];
    const piece = starts
      .map((start) => ({ from: start, bytes: commonBytes(other, start, file, at) }))
      .reduce((longest, one) => (one.bytes > longest.bytes ? one : longest));
    if (piece.bytes < PIECE_MIN) {
      own.push(file[at++]);
      continue;
    }
    put(piece);
    at += piece.bytes;
  }
  if (own.length > 0) put({ from, bytes: 0 });
  return Uint8Array.from(delta);
}

function commonBytes(a, atA, b, atB) {
  let bytes = 0;
  while (atA + bytes < a.length && atB + bytes < b.length && a[atA + bytes] === b[atB + bytes]) bytes++;
  return bytes;
}

function leb128(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}
