import { checkFunction, checkObject } from '../../check.ts';
import type { MakeDriver } from '../drivers/driver.ts';
import { type Cell, type CellResult, cellName } from './cell.ts';
import { runCell } from './run.ts';
import { cellsOf, type Selection } from './select.ts';

/** Which cells lab() makes tests of, and of which driver. */
export interface LabOptions extends Omit<Selection, 'drivers'> {
  /** Makes the driver that is tested. Default: the reference driver. */
  driver?: MakeDriver;
}

/** A cell in which the driver did what a correct driver does not. */
export class LabError extends Error {
  override name = 'LabError';
  readonly result: CellResult;

  constructor(result: CellResult) {
    super(describeFailure(result));
    this.result = result;
  }
}

/** What the test runner's `test` has to take: that of Vitest, Jest and node:test does. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown;

/**
 * Makes a test of each cell: it fails if the driver breaks a statement of the specification, hangs, or does otherwise what a correct
 * driver would not.
 * @param test the test function of your runner, such as that of Vitest
 * @throws SelectionError for an unknown name or an empty matrix
 * @throws TypeError that names an option of a wrong type
 */
export function lab(test: TestFunction, options: LabOptions = {}): void {
  checkFunction('test', test);
  checkObject('options', options);
  const { driver, ...selection } = options;
  if (driver !== undefined) checkFunction('driver', driver);
  for (const cell of cellsOf({ ...selection, drivers: [driver ? 'own' : 'reference'] })) {
    test(`${cellName(cell)} / seed ${cell.seed}`, async () => {
      const result = await runCell(cell, driver);
      if (!result.passed) throw new LabError(result);
    });
  }
}

/**
 * The options of `virtio-crypto lab run` that run a cell again.
 * @param own the file of a driver that is not one of the lab's
 */
export function cellOptions({ scenario, fault, ring, features, transport, driver, seed }: Cell, own?: string): string {
  return [
    `--scenario ${scenario} --fault ${fault} --ring ${ring} --features ${features} --transport ${transport}`,
    driver === 'own' ? `--driver-file ${own ?? 'FILE'}` : `--driver ${driver}`,
    `--seed ${seed}`,
  ].join(' ');
}

/** What a cell shows of a driver's mistake, in a few lines. */
export function describeFailure({ cell, outcome, expected, violations, requests, nth, leaks }: CellResult): string {
  const odd = requests.filter((request) => !request.expected);
  return [
    `${cellName(cell)}, seed ${cell.seed}: ${outcome}; a correct driver: ${expected.join(', or ')}`,
    ...(nth === undefined ? [] : [`the fault strikes request ${nth}`]),
    ...violations.map(({ section, statement, seen }) => `${section}  ${statement} ${seen}`),
    ...leakLines(leaks),
    ...odd.slice(0, ODD_SHOWN).map(({ what, end }) => `${what}: ${end}`),
    ...(odd.length > ODD_SHOWN ? [`and ${odd.length - ODD_SHOWN} more`] : []),
  ].join('\n    ');
}

/** What a driver has not given back, a line each. */
export function leakLines({ sessions, bytes }: CellResult['leaks']): string[] {
  return [
    ...(sessions > 0 ? [`sessions that were left open: ${sessions}`] : []),
    ...(bytes > 0 ? [`bytes of guest memory that were not given back: ${bytes}`] : []),
  ];
}

const ODD_SHOWN = 4;
