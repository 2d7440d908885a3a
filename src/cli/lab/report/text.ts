import type { Output } from '../../output.ts';
import { failureLines, nameOf, type RunResults } from '../results.ts';

/** More failures are in the report. */
const SHOWN = 10;

/** What a run came to, for people. */
export function textReport({ results, cells, seconds }: RunResults, output: Output): void {
  const failed = results.filter(({ passed }) => !passed);
  for (const result of failed.slice(0, SHOWN)) {
    output.failed(nameOf(result));
    for (const line of failureLines(result)) output.line(`    ${line}`);
    output.line(`    again: virtio-crypto lab ${result.again}`);
  }
  if (failed.length > SHOWN)
    output.line(`... and ${failed.length - SHOWN} more: --report html --output lab.html has all of them`);
  const counted = `${results.length} of ${cells} cells, ${failed.length} of them failed (${seconds.toFixed(1)} s)`;
  if (failed.length > 0) output.failed(counted);
  else output.ok(counted);
}
