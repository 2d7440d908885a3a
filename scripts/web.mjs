// Puts the guest's files in place, and then serves or builds the page: `node scripts/web.mjs [build] [--tls]`, after `npm run build`.
// --tls is for scripts/web-guest.mjs. All other arguments are Vite's.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [path(script), ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const args = process.argv.slice(2);
run('scripts/web-guest.mjs', ...args.filter((argument) => argument === '--tls'));
run(
  'node_modules/vite/bin/vite.js',
  ...args.filter((argument) => argument !== '--tls'),
  '--config',
  path('web/vite.config.ts'),
);
