import type { NamedTest } from './named_tests.ts';
import { CHAPTERS, type Section, STATEMENTS, type Statement } from './statements/index.ts';

const HEAD = `<!-- Written by npm run conformance from the names of the tests. Do not edit. -->
# What the specification demands of the device, and the tests that hold it to it

Sections are those of OASIS Virtual I/O Device (VIRTIO) Version 1.3, or of 1.4 where that is said. Statements are ours, in short; the
specification has the words that count. A test carries the ids of its statements in brackets: \`npx vitest run -t '2.7.8.2-1'\` runs those of one statement.
The tests fail when this page is out of date, or a statement has no test: \`npm run conformance\` writes it anew.
`;

/** docs/conformance.md. */
export function conformanceTable(tests: readonly NamedTest[]): string {
  const byId = testsById(tests);
  const offered = CHAPTERS.map(({ title, sections }) => {
    const rows = rowsOf(sections, byId);
    return `## ${title}\n\n${TABLE_HEAD}${rows}`;
  });
  return [HEAD, totals(byId), ...offered].join('\n');
}

const TABLE_HEAD = '| id | the device | test |\n| --- | --- | --- |\n';

export function testsById(tests: readonly NamedTest[]): Map<string, NamedTest[]> {
  const byId = new Map<string, NamedTest[]>();
  for (const test of tests) for (const id of test.ids) byId.set(id, [...(byId.get(id) ?? []), test]);
  return byId;
}

function totals(byId: ReadonlyMap<string, readonly NamedTest[]>): string {
  const tested = STATEMENTS.filter(({ id }) => byId.has(id)).length;
  const exempt = STATEMENTS.filter(({ notApplicable }) => notApplicable).length;
  return `${STATEMENTS.length} statements: ${tested} have a test, ${exempt} do not apply.\n`;
}

function rowsOf(sections: readonly Section[], byId: ReadonlyMap<string, readonly NamedTest[]>): string {
  return sections
    .flatMap(({ number, title, statements }) => {
      const rows = statements.map((statement) => row(statement, byId.get(statement.id) ?? []));
      return rows.length > 0 ? [`| **${number}** | **${title}** | |\n`, ...rows] : [];
    })
    .join('');
}

function row({ id, keyword, says, notApplicable }: Statement, tests: readonly NamedTest[]): string {
  const proof = notApplicable
    ? `not applicable: ${notApplicable}`
    : tests.map(({ file, name }) => `[${escaped(name)}](../${file})`).join('<br>');
  return `| ${id} | ${keyword} ${says} | ${proof} |\n`;
}

/** A name within a link within a table. */
const escaped = (name: string) => name.replaceAll(/[|[\]<>*_`]/g, (character) => `\\${character}`);
