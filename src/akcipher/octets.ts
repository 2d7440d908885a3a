// Comparisons of strings of bytes in a time that depends on their lengths alone.

/** Whether two strings of bytes are equal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let differ = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) differ |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return differ === 0;
}

/** Whether a < b, for numbers in big-endian bytes without leading zeros, or of one length. */
export function isLess(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return a.length < b.length;
  let borrow = 0;
  for (let at = a.length - 1; at >= 0; at--) borrow = ((a[at] ?? 0) - (b[at] ?? 0) + borrow) >> 8;
  return borrow < 0;
}
