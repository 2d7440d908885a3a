/** Bytes that the process holds after full collections: its heap with what stands outside of it, and all of its memory. */
export function memoryNow(): { heap: number; process: number } {
  // vitest.config.ts starts the processes of tests with --expose-gc.
  if (globalThis.gc === undefined) throw new Error('This process collects no garbage on demand.');
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, process: rss };
}
