// The types of WebAssembly in this library's declarations. TypeScript knows the namespace WebAssembly by the DOM's library alone, which
// a program for Node.js need not have: where it is there, these are its types, and elsewhere what this library uses of them.

type Global<Name extends string, Otherwise> = typeof globalThis extends {
  WebAssembly: { [name in Name]: { prototype: infer Known } };
}
  ? Known
  : Otherwise;

/** A WebAssembly.Memory. */
export type WasmMemory = Global<
  'Memory',
  {
    /** Its bytes: a SharedArrayBuffer where threads share the memory. */
    readonly buffer: ArrayBuffer;
    /** Grows it by pages of 64 KiB, and answers how many it had. */
    grow(pages: number): number;
  }
>;

/** A WebAssembly.Module. */
export type WasmModule = Global<'Module', object>;

/** Functions that a module imports. Numbers of 32 bits arrive as signed ones. */
export type WasmFunctions = Record<string, (...numbers: number[]) => unknown>;
