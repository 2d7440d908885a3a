import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createCryptoDevice } from '../../src/index.ts';
import { namedTests, namesIn } from './named_tests.ts';
import { type Part, SECTIONS, STATEMENTS } from './statements/index.ts';
import { conformanceTable, testsById } from './table.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TESTS = namedTests(ROOT);
const BY_ID = testsById(TESTS);

/** Where a device shows that it offers a part: a bit of crypto_services (5.9.4), or a feature bit (5.9.3). */
const SHOWN_BY: Record<Part, { services: number } | { features: readonly number[] }> = {
  HASH: { services: 1 },
  MAC: { services: 2 },
  AEAD: { services: 3 },
  AKCIPHER: { services: 4 },
  IPSEC: { services: 5 },
  'algorithm chaining': { services: 2 },
  VIRTIO_CRYPTO_F_REVISION_1: { features: [0] },
  'stateless mode': { features: [1, 2, 3, 4] },
};

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
    const { config, offeredFeatures } = createCryptoDevice({ guest });
    const services = config.byte(8);
    const parts = new Set(STATEMENTS.flatMap(({ notOfferedYet }) => notOfferedYet ?? []));
    const offered = [...parts].filter((part) => {
      const shown = SHOWN_BY[part];
      if ('services' in shown) return (services >> shown.services) & 1;
      return shown.features.some((bit) => (offeredFeatures >> BigInt(bit)) & 1n);
    });
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
