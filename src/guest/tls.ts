import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Compiler } from './compiler.ts';
import { GUEST_RECIPE, type Recipe } from './recipe.ts';
import { wireHeader } from './wire_header.ts';

/** Where OpenSSL's command line finds the provider, and the configuration that names it. */
export const PROVIDER = '/lib/virtio-crypto.so';
export const OPENSSL_CONFIGURATION = '/usr/lib/ssl/openssl.cnf';

/** Every algorithm comes from the device's provider if that has it, else from OpenSSL's own. */
const CONFIGURATION = `openssl_conf = openssl_init

[openssl_init]
providers = provider_section
alg_section = algorithm_section

[algorithm_section]
default_properties = ?provider=virtio-crypto

[provider_section]
default = default_section
virtio-crypto = virtio_crypto_section

[default_section]
activate = 1

[virtio_crypto_section]
module = ${PROVIDER}
activate = 1
`;

const DRIVER = ['board', 'device', 'port', 'queue', 'requests'].map((name) => `driver/${name}.c`);
const PROVIDER_PARTS = ['aead', 'block', 'digest', 'mac', 'original', 'provider', 'thresholds'].map(
  (name) => `openssl/${name}.c`,
);
const CHECK_PARTS = ['check', 'check_aead', 'check_fork', 'check_speed', 'check_stream', 'check_vectors'].map(
  (name) => `openssl/${name}.c`,
);
const HEADERS = [
  ...['board', 'device', 'port', 'vcrypto'].map((name) => `driver/${name}.h`),
  ...['aead', 'block', 'check', 'digest', 'held', 'mac', 'original', 'thresholds'].map((name) => `openssl/${name}.h`),
];

/** The least that v86's processor has, and no instruction of a later one. */
const COMMON = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', '-march=pentium4', '-s', '-Idriver'];
const SHARED = ['-fPIC', '-shared', '-fvisibility=hidden'];

/** A file of the guest: compiled from these sources. */
interface Output {
  readonly path: string;
  readonly sources: readonly string[];
  readonly options: readonly string[];
  /** Whether it calls OpenSSL. */
  readonly openssl: boolean;
}

const OUTPUTS: readonly Output[] = [
  { path: PROVIDER, sources: [...PROVIDER_PARTS, ...DRIVER], options: SHARED, openssl: true },
  { path: '/bin/vcrypto-selftest', sources: ['driver/selftest.c', ...DRIVER], options: [], openssl: false },
  { path: '/bin/evp-check', sources: CHECK_PARTS, options: [], openssl: true },
];

/** The C sources of the guest, in this package. */
const SOURCES = join(dirname(createRequire(import.meta.url).resolve('virtio-crypto-wasm/package.json')), 'guest');

/** The recipe of a guest with OpenSSL, whose provider uses the device. Its hash covers the sources of what is compiled. */
export async function tlsRecipe(): Promise<Recipe> {
  const files = [...new Set([...OUTPUTS.flatMap(({ sources }) => sources), ...HEADERS])].sort();
  const hash = createHash('sha256').update(JSON.stringify([wireHeader(), OUTPUTS, COMMON]));
  for (const file of files) hash.update(file).update(await readFile(join(SOURCES, file)));
  return {
    ...GUEST_RECIPE,
    packages: [...GUEST_RECIPE.packages, 'libssl3'],
    barePackages: [...GUEST_RECIPE.barePackages, 'openssl', 'libssl-dev'],
    programs: [...GUEST_RECIPE.programs, '/usr/bin/openssl'],
    scripts: { ...GUEST_RECIPE.scripts, [OPENSSL_CONFIGURATION]: CONFIGURATION },
    compiled: hash.digest('hex'),
  };
}

/**
 * Compiles what the guest needs besides Debian's packages.
 * @param root the unpacked packages, which have OpenSSL's headers and library
 * @param folder where it is compiled
 * @returns the compiled files, by their paths in the guest
 */
export async function compileTls(compiler: Compiler, root: string, folder: string): Promise<Map<string, Uint8Array>> {
  await cp(SOURCES, folder, { recursive: true });
  await mkdir(join(folder, 'out'));
  await writeFile(join(folder, 'driver/wire.h'), wireHeader());
  const include = ['usr/include', 'usr/include/i386-linux-gnu'].flatMap((path) => ['-isystem', join(root, path)]);
  const library = join(root, 'usr/lib/i386-linux-gnu/libcrypto.so.3');
  const files = new Map<string, Uint8Array>();
  for (const [index, { path, sources, options, openssl }] of OUTPUTS.entries()) {
    const out = `out/${index}`;
    const using = openssl ? { headers: include, libraries: [library] } : { headers: [], libraries: [] };
    await compiler(folder, [...COMMON, ...options, ...using.headers, '-o', out, ...sources, ...using.libraries]);
    files.set(path, await readFile(join(folder, out)));
  }
  return files;
}
