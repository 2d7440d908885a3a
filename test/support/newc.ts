// Reads archives of cpio's "newc" format: each header has eight digits for each of its fields, and names and contents begin at multiples of 4.

const HEADER_BYTES = 110;
const FILE_SIZE = 6;
const NAME_SIZE = 11;

/** A file in an archive: what it is called, where its header begins and its padding ends, and its content. */
export interface NewcEntry {
  name: string;
  from: number;
  to: number;
  content: Buffer;
}

/** All files of an archive, with the one that ends it. */
export function entriesOf(archive: Buffer): NewcEntry[] {
  const field = (at: number, index: number) =>
    Number.parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
  const aligned = (at: number) => (at + 3) & ~3;
  const entries: NewcEntry[] = [];
  for (let from = 0; archive.toString('latin1', from, from + 6) === '070701'; ) {
    const nameEnd = from + HEADER_BYTES + field(from, NAME_SIZE);
    const start = aligned(nameEnd);
    const end = start + field(from, FILE_SIZE);
    const name = archive.toString('latin1', from + HEADER_BYTES, nameEnd - 1);
    entries.push({ name, from, to: aligned(end), content: archive.subarray(start, end) });
    from = aligned(end);
  }
  return entries;
}
