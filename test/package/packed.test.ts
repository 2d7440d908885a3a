// The package as npm packs and installs it: what its users get in Node.js, in four bundlers, and in TypeScript.
import { execFile } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { rollup } from 'rollup';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack from 'webpack';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUNDLE_KIB = 110;
/** The oldest TypeScript that reads the declarations, and the one that wrote them. */
const OLDEST_TYPESCRIPT = '5.7';

/** A user's program: encrypts a block of zeros by the device, and says what came of it. */
const PROGRAM = `
import { createBench } from 'virtio-crypto-wasm/testing';
const bench = await createBench();
const { status, data } = await bench.driver.cipher({
  algorithm: 'aes-cbc', direction: 'encrypt', key: new Uint8Array(16), iv: new Uint8Array(16), data: new Uint8Array(16),
});
console.log(status, Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(''));
`;
const SAYS = `ok ${createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(16)).toString('hex')}\n`;

let folder: string;
let tarball: string;
let installed: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packed-'));
  // The library is built already: npm test does that.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const [file] = await readdir(folder);
  tarball = join(folder, file ?? '');
  await writeFile(
    join(folder, 'package.json'),
    '{ "name": "user", "version": "1.0.0", "type": "module", "private": true }',
  );
  const packages = [tarball, `typescript@${OLDEST_TYPESCRIPT}`, '@types/node@20'];
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages], { cwd: folder });
  installed = join(folder, 'node_modules/virtio-crypto-wasm');
  program = join(folder, 'program.js');
  await writeFile(program, PROGRAM);
  await writeFile(join(folder, 'alone.js'), "export * from 'virtio-crypto-wasm';\n");
});
afterAll(() => rm(folder, { recursive: true }));

/** What a program prints, run by itself. */
async function printed(file: string): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [file]);
  expect(stderr).toBe('');
  return stdout;
}

type Bundler = (entry: string, output: string) => Promise<void>;

const BUNDLERS = {
  esbuild: async (entry, output) => {
    const { warnings } = await esbuild({
      ...{ entryPoints: [entry], outfile: output, bundle: true, minify: true },
      ...{ format: 'esm', target: 'es2022', logLevel: 'silent' },
    });
    expect(warnings).toEqual([]);
  },
  rollup: async (entry, output) => {
    const warnings: string[] = [];
    const bundle = await rollup({
      input: entry,
      plugins: [nodeResolve({ browser: true })],
      onwarn: ({ message }) => warnings.push(message),
    });
    await bundle.write({ file: output, format: 'es', inlineDynamicImports: true });
    expect(warnings).toEqual([]);
  },
  vite: async (entry, output) => {
    await vite({
      ...{ configFile: false, root: folder, logLevel: 'error' },
      build: {
        ...{ outDir: dirname(output), emptyOutDir: false, target: 'es2022' },
        lib: { entry, formats: ['es'], fileName: () => output.slice(dirname(output).length + 1) },
      },
    });
  },
  webpack: async (entry, output) => {
    const stats = await new Promise<webpack.Stats | undefined>((settle, reject) => {
      const options: webpack.Configuration = {
        ...{ context: folder, mode: 'production', entry, target: ['web', 'es2022'] },
        output: {
          path: dirname(output),
          filename: output.slice(dirname(output).length + 1),
          library: { type: 'module' },
        },
        experiments: { outputModule: true },
        performance: { hints: false },
      };
      webpack(options, (error, result) => (error ? reject(error) : settle(result)));
    });
    const { errors, warnings } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  },
} satisfies Record<string, Bundler>;

describe('the packed package', () => {
  test('runs in plain Node.js', async () => {
    expect(await printed(program)).toBe(SAYS);
  });

  test.each(Object.entries(BUNDLERS))('%s bundles it without a warning, and the bundle runs', async (name, bundle) => {
    const output = join(folder, `out-${name}`, 'bundle.js');
    await mkdir(dirname(output));
    await bundle(program, output);
    expect(await printed(output)).toBe(SAYS);
  });

  test(`a bundle of the library alone has at most ${BUNDLE_KIB} KiB gzipped, without what it loads on demand`, async () => {
    const { metafile, outputFiles } = await esbuild({
      ...{ entryPoints: [join(folder, 'alone.js')], outdir: join(folder, 'out-alone'), write: false, metafile: true },
      ...{ bundle: true, splitting: true, minify: true, format: 'esm', target: 'es2022', logLevel: 'silent' },
    });
    const sizes = new Map(outputFiles.map(({ path, contents }) => [path, gzipSync(contents).length]));
    const [entry] = Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint?.endsWith('alone.js'));
    // A page loads the entry with all that it imports, and no more than that.
    const atOnce = new Set([entry?.[0] ?? '']);
    for (const path of atOnce) {
      const imports = metafile.outputs[path]?.imports.filter(({ kind }) => kind === 'import-statement') ?? [];
      for (const imported of imports) atOnce.add(imported.path);
    }
    const bytes = [...atOnce].reduce((sum, path) => sum + (sizes.get(resolve(path)) ?? Number.NaN), 0);
    expect(bytes).toBeGreaterThan(64 * 1024);
    expect(bytes).toBeLessThanOrEqual(BUNDLE_KIB * 1024);
  });

  test('the library alone does not bring koffi; the daemon without it says what to install', async () => {
    const output = join(folder, 'out-without-koffi', 'bundle.js');
    await BUNDLERS.esbuild(join(folder, 'alone.js'), output);
    expect(await readFile(output, 'utf8')).not.toContain('koffi');
    const daemon = join(folder, 'daemon.js');
    await writeFile(
      daemon,
      `import 'virtio-crypto-wasm';
      import { serveVhostUser } from 'virtio-crypto-wasm/vhost-user';
      await serveVhostUser({ socket: 's' }).catch(({ message }) => console.log(message));`,
    );
    const koffi = join(folder, 'node_modules/koffi');
    await rename(koffi, `${koffi}-away`);
    try {
      expect(await printed(daemon)).toMatch(
        /^vhost-user needs the package koffi, .* install it with `npm install koffi@3\.3\.4`/,
      );
    } finally {
      await rename(`${koffi}-away`, koffi);
    }
  });

  test('holds what its documents link to, and no map of sources that are not there', async () => {
    const files = await readdir(installed, { recursive: true });
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
    const documents = files.filter((file) => file.endsWith('.md') && !file.includes('node_modules'));
    expect(documents).toContain('README.md');
    const dead: string[] = [];
    for (const document of documents) {
      const text = await readFile(join(installed, document), 'utf8');
      for (const [, link = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        if (!existsSync(join(installed, dirname(document), link))) dead.push(`${document}: ${link}`);
      }
    }
    expect(dead).toEqual([]);
  });

  test('the examples run from where they are installed', async () => {
    for (const name of ['pci', 'mmio']) {
      expect(await printed(join(installed, 'examples', `${name}.mjs`))).toContain(SAYS.trim().replace(' ', ': '));
    }
  });
});

describe('the declarations', () => {
  const TYPES_WITHOUT_DOM = ['--lib', 'es2022', '--types', 'node'];
  const COMPILERS = [
    ['the TypeScript that wrote them', join(ROOT, 'node_modules/typescript/bin/tsc')],
    [`TypeScript ${OLDEST_TYPESCRIPT}`, 'node_modules/typescript/bin/tsc'],
  ] as const;
  const LIBRARIES = [
    ['without the DOM', TYPES_WITHOUT_DOM],
    ['with it', ['--lib', 'es2022,dom', '--types', 'node']],
  ] as const;
  const cases = COMPILERS.flatMap(([compiler, path]) =>
    LIBRARIES.map(([libraries, flags]) => ({ compiler, path, libraries, flags })),
  );

  test.each(cases)('of every entry are read by $compiler, $libraries', async ({ path, libraries, flags }) => {
    const { exports }: { exports: Record<string, unknown> } = JSON.parse(
      await readFile(join(installed, 'package.json'), 'utf8'),
    );
    const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
    expect(entries).toContain('./v86');
    const source = entries.map((entry, i) => `export * as e${i} from 'virtio-crypto-wasm${entry.slice(1)}';`);
    // What WebAssembly itself makes fits, and what the library makes fits WebAssembly.
    if (libraries === 'with it') {
      source.push(
        "import { createCryptoDevice } from 'virtio-crypto-wasm';",
        "import { createBench } from 'virtio-crypto-wasm/testing';",
        'const memory = new WebAssembly.Memory({ initial: 1 });',
        'export const device = createCryptoDevice({ guest: { memory, regions: [] } });',
        'export const made: Promise<WebAssembly.Memory> = createBench().then(({ memory }) => memory);',
      );
    }
    const file = join(folder, 'types.ts');
    await writeFile(file, source.join('\n'));
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--skipDefaultLibCheck'];
    const { stdout } = await run(process.execPath, [resolve(folder, path), ...options, ...flags, file], {
      cwd: folder,
    }).catch((error: unknown) => {
      if (error instanceof Error && 'stdout' in error) return { stdout: String(error.stdout) };
      throw error;
    });
    expect(stdout).toBe('');
  });

  test('publint finds nothing', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('arethetypeswrong finds nothing, for a package of modules', async () => {
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(tarball))));
    // `require` of a module gives a module in every Node.js that the package is for; old resolution knows no exports.
    const problems = 'problems' in result ? result.problems : [{ kind: 'no types' }];
    const ignored = ['CJSResolvesToESM'];
    const found = problems.filter(
      (problem) =>
        !ignored.includes(problem.kind) && !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
    );
    expect(found).toEqual([]);
  });
});
