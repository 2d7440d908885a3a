import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CONFIG_CRYPTO_SERVICES } from '../../spec/crypto.ts';
import { createCryptoDevice } from '../../src/index.ts';
import { namedTests, namesIn } from './named_tests.ts';
import { type Part, SECTIONS, STATEMENTS } from './statements/index.ts';
import { conformanceTable, testsById } from './table.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TESTS = namedTests(ROOT);
const BY_ID = testsById(TESTS);

/** Bits of crypto_services (5.9.4). */
const SERVICE_BITS: Record<Part, number> = { IPSEC: 5 };

describe('the statements', () => {
  test('have ids of their own, in sections of their own', () => {
    const ids = STATEMENTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const numbers = SECTIONS.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('each has a test, unless it does not apply or is about what is not offered yet', () => {
    const without = STATEMENTS.filter(
      ({ id, notApplicable, notOfferedYet }) => !notApplicable && !notOfferedYet && !BY_ID.has(id),
    );
    expect(without.map(({ id, keyword, says }) => `${id} ${keyword} ${says}`)).toEqual([]);
  });

  test('none has both a test and a reason to have none', () => {
    const both = STATEMENTS.filter(
      ({ id, notApplicable, notOfferedYet }) => (notApplicable || notOfferedYet) && BY_ID.has(id),
    );
    expect(both.map(({ id }) => id)).toEqual([]);
  });

  test('what is said to be not offered yet is not offered', () => {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const guest = { memory, regions: [{ guestAddress: 0, bytes: 65536, offset: 65536 }] };
    const { config } = createCryptoDevice({ guest, algorithms: 'all' });
    const services = config.byte(CONFIG_CRYPTO_SERVICES);
    const parts = new Set(STATEMENTS.flatMap(({ notOfferedYet }) => notOfferedYet ?? []));
    const offered = [...parts].filter((part) => (services >> SERVICE_BITS[part]) & 1);
    expect(offered).toEqual([]);
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
