import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A test, or a group of them, whose name says which statements it proves. */
export interface NamedTest {
  /** Its file, from the root of the repository. */
  file: string;
  /** Its name as it stands in the source, without the ids. */
  name: string;
  ids: readonly string[];
}

const ID = /\s*\[(\d+(?:\.\d+)+-\d+)\]/g;
/** A string literal of one line. No other literal of a test file looks like an id in brackets. */
const LITERAL = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\\n]|\\.)*)`/g;

/** All tests under a folder whose names carry ids, in the order of files and lines. */
export function namedTests(root: string, folder = 'test'): NamedTest[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(folder, path).replaceAll('\\', '/'))
    .sort()
    .flatMap((file) => namesIn(readFileSync(join(root, file), 'utf8')).map((found) => ({ file, ...found })));
}

/** The names in one source text that carry ids. */
export function namesIn(source: string): { name: string; ids: string[] }[] {
  return [...source.matchAll(LITERAL)].flatMap(([, single, double, template]) => {
    const text = single ?? double ?? template ?? '';
    const ids = [...text.matchAll(ID)].flatMap(([, id]) => (id ? [id] : []));
    return ids.length > 0 ? [{ name: text.replaceAll(ID, '').trim(), ids }] : [];
  });
}
