/** The largest default. More workers must be asked for. */
const DEFAULT_MAX = 4;

/** The default number of workers: one for each core, at most DEFAULT_MAX. */
export function defaultWorkers(): number {
  const os = globalThis.process?.getBuiltinModule?.('node:os');
  const cores = os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.min(cores, DEFAULT_MAX));
}
