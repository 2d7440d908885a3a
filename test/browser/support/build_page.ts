import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'vite';

const run = promisify(execFile);
const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

/** Builds what `npm run web:image` and `npm run web:build` build; the library has been built by `npm test`. */
export async function setup(): Promise<void> {
  await run(process.execPath, [path('scripts/web-guest.mjs'), '--booted']);
  await build({ configFile: path('web/vite.config.ts'), logLevel: 'error' });
}
