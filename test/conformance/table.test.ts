import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { namedTests, namesIn } from './named_tests.ts';
import { SECTIONS, STATEMENTS } from './statements/index.ts';
import { conformanceTable, testsById } from './table.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TESTS = namedTests(ROOT);
const BY_ID = testsById(TESTS);

describe('the statements', () => {
  test('have ids of their own, in sections of their own', () => {
    const ids = STATEMENTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const numbers = SECTIONS.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('each has a test, unless it does not apply', () => {
    const without = STATEMENTS.filter(({ id, notApplicable }) => !notApplicable && !BY_ID.has(id));
    expect(without.map(({ id, keyword, says }) => `${id} ${keyword} ${says}`)).toEqual([]);
  });

  test('none has both a test and a reason to have none', () => {
    const both = STATEMENTS.filter(({ id, notApplicable }) => notApplicable && BY_ID.has(id));
    expect(both.map(({ id }) => id)).toEqual([]);
  });
});

describe('the tests', () => {
  test('name statements that there are', () => {
    const known = new Set(STATEMENTS.map(({ id }) => id));
    const unknown = TESTS.flatMap(({ file, ids }) => ids.filter((id) => !known.has(id)).map((id) => `${file}: ${id}`));
    expect(unknown).toEqual([]);
  });

  test('carry ids in any literal, several in one', () => {
    const source = ['9.1-2', '9.1-3'].map((id) => `[${id}]`).join(' ');
    expect(namesIn(`test('a %i name ${source}', () => {}); test("none [x] [1]", f);`)).toEqual([
      { name: 'a %i name', ids: ['9.1-2', '9.1-3'] },
    ]);
  });
});

test('docs/conformance.md is what the names of the tests make it: npm run conformance writes it', async () => {
  await expect(conformanceTable(TESTS)).toMatchFileSnapshot(`${ROOT}docs/conformance.md`);
});
