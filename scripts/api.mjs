// Writes docs/api from the docstrings of the public entries: `npm run api`. With --check it writes nothing, and ends with status 1 where
// docs/api is not what it would write.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** TypeDoc reads no TypeScript 7, so that it brings a compiler of its own. */
const PACKAGES = ['typedoc@0.28.20', 'typedoc-plugin-markdown@4.14.1', 'typescript@6.0.3'];
const ENTRIES = [
  'index',
  'v86/attach',
  'driver/index',
  'testing/index',
  'transport/pci/index',
  'transport/mmio/index',
  'engine/foreign/index',
  'vhost-user/index',
  'lab/index',
];
const OPTIONS = {
  name: 'API reference',
  readme: 'none',
  router: 'module',
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  disableSources: true,
  disableGit: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  githubPages: false,
  useCodeBlocks: true,
  // Their texts are one line each: a table shows them at a glance.
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  logLevel: 'Error',
};

const root = fileURLToPath(new URL('../', import.meta.url));
const kept = join(root, 'docs/api');
const made = mkdtempSync(join(tmpdir(), 'api-'));
const packages = join(made, 'packages');
const out = join(made, 'out');
try {
  mkdirSync(packages);
  writeFileSync(join(packages, 'package.json'), '{ "private": true }');
  run('npm', ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', ...PACKAGES], packages);
  const plugin = [join(packages, 'node_modules/typedoc-plugin-markdown/dist/index.js')];
  const options = join(made, 'typedoc.json');
  const entryPoints = ENTRIES.map((entry) => join(root, `src/${entry}.ts`));
  const tsconfig = join(root, 'tsconfig.json');
  writeFileSync(options, JSON.stringify({ ...OPTIONS, plugin, entryPoints, tsconfig, out }));
  run(process.execPath, [join(packages, 'node_modules/typedoc/bin/typedoc'), '--options', options], root);
  const files = contents(out);
  if (!process.argv.includes('--check')) {
    rmSync(kept, { recursive: true, force: true });
    for (const [name, text] of files) {
      mkdirSync(join(kept, name, '..'), { recursive: true });
      writeFileSync(join(kept, name), text);
    }
  } else if (JSON.stringify([...files]) !== JSON.stringify([...contents(kept)])) {
    console.error('docs/api is not what the docstrings say: run npm run api.');
    process.exitCode = 1;
  }
} finally {
  rmSync(made, { recursive: true });
}

/** The files of a folder with their texts, in the order of their names. */
function contents(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile());
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function run(command, args, cwd) {
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, error } = spawnSync(command, args, { cwd, shell, stdio: ['ignore', 'ignore', 'inherit'] });
  if (error || status !== 0) throw error ?? new Error(`${command} ${args[0]} ended with status ${status}.`);
}
