/** From this many bytes on, making a view is faster than copying byte by byte. */
const VIEWED_FROM = 48;

/** Copies `bytes` bytes of `source` from index `from` on to `destination`, at index `to`. Both have these bytes. */
export function copyBytes(source: Uint8Array, from: number, bytes: number, destination: Uint8Array, to: number): void {
  if (bytes >= VIEWED_FROM) destination.set(source.subarray(from, from + bytes), to);
  else for (let i = 0; i < bytes; i++) destination[to + i] = source[from + i] ?? 0;
}
