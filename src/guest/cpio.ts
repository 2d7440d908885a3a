/**
 * The "newc" archive that Linux unpacks as its first root file system
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Device nodes are entries like others here, which is why
 * no root is needed to make them.
 */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly data: Uint8Array; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'character-device'; readonly path: string; readonly major: number; readonly minor: number };

const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const TYPE = { directory: 0o040000, file: 0o100000, link: 0o120000, 'character-device': 0o020000 } as const;

const encoder = new TextEncoder();

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

function padding(length: number): Uint8Array {
  return new Uint8Array(-length & 3);
}

function mode(entry: CpioEntry): number {
  if (entry.kind === 'directory') return TYPE.directory | (entry.mode ?? 0o755);
  if (entry.kind === 'file') return TYPE.file | (entry.mode ?? 0o644);
  return entry.kind === 'link' ? TYPE.link | 0o777 : TYPE['character-device'] | 0o600;
}

function content(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.data;
  return entry.kind === 'link' ? encoder.encode(entry.target) : new Uint8Array(0);
}

function record(
  name: string,
  inode: number,
  fileMode: number,
  data: Uint8Array,
  device: [number, number],
): Uint8Array[] {
  const encodedName = encoder.encode(`${name}\0`);
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check.
  // Owner, time and device of the archive are zero, so that equal contents make equal archives.
  const fields = [inode, fileMode, 0, 0, 1, 0, data.length, 0, 0, ...device, encodedName.length, 0];
  const header = encoder.encode(MAGIC + fields.map(hex).join(''));
  return [header, encodedName, padding(header.length + encodedName.length), data, padding(data.length)];
}

/** Packs the entries in the order of their paths, so that a folder always stands before what is in it. */
export function packCpio(entries: readonly CpioEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const parts: Uint8Array[] = [];
  let previous = '';
  for (const [index, entry] of sorted.entries()) {
    if (entry.path === '' || entry.path.startsWith('/')) {
      throw new RangeError(`cpio: "${entry.path}" must be a path relative to the archive's root`);
    }
    if (entry.path === previous) throw new RangeError(`cpio: "${entry.path}" stands twice in the archive`);
    previous = entry.path;
    const device: [number, number] = entry.kind === 'character-device' ? [entry.major, entry.minor] : [0, 0];
    parts.push(...record(entry.path, index + 1, mode(entry), content(entry), device));
  }
  parts.push(...record(TRAILER, 0, 0, new Uint8Array(0), [0, 0]));
  return Buffer.concat(parts);
}
