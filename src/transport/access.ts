/** Width of a register access, in bytes. */
export type AccessSize = 1 | 2 | 4;

/** What a read gives where no device answers. */
export function allOnes(size: AccessSize): number {
  return 2 ** (8 * size) - 1;
}
