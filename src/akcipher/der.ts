// Keys as ASN.1 in DER (X.690), as far as RSA keys need it: a SEQUENCE of INTEGERs. Contents of INTEGERs are read as unsigned numbers,
// with and without leading zeros, because DPDK's driver leaves out the zero that a set top bit needs.

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** The place of an element's content. */
interface Content {
  start: number;
  end: number;
}

/**
 * Reads a SEQUENCE of `counts` INTEGERs that fills `bytes`.
 * @param counts the numbers of INTEGERs that are possible
 * @returns the contents without leading zeros, as copies; undefined if the bytes are something else
 */
export function readIntegers(bytes: Uint8Array, counts: readonly number[]): Uint8Array[] | undefined {
  const sequence = readElement(bytes, 0, bytes.length, SEQUENCE);
  if (!sequence || sequence.end !== bytes.length) return undefined;
  const integers: Uint8Array[] = [];
  for (let at = sequence.start; at < sequence.end; ) {
    const integer = readElement(bytes, at, sequence.end, INTEGER);
    if (!integer || integer.start === integer.end) return undefined;
    integers.push(withoutZeros(bytes, integer));
    if (integers.length > Math.max(...counts)) return undefined;
    at = integer.end;
  }
  return counts.includes(integers.length) ? integers : undefined;
}

/** Reads tag and length at `at`. Lengths are definite, as short as possible, and end within `end`. */
function readElement(bytes: Uint8Array, at: number, end: number, tag: number): Content | undefined {
  if (end - at < 2 || bytes[at] !== tag) return undefined;
  const first = bytes[at + 1] ?? 0;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    // 0 is the indefinite length. More than three octets are longer than any key.
    if (octets === 0 || octets > 3 || end - start < octets) return undefined;
    length = 0;
    for (const stop = start + octets; start < stop; start++) length = length * 256 + (bytes[start] ?? 0);
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) return undefined;
  }
  return end - start < length ? undefined : { start, end: start + length };
}

function withoutZeros(bytes: Uint8Array, { start, end }: Content): Uint8Array {
  let first = start;
  while (first < end && bytes[first] === 0) first++;
  return bytes.slice(first, end);
}
