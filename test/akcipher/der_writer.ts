/** An INTEGER of an unsigned number, with a zero in front of a set top bit (X.690, section 8.3). */
export function integer(number: Uint8Array): Buffer {
  const content = ((number[0] ?? 0) & 0x80) > 0 ? Buffer.concat([Buffer.alloc(1), number]) : Buffer.from(number);
  return element(0x02, content);
}

/** Any element. */
export function element(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthOf(content), content]);
}

/** A SEQUENCE of elements. */
export function sequence(...elements: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(elements));
}

function lengthOf({ length }: Uint8Array): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff]);
}
