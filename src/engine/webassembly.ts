// The types of WebAssembly in this library's declarations. In TypeScript only the DOM's library declares the namespace WebAssembly, and a
// program for Node.js need not have it. With the DOM's library these are its types. Otherwise they declare the parts that are used here.

type Global<Name extends string, Otherwise> = typeof globalThis extends {
  WebAssembly: { [name in Name]: { prototype: infer Known } };
}
  ? Known
  : Otherwise;

/** WebAssembly.Memory. */
export type WasmMemory = Global<
  'Memory',
  {
    /** Its bytes: a SharedArrayBuffer where threads share the memory. */
    readonly buffer: ArrayBuffer;
    /** Grows the memory by `pages` pages of 64 KiB. Returns the number of pages that it had before. */
    grow(pages: number): number;
  }
>;

/** WebAssembly.Module. */
export type WasmModule = Global<'Module', object>;

/** Functions that a module imports. 32-bit numbers arrive as signed numbers. */
export type WasmFunctions = Record<string, (...numbers: number[]) => unknown>;
