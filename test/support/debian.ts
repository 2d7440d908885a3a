// Unpacks programs from Debian's packages, of any suite, into a cache beside the guests. It needs no root, and the system's own packages
// stay as they are. A program of another suite runs by its own loader, with its own libraries.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  APT_FOLDERS,
  aptConfiguration,
  DEPENDENCIES_ONLY,
  parseDependencyNames,
  parsePrintedUris,
} from '../../src/guest/apt.ts';
import { defaultCacheDir } from '../../src/guest/cache.ts';
import { lastLines, runProcess } from '../../src/guest/process.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
export interface DebianPackages {
  /** A suite of Debian's archive, for example bookworm. */
  suite: string;
  /** Unpacked with all that they depend on. */
  packages: readonly string[];
  /** Unpacked alone. A name that ends in a dash stands for the package of this name that the package before the colon depends on. */
  bare?: readonly string[];
  /** Packages that are not needed, although others depend on them. */
  without?: RegExp;
  /** Debian's name of the architecture. Default amd64. */
  architecture?: 'amd64' | 'i386';
}

/** Returns a folder with the unpacked packages: from the cache, or from Debian. */
export async function unpackedPackages(wanted: DebianPackages): Promise<string> {
  const { suite, packages, bare = [], without, architecture = 'amd64' } = wanted;
  const key = createHash('sha256')
    .update(
      JSON.stringify([suite, packages, bare, String(without), ...(architecture === 'amd64' ? [] : [architecture])]),
    )
    .digest('hex');
  const cache = join(dirname(defaultCacheDir()), 'packages');
  const folder = join(cache, `${suite}-${key.slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const work = join(cache, `.build-${process.pid}-${key.slice(0, 8)}`);
  try {
    const apt = await openApt(work, suite, architecture);
    const closure =
      packages.length === 0 ? '' : await apt('apt-cache', 'depends', '--recurse', ...DEPENDENCIES_ONLY, ...packages);
    const resolved = await Promise.all(bare.map((name) => resolveBare(apt, name)));
    const names = new Set([...parseDependencyNames(closure).filter((name) => !without?.test(name)), ...resolved]);
    const found = parsePrintedUris(await apt('apt-get', 'download', '--print-uris', ...names));
    await apt('apt-get', 'download', ...found.map(({ name, version }) => `${name}=${version}`));
    const root = join(work, 'root');
    await mkdir(root);
    for (const file of (await readdir(work)).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg-deb', ['--extract', join(work, file), root], work);
    }
    await rename(root, folder);
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

type Apt = (program: string, ...args: string[]) => Promise<string>;

/** apt with a state of its own, for one suite and one architecture. */
async function openApt(folder: string, suite: string, architecture: string): Promise<Apt> {
  for (const path of APT_FOLDERS) await mkdir(join(folder, path), { recursive: true });
  const sources = join(folder, 'sources.list');
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${await archiveOfSystem(folder)} ${suite} main\n`);
  const configuration = join(folder, 'apt.conf');
  const lines = [
    aptConfiguration(folder, architecture),
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";',
    `Dir::Etc::sourcelist "${sources}";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    '',
  ];
  await writeFile(configuration, lines.join('\n'));
  const apt: Apt = (program, ...args) => run(program, ['-q', '-c', configuration, ...args], folder);
  await apt('apt-get', 'update');
  return apt;
}

/** The address of Debian's archive that the system's own sources name. It has the other suites, too. */
async function archiveOfSystem(folder: string): Promise<string> {
  const printed = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], folder);
  const archive = printed.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (archive === undefined) throw new Error("The system's package sources name no archive of Debian: add one.");
  return archive;
}

/** The package itself; or of `meta:prefix-`, the one with that prefix on which the meta package depends, and so on. */
async function resolveBare(apt: Apt, name: string): Promise<string> {
  const [first = '', ...prefixes] = name.split(':');
  let resolved = first;
  for (const prefix of prefixes) {
    const depends = await apt('apt-cache', 'depends', ...DEPENDENCIES_ONLY, resolved);
    const found = [...depends.matchAll(/^\s+Depends: (\S+)$/gm)].map(([, dependency = '']) => dependency);
    const chosen = found.find((dependency) => dependency.startsWith(prefix));
    if (chosen === undefined) throw new Error(`${resolved} depends on no package ${prefix}...: ${found.join(', ')}`);
    resolved = chosen;
  }
  return resolved;
}

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { status, stdout, stderr } = await runProcess(program, args, { cwd });
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.at(-1)} ended with status ${status}: ${lastLines(stderr)}`);
}
