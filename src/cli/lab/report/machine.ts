// Reports that other programs read.
import { VERSION } from '../../version.ts';
import { failureLines, nameOf, type ReportedResult, type RunResults } from '../results.ts';

/** Everything that is known of each cell, as JSON. */
export function jsonReport({ results, cells, seconds }: RunResults): string {
  const failed = results.filter(({ passed }) => !passed).length;
  return `${JSON.stringify({ format: 'virtio-crypto-lab', version: VERSION, cells, failed, seconds, results })}\n`;
}

const XML_ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** A text as XML may have it: control characters, which a guest's log may have, have no place there. */
export function xml(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (one) => XML_ENTITIES[one] ?? one)
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '?');
}

/** JUnit's XML: a suite for each scenario, a test case for each cell. */
export function junitReport({ results, seconds }: RunResults): string {
  const scenarios = [...new Set(results.map(({ cell }) => cell.scenario))];
  const suites = scenarios.map((scenario) => ({
    scenario,
    cells: results.filter(({ cell }) => cell.scenario === scenario),
  }));
  const lines = suites.flatMap(({ scenario, cells }) => [
    `  <testsuite name="${xml(scenario)}" tests="${cells.length}" failures="${cells.filter(({ passed }) => !passed).length}">`,
    ...cells.map((result) => `    ${junitCase(result)}`),
    '  </testsuite>',
  ]);
  const failed = results.filter(({ passed }) => !passed).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="virtio-crypto lab" tests="${results.length}" failures="${failed}" time="${seconds.toFixed(3)}">`,
    ...lines,
    '</testsuites>',
    '',
  ].join('\n');
}

function junitCase(result: ReportedResult): string {
  const { cell, milliseconds, passed, outcome, again } = result;
  const open = `<testcase classname="${xml(cell.scenario)}" name="${xml(nameOf(result))}" time="${(milliseconds / 1000).toFixed(3)}"`;
  if (passed) return `${open}/>`;
  const text = [...failureLines(result), `again: virtio-crypto lab ${again}`].join('\n');
  return `${open}><failure message="${xml(outcome)}">${xml(text)}</failure></testcase>`;
}

/**
 * TAP with what went wrong as YAML. It says version 13, although readers of 14 take the same: prove of Test::Harness 3.44, which Debian 12 has,
 * fails a report whose first line says 14 (it knows no version above 13), with all tests passed.
 */
export function tapReport({ results }: RunResults): string {
  const lines = results.flatMap((result, at) => {
    const title = `${result.passed ? 'ok' : 'not ok'} ${at + 1} - ${nameOf(result)}`;
    if (result.passed) return [title];
    const details = [...failureLines(result), `again: virtio-crypto lab ${result.again}`];
    return [title, '  ---', '  message: |', ...details.map((line) => `    ${line.replaceAll('\n', ' ')}`), '  ...'];
  });
  return ['TAP version 13', `1..${results.length}`, ...lines, ''].join('\n');
}
