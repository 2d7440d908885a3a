// Kernels that leak on purpose: a test that does not see them says nothing of the others.
import asc from 'assemblyscript/asc';

/** AssemblyScript: the comparison that stops at the first difference, and a cipher's look-ups in a table. */
const SOURCE = `
export function compare(a: usize, b: usize, bytes: u32): bool {
  for (let i: u32 = 0; i < bytes; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}

export function lookUp(table: usize, source: usize, bytes: u32): u32 {
  let state: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) state = load<u32>(table + ((((state ^ load<u8>(source + i)) & 0xff) as usize) << 12)) ^ i;
  return state;
}
`;

const PAGES = 128;
const TABLE = 0;
const TABLE_BYTES = 1 << 20;
const INPUT = TABLE_BYTES;
const WANTED = INPUT + 4096;
const POOL = WANTED + 4096;
const COMPARED = 16;
const LOOKED_UP = 512;

/** @returns {Promise<import('./trials.mjs').TrialOf[]>} */
export async function controlTrials() {
  let binary;
  const { error, stderr } = await asc.main(
    ['control.ts', '--outFile', 'control.wasm', '--importMemory', '--noExportMemory', '--runtime', 'stub', '-O3'],
    {
      readFile: (name) => (name.endsWith('control.ts') ? SOURCE : null),
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`The controls do not compile: ${stderr}`, { cause: error });
  const instantiate = () => {
    const memory = new WebAssembly.Memory({ initial: PAGES });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } });
    return { exports, place: { memory: new Uint8Array(memory.buffer), pool: POOL, input: INPUT } };
  };
  return [
    {
      algorithm: 'control-compare',
      what: 'a comparison that stops at the first of 16 bytes that differs: equal or random',
      make: () => {
        const { exports, place } = instantiate();
        return { ...place, bytes: COMPARED, run: () => exports.compare(INPUT, WANTED, COMPARED) };
      },
    },
    {
      algorithm: 'control-table',
      what: 'look-ups in a table of 1 MiB that the data chooses: fixed or random data',
      make: () => {
        const { exports, place } = instantiate();
        return { ...place, bytes: LOOKED_UP, run: () => exports.lookUp(TABLE, INPUT, LOOKED_UP) };
      },
    },
  ];
}
