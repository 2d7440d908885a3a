import { readFileSync } from 'node:fs';
// The compiled engine owns no static data: one binary serves any number of devices in memories that belong to others.
import { describe, expect, test } from 'vitest';
import { ENGINE_EXPORTS } from '../../src/engine/exports.ts';
import { foreignBytes, foreignModule } from '../../src/engine/foreign/build.ts';
import { engineBuild, engineBytes, engineModule, instantiateEngine } from '../../src/engine/load.ts';
import { sharedBuild } from '../../src/engine/shared_build.ts';

const SECTIONS = [
  'custom',
  'type',
  'import',
  'function',
  'table',
  'memory',
  'global',
  'export',
  'start',
  'element',
  'code',
  'data',
  'data count',
];

/** The sections of a WebAssembly module by name, with their lengths (WebAssembly core specification 5.5.2). */
function sections(module: Uint8Array): Map<string, number> {
  const found = new Map<string, number>();
  let at = 8;
  const leb128 = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < module.length) {
    const id = module[at++] ?? -1;
    const bytes = leb128();
    found.set(SECTIONS[id] ?? `unknown ${id}`, bytes);
    at += bytes;
  }
  expect(at).toBe(module.length);
  return found;
}

describe.each(['simd', 'relaxed-simd'] as const)('the compiled engine, built for %s', (build) => {
  const found = sections(engineBytes(build));

  test.each(['data', 'data count', 'start', 'element', 'table', 'global', 'memory'])('has no %s section', (name) => {
    expect([...found.keys()]).not.toContain(name);
  });

  test('is what the compiler made', () => {
    const file = build === 'simd' ? 'engine' : 'engine_relaxed';
    const compiled = readFileSync(new URL(`../../build/${file}.wasm`, import.meta.url));
    expect(compiled.equals(engineBytes(build))).toBe(true);
  });

  test('has code', () => {
    expect(found.get('code')).toBeGreaterThan(4096);
  });

  test('imports a memory, reports of writes and of refusals, and what its host may do for it, and nothing else', () => {
    const imports = WebAssembly.Module.imports(engineModule(build)).sort((a, b) =>
      `${a.module}.${a.name}`.localeCompare(`${b.module}.${b.name}`),
    );
    expect(imports).toEqual([
      { module: 'admin', name: 'run', kind: 'function' },
      ...['aead', 'cipher', 'claim', 'closed', 'digest', 'keep', 'place', 'post', 'release', 'waits'].map((name) => ({
        module: 'backend',
        name,
        kind: 'function',
      })),
      { module: 'env', name: 'memory', kind: 'memory' },
      { module: 'guest', name: 'written', kind: 'function' },
      { module: 'refusals', name: 'refused', kind: 'function' },
    ]);
  });

  test('exports the functions that src/engine names, and nothing else', () => {
    const exported = WebAssembly.Module.exports(engineModule(build));
    expect(exported.map(({ kind }) => kind)).toEqual(exported.map(() => 'function'));
    expect(exported.map(({ name }) => name).sort()).toEqual([...ENGINE_EXPORTS].sort());
  });

  test('is no larger than 400 KiB', () => {
    expect(engineBytes(build).length).toBeLessThanOrEqual(400 * 1024);
  });

  test('takes a memory of any size, with or without a maximum', () => {
    for (const limits of [{ initial: 1 }, { initial: 1, maximum: 1 }, { initial: 300, maximum: 65536 }]) {
      const memory = new WebAssembly.Memory(limits);
      expect(() => instantiateEngine(memory, {}, engineModule(build))).not.toThrow();
    }
  });

  test('takes a memory that threads share, once its import says so', () => {
    const shared = new WebAssembly.Module(sharedBuild(engineBytes(build)));
    const maximum = 65536;
    for (const initial of [1, 300]) {
      const memory = new WebAssembly.Memory({ initial, maximum, shared: true });
      expect(Object.keys(instantiateEngine(memory, {}, shared)).sort()).toEqual([...ENGINE_EXPORTS].sort());
      expect(() => instantiateEngine(memory, {}, engineModule(build))).toThrow(WebAssembly.LinkError);
    }
    const codes = [engineBytes(build), sharedBuild(engineBytes(build))].map((bytes) => sections(bytes));
    expect(codes[1]?.get('code')).toBe(codes[0]?.get('code'));
  });
});

describe('what is no build of the engine', () => {
  test.each([
    ['ends before its imports', [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]],
    ['imports no memory', [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 1, 0]],
  ])('is refused where it %s', (_, bytes) => {
    expect(() => sharedBuild(Uint8Array.from(bytes))).toThrow(TypeError);
  });
});

describe('the choice between the builds', () => {
  test('falls on the one with relaxed SIMD where that is understood, and on the other elsewhere', () => {
    const { validate } = WebAssembly;
    try {
      WebAssembly.validate = () => false;
      expect(engineBuild()).toBe('simd');
      WebAssembly.validate = () => true;
      expect(engineBuild()).toBe('relaxed-simd');
    } finally {
      WebAssembly.validate = validate;
    }
    expect(engineBuild()).toBe('relaxed-simd');
  });

  test('is the one that a caller names', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    for (const build of ['simd', 'relaxed-simd'] as const) {
      expect(Object.keys(instantiateEngine(memory, {}, engineModule(build))).sort()).toEqual(
        [...ENGINE_EXPORTS].sort(),
      );
      expect(engineModule(build)).toBe(engineModule(build));
    }
    expect(engineModule('simd')).not.toBe(engineModule('relaxed-simd'));
  });
});

describe.each(['simd', 'relaxed-simd'] as const)('the %s build for foreign memory', (build) => {
  test('is what the compiler made', () => {
    const file = build === 'simd' ? 'engine_foreign' : 'engine_foreign_relaxed';
    const compiled = readFileSync(new URL(`../../build/${file}.wasm`, import.meta.url));
    expect(compiled.equals(foreignBytes(build))).toBe(true);
  });

  test('imports accesses to guest memory beside what the others import, and exports the same', () => {
    const names = (module: WebAssembly.Module) =>
      WebAssembly.Module.imports(module).map((imported) => `${imported.module}.${imported.name}`);
    const own = ['guest.load16', 'guest.read', 'guest.store', 'guest.write'];
    expect(names(foreignModule(build)).sort()).toEqual([...names(engineModule(build)), ...own].sort());
    const exported = WebAssembly.Module.exports(foreignModule(build));
    expect(exported.map(({ name }) => name).sort()).toEqual([...ENGINE_EXPORTS].sort());
  });
});
