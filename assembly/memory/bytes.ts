/** Overwrites memory that held keys or another request's bytes. */
@inline
export function wipe(pointer: usize, bytes: usize): void {
  memory.fill(pointer, 0, bytes);
}
