import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

/** Bytes that the process holds after full collections: its heap with what stands outside of it, and all of its memory. */
export function memoryNow(): { heap: number; process: number } {
  if (typeof collectGarbage !== 'function') throw new Error('This Node.js collects no garbage on demand.');
  for (let i = 0; i < 3; i++) collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, process: rss };
}
