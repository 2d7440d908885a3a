/** The few facts that the builder needs from i386 ELF files (System V ABI, Intel386 supplement; ELF-32, little-endian). */
export interface ElfFacts {
  /** The program interpreter, such as /lib/ld-linux.so.2. */
  readonly interpreter: string | undefined;
  /** Sonames of the shared libraries. */
  readonly needed: readonly string[];
  /** `key=value` pairs of a kernel module's .modinfo section. */
  readonly modinfo: ReadonlyMap<string, string>;
}

const SHT_DYNAMIC = 6;
const PT_INTERP = 3;
const DT_NEEDED = 1;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function stringAt(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return Buffer.from(bytes.subarray(offset, end < 0 ? bytes.length : end)).toString('latin1');
}

function sections(bytes: Uint8Array, view: DataView): Section[] {
  const [table, entrySize, count, namesIndex] = [
    view.getUint32(0x20, true),
    view.getUint16(0x2e, true),
    view.getUint16(0x30, true),
    view.getUint16(0x32, true),
  ];
  if (count === 0) return [];
  const names = view.getUint32(table + namesIndex * entrySize + 0x10, true);
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * entrySize;
    return {
      name: stringAt(bytes, names + view.getUint32(at, true)),
      type: view.getUint32(at + 0x04, true),
      offset: view.getUint32(at + 0x10, true),
      size: view.getUint32(at + 0x14, true),
      link: view.getUint32(at + 0x18, true),
    };
  });
}

function interpreter(bytes: Uint8Array, view: DataView): string | undefined {
  const [table, entrySize, count] = [
    view.getUint32(0x1c, true),
    view.getUint16(0x2a, true),
    view.getUint16(0x2c, true),
  ];
  for (let index = 0; index < count; index++) {
    const at = table + index * entrySize;
    if (view.getUint32(at, true) === PT_INTERP) return stringAt(bytes, view.getUint32(at + 4, true));
  }
  return undefined;
}

function neededLibraries(bytes: Uint8Array, view: DataView, all: readonly Section[]): string[] {
  const dynamic = all.find((section) => section.type === SHT_DYNAMIC);
  const strings = dynamic === undefined ? undefined : all[dynamic.link];
  if (dynamic === undefined || strings === undefined) return [];
  const needed: string[] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 8) {
    if (view.getUint32(at, true) === DT_NEEDED) {
      needed.push(stringAt(bytes, strings.offset + view.getUint32(at + 4, true)));
    }
  }
  return needed;
}

function modinfo(bytes: Uint8Array, all: readonly Section[]): Map<string, string> {
  const section = all.find(({ name }) => name === '.modinfo');
  if (section === undefined) return new Map();
  const text = Buffer.from(bytes.subarray(section.offset, section.offset + section.size)).toString('latin1');
  const pairs = text.split('\0').filter((pair) => pair.includes('='));
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** Reads a file as an i386 ELF object; `undefined` when it is none. */
export function readElf(bytes: Uint8Array): ElfFacts | undefined {
  const EM_386 = 3;
  const ident = [0x7f, 0x45, 0x4c, 0x46, 1, 1]; // "\x7fELF", 32 bits, little-endian
  if (bytes.length < 0x34 || ident.some((byte, index) => bytes[index] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0x12, true) !== EM_386) return undefined;
  const all = sections(bytes, view);
  return {
    interpreter: interpreter(bytes, view),
    needed: neededLibraries(bytes, view, all),
    modinfo: modinfo(bytes, all),
  };
}
