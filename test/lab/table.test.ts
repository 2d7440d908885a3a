// docs/driver-conformance.md is what RULES and UNOBSERVED say.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { FAULTS, RULES, type Rule, UNOBSERVED } from '../../src/lab/index.ts';

const bySection = <Row extends Rule>(rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => a.section.localeCompare(b.section, 'en', { numeric: true }));

const says = ({ level, driver }: Rule): string => `${level.toUpperCase()} ${driver}`;

const overVhostUser = ({ needs }: Rule): string =>
  needs === undefined ? 'yes' : needs === 'features' ? 'if the client tells the features' : 'no';

function table(): string {
  const rules = Object.entries(RULES).map(([name, rule]: [string, Rule]) => ({ name, ...rule }));
  return [
    '<!-- Written by npm run conformance from src/lab/checker/rules.ts. Do not edit. -->',
    '# What the specification demands of a driver, and what the checker sees of it',
    '',
    'Sections are those of OASIS Virtual I/O Device (VIRTIO) Version 1.3, and of 1.4 for suspension and administration commands. Statements',
    'are ours, in short; the specification has the words that count. [lab.md](lab.md) says how a driver is watched. Each rule has a planted',
    'bug in the tests that it has to catch, and the reference driver breaks none. Beside these rules, each check with which the device',
    'refuses a request is reported as `request:` and its name, and each ring with which it cannot go on as `fault`.',
    '',
    `${rules.length} statements are observed.`,
    '',
    'Over vhost-user the checker sees rings and requests, and no accesses to registers; and some clients do not tell which',
    'features the driver chose.',
    '',
    '| rule | the driver | over vhost-user |',
    '| --- | --- | --- |',
    ...bySection(rules).map((rule) => `| ${rule.name} | ${says(rule)} | ${overVhostUser(rule)} |`),
    '',
    '## Not observed',
    '',
    '| section | the driver | why it cannot be observed |',
    '| --- | --- | --- |',
    ...bySection(UNOBSERVED).map((rule) => `| ${rule.section} | ${says(rule)} | ${rule.why} |`),
    '',
  ].join('\n');
}

test('docs/driver-conformance.md is up to date: npm run conformance writes it', async () => {
  await expect(table()).toMatchFileSnapshot('../../docs/driver-conformance.md');
});

test('docs/lab.md lists the faults, with what a correct driver does', async () => {
  const guide = await readFile(new URL('../../docs/lab.md', import.meta.url), 'utf8');
  const rows = Object.entries(FAULTS).map(
    ([name, { section, group, device, driver }]) => `| \`${name}\` (${group}, ${section}) | ${device} | ${driver} |`,
  );
  expect(guide.slice(guide.indexOf('| fault |'))).toBe(
    ['| fault | the device | a correct driver |', '| --- | --- | --- |', ...rows, ''].join('\n'),
  );
});
