import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackDeb } from './deb.ts';
import { GuestBuildError, OWN_GUEST_REMEDY } from './errors.ts';
import { outsideCause, whileDiskHasRoom } from './outside_cause.ts';
import type { PackageRequest, PackageSource, ResolvedPackage } from './packages.ts';
import { lastLines, missingPrograms, type ProcessResult, runProcess } from './process.ts';

const PROGRAMS = ['apt-get', 'apt-cache', 'dpkg-deb', 'tar'];
const GUEST_ARCHITECTURE = 'i386';

/** Dependencies alone: what a package merely suggests, or gets along badly with, is not part of a guest. */
export const DEPENDENCIES_ONLY = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
  (relation) => `--no-${relation}`,
);

/** The folders, below that of a view, that apt does not make itself. */
export const APT_FOLDERS = ['state/lists/partial', 'cache/archives/partial', 'log'] as const;

/**
 * apt's configuration for a private view of the system's own package sources and keys, for one architecture. All that apt writes goes to
 * `folder`. The hooks that run after an update are the system's (they refresh its software catalogue): not ours to run.
 */
export function aptConfiguration(folder: string, architecture: string): string {
  const state = join(folder, 'state');
  return [
    '#clear APT::Architectures;',
    '#clear APT::Update;',
    '#clear DPkg;',
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { "${architecture}"; };`,
    'APT::Install-Recommends "false";',
    // Without root there is no other user to download as; with root, that user could not write to our folder.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User "root";'] : []),
    'Acquire::Languages "none";',
    `Dir::State "${state}";`,
    `Dir::State::Lists "${join(state, 'lists')}";`,
    `Dir::State::status "/dev/null";`,
    `Dir::Cache "${join(folder, 'cache')}";`,
    `Dir::Log "${join(folder, 'log')}";`,
    'Debug::NoLocking "true";',
    '',
  ].join('\n');
}

/** `dlstatus:<item>:<percent>:<text>`, which apt writes to the descriptor that APT::Status-Fd names. */
export function parseStatusPercent(line: string): number | undefined {
  const match = /^dlstatus:\d+:([\d.]+):/.exec(line);
  return match?.[1] === undefined ? undefined : Math.min(100, Number(match[1]));
}

/** `'<uri>' <file> <bytes> <algorithm>:<hash>` of `apt-get download --print-uris`; the file is `name_version_arch.deb`. */
export function parsePrintedUris(text: string): ResolvedPackage[] {
  return [...text.matchAll(/^'[^']*' (([^_\s]+)_([^_\s]+)_[^_\s]+\.deb) (\d+)/gm)].map(
    ([, file = '', name = '', version = '', bytes = '0']) => ({
      name,
      version: decodeURIComponent(version),
      file,
      bytes: Number(bytes),
    }),
  );
}

/** The names at the left margin of `apt-cache depends --recurse`: the roots and all that they need. */
export function parseDependencyNames(text: string): string[] {
  const names = text.split('\n').filter((line) => /^[a-z0-9][a-z0-9.+-]*(:\w+)?$/.test(line));
  return [...new Set(names.map((name) => name.replace(/:.*$/, '')))];
}

export class AptPackageSource implements PackageSource {
  readonly #folder: string;
  readonly #architecture: string;
  readonly #signal: AbortSignal | undefined;
  readonly #warn: (message: string) => void;
  #indexComplaint = '';
  #indexCause: GuestBuildError | undefined;

  private constructor(
    folder: string,
    warn: (message: string) => void,
    signal: AbortSignal | undefined,
    architecture: string,
  ) {
    this.#folder = folder;
    this.#architecture = architecture;
    this.#warn = warn;
    this.#signal = signal;
  }

  /** `folder` holds apt's state for the time of one build. The packages are of `architecture`, or of no architecture. */
  static async open(
    folder: string,
    warn: (message: string) => void,
    signal: AbortSignal | undefined,
    architecture = GUEST_ARCHITECTURE,
  ): Promise<AptPackageSource> {
    const missing = await missingPrograms(PROGRAMS);
    if (missing.length > 0) {
      throw new GuestBuildError(
        'tools-missing',
        `The guest is built from Debian's packages, and this system has no ${missing.join(', ')}.\n` +
          `Build it on Debian 12 (or in a container of it), and copy the cache folder here.\n${OWN_GUEST_REMEDY}`,
        missing,
      );
    }
    for (const path of APT_FOLDERS) await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, 'apt.conf'), aptConfiguration(folder, architecture));
    return new AptPackageSource(folder, warn, signal, architecture);
  }

  async update(onPercent: (percent: number) => void): Promise<void> {
    const { status, stderr } = await this.#apt('apt-get', ['update'], { onPercent });
    // Without a network apt warns, and ends with status 0.
    this.#indexCause = outsideCause(stderr);
    if (this.#indexCause?.reason === 'disk-full') throw this.#indexCause;
    if (status === 0) return;
    // One repository of many may be out of step with its mirror, or may not serve i386 at all. Whether that matters
    // shows when the packages are looked up.
    const errors = stderr.split('\n').filter((line) => line.startsWith('E: '));
    this.#indexComplaint = errors[0]?.slice('E: '.length) ?? lastLines(stderr);
    this.#warn(`apt-get update could not refresh every index: ${this.#indexComplaint}`);
  }

  async resolve(request: PackageRequest): Promise<ResolvedPackage[]> {
    const kernel = await this.#kernelPackage(request.kernelMetaPackage);
    const names = await this.#closure(request.packages);
    return this.#locate([kernel, ...[...new Set([...names, ...request.barePackages])].sort()]);
  }

  /** Names packages with all that they depend on, but for what `without` matches. */
  async resolvePackages(packages: readonly string[], without: RegExp): Promise<ResolvedPackage[]> {
    const names = await this.#closure(packages);
    return this.#locate(names.filter((name) => !without.test(name)));
  }

  async #closure(packages: readonly string[]): Promise<string[]> {
    const closure = await this.#apt('apt-cache', ['depends', '--recurse', ...DEPENDENCIES_ONLY, ...packages]);
    if (closure.status !== 0) throw this.#unresolved(packages, closure.stderr);
    return parseDependencyNames(closure.stdout);
  }

  async #locate(wanted: readonly string[]): Promise<ResolvedPackage[]> {
    const printed = await this.#apt('apt-get', ['download', '--print-uris', ...wanted]);
    const found = new Map(parsePrintedUris(printed.stdout).map((entry) => [entry.name, entry]));
    const resolved = wanted.flatMap((name) => found.get(name) ?? []);
    if (resolved.length < wanted.length) {
      throw this.#unresolved(
        wanted.filter((name) => !found.has(name)),
        printed.stderr,
      );
    }
    return resolved;
  }

  async download(
    packages: readonly ResolvedPackage[],
    folder: string,
    onPercent: (percent: number) => void,
  ): Promise<void> {
    const exact = packages.map(({ name, version }) => `${name}=${version}`);
    const { status, stderr } = await this.#apt('apt-get', ['download', ...exact], { onPercent, cwd: folder });
    if (status === 0) return;
    throw (
      outsideCause(stderr) ??
      new GuestBuildError(
        'download-failed',
        `apt-get could not download the guest's packages: ${lastLines(stderr)}\nCheck the network, and try again.`,
      )
    );
  }

  unpack(archive: string, root: string, patterns: readonly string[] = []): Promise<void> {
    return unpackDeb(archive, root, patterns, this.#signal);
  }

  async #kernelPackage(metaPackage: string): Promise<string> {
    const { stdout, stderr } = await this.#apt('apt-cache', ['depends', ...DEPENDENCIES_ONLY, metaPackage]);
    const name = /^\s+Depends: (linux-image-\S+)$/m.exec(stdout)?.[1];
    if (name === undefined) throw this.#unresolved([metaPackage], stderr);
    return name;
  }

  #unresolved(names: readonly string[], complaint: string): GuestBuildError {
    if (this.#indexCause !== undefined) return this.#indexCause;
    const cause = [lastLines(complaint), this.#indexComplaint].filter((text) => text !== '').join('\n');
    return new GuestBuildError(
      'packages-unresolved',
      `apt finds no ${this.#architecture} package of the name ${names.join(', ')}.${cause === '' ? '' : `\n${cause}`}\n` +
        'The guest needs a package source of Debian 12 ("bookworm", main): the last release with an i386 kernel.\n' +
        OWN_GUEST_REMEDY,
      names,
    );
  }

  #apt(
    program: string,
    args: readonly string[],
    options: { onPercent?: (percent: number) => void; cwd?: string } = {},
  ): Promise<ProcessResult> {
    const { onPercent, cwd = this.#folder } = options;
    const configured = ['-q', '-c', join(this.#folder, 'apt.conf')];
    const shown = onPercent === undefined ? [] : ['-o', 'APT::Status-Fd=3'];
    const onStatusLine = (line: string) => {
      const percent = parseStatusPercent(line);
      if (percent !== undefined) onPercent?.(percent);
    };
    return whileDiskHasRoom(this.#folder, this.#signal, (signal) =>
      runProcess(program, [...configured, ...shown, ...args], {
        ...{ cwd, signal },
        ...(onPercent === undefined ? {} : { onStatusLine }),
      }),
    );
  }
}
