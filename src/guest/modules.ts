import { posix } from 'node:path';
import { readElf } from './elf.ts';
import { GuestBuildError } from './errors.ts';
import type { PackageTree } from './tree.ts';

export interface KernelModule {
  readonly name: string;
  readonly data: Uint8Array;
}

export interface ModuleSet {
  /** Loaded at boot, each after what it depends on. */
  readonly boot: readonly KernelModule[];
  /** Brought along; what they depend on is among `boot`. */
  readonly spare: readonly KernelModule[];
}

/** A module's file may be spelt with dashes; the kernel speaks of it with underscores. */
function moduleName(path: string): string {
  return posix.basename(path, '.ko').replaceAll('-', '_');
}

/** The module's own word on what it depends on. A package's modules.dep is only made when it is installed. */
export function moduleDependencies(data: Uint8Array): string[] {
  const depends = readElf(data)?.modinfo.get('depends') ?? '';
  return depends
    .split(',')
    .filter((name) => name !== '')
    .map(moduleName);
}

/** Collects modules with all that they depend on, in an order in which they can be loaded. */
export async function collectModules(
  tree: PackageTree,
  bootNames: readonly string[],
  spareNames: readonly string[],
): Promise<ModuleSet> {
  const paths = new Map((await tree.list('.ko')).map((path) => [moduleName(path), path]));
  const load = async (name: string): Promise<KernelModule> => {
    const path = paths.get(name);
    if (path === undefined) {
      throw new GuestBuildError('content-missing', `The kernel package holds no module ${name}.`, [name]);
    }
    return { name, data: await tree.read(path) };
  };

  const boot = new Map<string, KernelModule>();
  const visit = async (name: string, below: readonly string[]): Promise<void> => {
    if (boot.has(name) || below.includes(name)) return;
    const module = await load(name);
    for (const dependency of moduleDependencies(module.data)) await visit(dependency, [...below, name]);
    boot.set(name, module);
  };
  for (const name of bootNames) await visit(name, []);

  const spare: KernelModule[] = [];
  for (const name of spareNames) {
    const module = await load(name);
    for (const dependency of moduleDependencies(module.data)) await visit(dependency, spareNames);
    spare.push(module);
  }
  return { boot: [...boot.values()], spare };
}
