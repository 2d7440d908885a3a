// Keys and signatures as ASN.1 in DER (X.690), as far as RSA and ECDSA need it. Lengths are definite, and as short as possible.

export const SEQUENCE = 0x30;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;

/** The tag of a constructed element that the context defines: [number]. */
export const contextTag = (number: number): number => 0xa0 | number;

/** The place of an element's content. */
interface Content {
  start: number;
  end: number;
}

/**
 * Reads a SEQUENCE of `counts` INTEGERs that fills `bytes`. Contents of INTEGERs are read as unsigned numbers, with and without leading
 * zeros, because DPDK's driver leaves out the zero that a set top bit needs.
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
    integers.push(withoutZeros(bytes.subarray(integer.start, integer.end)).slice());
    if (integers.length > Math.max(...counts)) return undefined;
    at = integer.end;
  }
  return counts.includes(integers.length) ? integers : undefined;
}

/**
 * Reads elements that fill `bytes`.
 * @param tags the tags of the elements that have to be there
 * @param optional the tags of those that may follow, in this order
 * @returns the contents in the order of the tags, each a view of `bytes`, and undefined for one that is not there; undefined if the bytes
 * are something else
 */
export function readElements(
  bytes: Uint8Array,
  tags: readonly number[],
  optional: readonly number[] = [],
): [Uint8Array, ...(Uint8Array | undefined)[]] | undefined {
  const contents: (Uint8Array | undefined)[] = [];
  let at = 0;
  for (const [index, tag] of [...tags, ...optional].entries()) {
    const element = readElement(bytes, at, bytes.length, tag);
    if (!element && index < tags.length) return undefined;
    contents.push(element && bytes.subarray(element.start, element.end));
    at = element?.end ?? at;
  }
  const [first, ...rest] = contents;
  return first && at === bytes.length ? [first, ...rest] : undefined;
}

/**
 * Reads Ecdsa-Sig-Value (RFC 3279, section 2.2.3): a SEQUENCE of two positive INTEGERs, each as short as possible.
 * @param bytes the length of each number in the answer
 * @returns both numbers, one after the other; undefined if the signature is something else, or a number is 0 or longer than `bytes`
 */
export function readSignature(signature: Uint8Array, bytes: number): Uint8Array | undefined {
  const outer = readElements(signature, [SEQUENCE]);
  const numbers = outer && readElements(outer[0], [INTEGER, INTEGER]);
  if (!numbers) return undefined;
  const plain = new Uint8Array(2 * bytes);
  for (const [index, number] of numbers.entries()) {
    const [first = 0x80, second = 0] = number ?? [];
    // A set top bit is a negative number, and a zero stands only in front of a set top bit.
    if (!number || (first & 0x80) !== 0 || (first === 0 && (second & 0x80) === 0)) return undefined;
    const content = withoutZeros(number);
    if (content.length > bytes) return undefined;
    plain.set(content, (index + 1) * bytes - content.length);
  }
  return plain;
}

/** Ecdsa-Sig-Value of two positive numbers of one length, one after the other. */
export function writeSignature(plain: Uint8Array): Uint8Array {
  return writeIntegers([plain.subarray(0, plain.length / 2), plain.subarray(plain.length / 2)]);
}

/** A SEQUENCE of INTEGERs, each an unsigned number in big-endian bytes. */
export function writeIntegers(numbers: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const contents = numbers.map((number) => {
    const content = withoutZeros(number);
    // One zero keeps a number with a set top bit positive, and is what 0 is written as.
    return ((content[0] ?? 0x80) & 0x80) === 0 ? content : Uint8Array.of(0, ...content);
  });
  const length = contents.reduce((sum, content) => sum + 1 + lengthOf(content.length).length + content.length, 0);
  const head = [SEQUENCE, ...lengthOf(length)];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const content of contents) {
    const start = [INTEGER, ...lengthOf(content.length)];
    bytes.set(start, at);
    bytes.set(content, at + start.length);
    at += start.length + content.length;
  }
  return bytes;
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
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

/** A view of a number without its leading zeros. */
function withoutZeros(number: Uint8Array): Uint8Array {
  let first = 0;
  while (first < number.length && number[first] === 0) first++;
  return number.subarray(first);
}
