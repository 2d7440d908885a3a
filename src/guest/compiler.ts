import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AptPackageSource } from './apt.ts';
import { GuestBuildError } from './errors.ts';
import { lastLines, runProcess } from './process.ts';

/** Debian's cross compiler for i386, with the C library's headers. */
const PACKAGES = ['gcc-i686-linux-gnu', 'libc6-dev-i386-cross'];
/** What it depends on, and the system has: its own C library, under whose loader it runs. And libraries that C does not need. */
const NOT_NEEDED =
  /^(libc6|libcrypt1|libgcc-s1|gcc-\d+-base|lib(asan|gomp|itm|atomic|ubsan|quadmath|tsan)\d*(-i386-cross)?)$/;
/** Debian's names of the architectures that Node names. */
const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'amd64', arm64: 'arm64' };

/** Compiles for the guest: `folder` is where paths of `args` begin. */
export type Compiler = (folder: string, args: readonly string[]) => Promise<void>;

/** What the build of a guest needs to bring in a compiler. */
export type OpenCompiler = (
  folder: string,
  warn: (message: string) => void,
  signal: AbortSignal | undefined,
) => Promise<Compiler>;

/**
 * Unpacks Debian's cross compiler into `folder`, as an ordinary user. Nothing of the system is changed.
 * @throws GuestBuildError 'compiler-missing' if this system or its package sources have none
 */
export const openDebianCompiler: OpenCompiler = async (folder, warn, signal) => {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw compilerMissing(`Debian has no such compiler for ${process.arch}`);
  const source = await AptPackageSource.open(folder, warn, signal, architecture);
  await source.update(() => {});
  const packages = await source.resolvePackages(PACKAGES, NOT_NEEDED).catch((error: unknown) => {
    if (error instanceof GuestBuildError && error.reason === 'packages-unresolved')
      throw compilerMissing(error.message);
    throw error;
  });
  const [archives, root] = [join(folder, 'archives'), join(folder, 'root')];
  await Promise.all([mkdir(archives), mkdir(root)]);
  await source.download(packages, archives, () => {});
  for (const { file } of packages) await source.unpack(join(archives, file), root);
  return compilerIn(root, signal);
};

async function compilerIn(root: string, signal: AbortSignal | undefined): Promise<Compiler> {
  const programs = join(root, 'usr/bin');
  const name = (await readdir(programs)).find((program) => /^i686-linux-gnu-gcc-\d+$/.test(program));
  if (name === undefined) throw compilerMissing("Debian's package holds no i686-linux-gnu-gcc");
  const libraries = (await readdir(join(root, 'usr/lib'))).filter((folder) => folder.endsWith('-linux-gnu'));
  const { PATH = '' } = process.env;
  const variables = [
    `LD_LIBRARY_PATH=${libraries.flatMap((folder) => [join(root, 'usr/lib', folder), join(root, 'lib', folder)]).join(':')}`,
    `PATH=${programs}:${PATH}`,
  ];
  return async (folder, args) => {
    const command = [...variables, join(programs, name), `--sysroot=${root}`, ...args];
    const { status, stderr } = await runProcess('env', command, { cwd: folder, signal });
    if (status !== 0) {
      throw new GuestBuildError('compile-failed', `The guest's programs do not compile: ${lastLines(stderr)}`);
    }
  };
}

function compilerMissing(cause: string): GuestBuildError {
  return new GuestBuildError(
    'compiler-missing',
    `${cause}.\nThe guest's OpenSSL provider is compiled by Debian's cross compiler (${PACKAGES.join(', ')}). ` +
      'Without it, build a guest without OpenSSL: --no-tls, or the option tls: false.',
    PACKAGES,
  );
}
