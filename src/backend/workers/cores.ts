/** More workers than that have to be asked for. */
const DEFAULT_MAX = 4;

/** One worker a core. */
export function defaultWorkers(): number {
  const os = globalThis.process?.getBuiltinModule?.('node:os');
  const cores = os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.min(cores, DEFAULT_MAX));
}
