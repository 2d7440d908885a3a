import { expect, test } from 'vitest';
import { type CpioEntry, packCpio } from '../../src/guest/cpio.ts';

/** Reads the archive as the kernel does: header, name, padding to 4, data, padding to 4. */
function unpack(archive: Uint8Array): { name: string; mode: number; data: string; rdev: number[]; mtime: number }[] {
  const bytes = Buffer.from(archive);
  const entries = [];
  for (let at = 0; ; ) {
    expect(bytes.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number): number =>
      Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11);
    const name = bytes.toString('latin1', at + 110, nameEnd - 1);
    const dataAt = (nameEnd + 3) & ~3;
    if (name === 'TRAILER!!!') return entries;
    const data = bytes.toString('utf8', dataAt, dataAt + field(6));
    entries.push({ name, mode: field(1), data, rdev: [field(9), field(10)], mtime: field(5) });
    at = (dataAt + field(6) + 3) & ~3;
  }
}

const ENTRIES: CpioEntry[] = [
  { kind: 'file', path: 'bin/tool', data: Buffer.from('odd'), mode: 0o755 },
  { kind: 'link', path: 'bin/sh', target: 'tool' },
  { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
  { kind: 'directory', path: 'dev' },
  { kind: 'directory', path: 'bin' },
];

test('a folder stands before what is in it, and every kind of entry keeps its type and content', () => {
  expect(unpack(packCpio(ENTRIES))).toEqual([
    { name: 'bin', mode: 0o040755, data: '', rdev: [0, 0], mtime: 0 },
    { name: 'bin/sh', mode: 0o120777, data: 'tool', rdev: [0, 0], mtime: 0 },
    { name: 'bin/tool', mode: 0o100755, data: 'odd', rdev: [0, 0], mtime: 0 },
    { name: 'dev', mode: 0o040755, data: '', rdev: [0, 0], mtime: 0 },
    { name: 'dev/console', mode: 0o020600, data: '', rdev: [5, 1], mtime: 0 },
  ]);
});

test('the order in which entries are given does not matter', () => {
  expect(packCpio([...ENTRIES].reverse())).toEqual(packCpio(ENTRIES));
});

test('an absolute path and a path that stands twice are refused', () => {
  expect(() => packCpio([{ kind: 'directory', path: '/bin' }])).toThrow(/relative/);
  expect(() => packCpio([...ENTRIES, { kind: 'directory', path: 'bin' }])).toThrow(/twice/);
});
