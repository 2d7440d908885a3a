// What a driver broke under --check, in words.
import type { Violation } from '../lab/index.ts';
import type { Output } from './output.ts';

/** The statements that a driver broke. @param none what to say if there is none */
export function reportViolations(violations: readonly Violation[], none: string, output: Output): void {
  if (violations.length === 0) {
    output.ok(none);
    return;
  }
  output.failed(`The driver broke ${violations.length} statements of the specification:`);
  for (const { section, statement, seen, queue, times } of violations) {
    const where = queue === undefined ? '' : `queue ${queue}: `;
    output.line(`    ${section}  ${statement}`);
    output.line(`        ${where}${seen}${times > 1 ? ` (${times} times)` : ''}`);
  }
}
