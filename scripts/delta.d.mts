/** The delta from which src/engine/delta.ts makes `file` out of `other`. */
export function deltaOf(other: Buffer, file: Buffer): Uint8Array;
