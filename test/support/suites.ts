import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of suites that say what a guest finds, whatever the backend. */
const FOLDERS = ['services', 'driver', 'conformance', 'device', 'transport', 'trace'];

/**
 * The suites in these folders that depend on a helper, directly or by other helpers. A suite that does not reach what reads
 * BACKEND finds the same with every backend, and runs once.
 * @param helpers paths from the project's root, as `test/support/bench.ts`
 */
export function suitesThatReach(...helpers: string[]): string[] {
  const suites = FOLDERS.flatMap((folder) =>
    readdirSync(join('test', folder))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join('test', folder, name)),
  );
  return suites.filter((suite) => reaches(suite, new Set(helpers), new Set()));
}

function reaches(file: string, helpers: ReadonlySet<string>, seen: Set<string>): boolean {
  if (helpers.has(file)) return true;
  if (seen.has(file)) return false;
  seen.add(file);
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+\.ts)'/g)) {
    const imported = join(file, '..', path);
    if (imported.startsWith('test') && reaches(imported, helpers, seen)) return true;
  }
  return false;
}
