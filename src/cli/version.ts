import { readFileSync } from 'node:fs';

/** The package's version. The path holds in the built package, where this file is dist/src/cli/version.js. */
export const VERSION: string = readVersion(new URL('../../../package.json', import.meta.url));

function readVersion(url: URL): string {
  const manifest: unknown = JSON.parse(readFileSync(url, 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  return 'unknown';
}
