import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MakeDriver, SelectionError } from '../../lab/index.ts';

function isMakeDriver(value: unknown): value is MakeDriver {
  return typeof value === 'function';
}

/**
 * Loads a driver of the user's own.
 * @param path a module whose default export is a function that makes a driver: see MakeDriver
 * @throws SelectionError if there is no such file, it cannot be loaded, or it exports no function
 */
export async function loadDriverFile(path: string): Promise<MakeDriver> {
  if (!existsSync(path)) throw new SelectionError(`--driver-file is ${path}: there is no such file.`);
  let module: unknown;
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new SelectionError(`--driver-file is ${path}, which cannot be loaded: ${String(error)}`);
  }
  const made = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (isMakeDriver(made)) return made;
  throw new SelectionError(
    `--driver-file is ${path}: export a function by default that takes { transport, ram, allocator, options, clock } and returns a driver.`,
  );
}
