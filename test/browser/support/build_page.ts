import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setup as bootGuest } from '../../support/boot_guest.ts';

const run = promisify(execFile);
const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

/**
 * Builds what `npm run web:image` and `npm run web:build` build; the library has been built by `npm test`. The page is built in a process of
 * its own: in that of the tests, whose NODE_ENV is "test", it would not be the page that visitors get.
 */
export async function setup(): Promise<void> {
  await bootGuest();
  const vite = path('node_modules/vite/bin/vite.js');
  const env = { ...process.env, NODE_ENV: 'production' };
  await run(process.execPath, [vite, 'build', '--config', path('web/vite.config.ts')], { env });
}
