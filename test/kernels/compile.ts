import { main } from 'assemblyscript/asc';
import type { EngineBuild } from '../../src/engine/load.ts';

/** The options of asconfig.json's release target, spelled out so that a kernel is tested as it is shipped. */
const OPTIONS = [
  '--importMemory',
  '--noExportMemory',
  '--runtime',
  'stub',
  '--noAssert',
  '-O3',
  '--enable',
  'simd',
  '--disable',
  'mutable-globals',
];

/**
 * Compiles an AssemblyScript entry of this folder in memory.
 * @param entry path from the repository's root
 * @param build 'relaxed-simd' compiles what asconfig.json's relaxed target does
 */
export async function compileKernels(entry: string, build: EngineBuild = 'simd'): Promise<Uint8Array<ArrayBuffer>> {
  const features = build === 'relaxed-simd' ? ['--enable', 'relaxed-simd'] : [];
  let binary: Uint8Array | undefined;
  const { error, stderr } = await main([entry, '--outFile', 'kernels.wasm', ...OPTIONS, ...features], {
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm') && typeof contents !== 'string') binary = contents;
    },
  });
  if (error !== null || binary === undefined)
    throw new Error(`${entry} does not compile: ${stderr.toString()}`, { cause: error });
  return new Uint8Array(binary);
}

/** The ids of a module's sections in order (WebAssembly core specification, section 5.5). */
export function sectionIds(binary: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < binary.length; ) {
    ids.push(binary[at++] as number);
    let length = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = binary[at++] as number;
      length |= (byte & 0x7f) << shift;
    }
    at += length;
  }
  return ids;
}
