import Table from 'cli-table3';
import { ASYMMETRIC_CASES, type AsymmetricResult, IN_FLIGHT } from './asymmetric.ts';

/** Operations a second as a table: a row a case, a column an implementation. */
export function asymmetricText(results: readonly AsymmetricResult[]): string {
  const names = [...new Set(results.map(({ implementation }) => implementation))];
  const table = new Table({ head: ['operations a second', ...names], style: { head: [], border: [] } });
  for (const name of ASYMMETRIC_CASES) {
    const rate = (implementation: string) => {
      const found = results.find((result) => result.case === name && result.implementation === implementation);
      return found ? found.opsPerSecond.toFixed(0) : '';
    };
    table.push([name, ...names.map(rate)]);
  }
  return `Asymmetric requests: ${IN_FLIGHT} in flight in the device (inline, workers, auto), one after another elsewhere\n${table.toString()}\n`;
}

/** The same as data: see --json. */
export function asymmetricJson(results: readonly AsymmetricResult[]): object[] {
  return results.map(({ case: name, implementation, opsPerSecond }) => ({ case: name, implementation, opsPerSecond }));
}
