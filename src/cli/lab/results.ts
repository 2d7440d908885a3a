import type { CellResult } from '../../lab/index.ts';
import { leakLines } from '../../lab/matrix/lab.ts';

/** Where a result belongs: a cell of the matrix, with or without a guest. */
export interface ReportedCell {
  scenario: string;
  fault: string;
  ring: string;
  features: string;
  transport: string;
  driver: string;
  seed: number;
}

/** The result of a cell, with or without a guest. */
export interface ReportedResult extends Omit<CellResult, 'cell'> {
  cell: ReportedCell;
  /** The arguments of `virtio-crypto lab` that run it again. */
  again: string;
}

/** What a run of the matrix came to. */
export interface RunResults {
  results: readonly ReportedResult[];
  /** Number of cells that were to be run; fewer results if the run was interrupted. */
  cells: number;
  seconds: number;
}

/** A cell's name, without its seed. */
export function nameOf({ cell }: ReportedResult): string {
  const { scenario, fault, ring, features, transport, driver } = cell;
  return [scenario, fault, ring, features, transport, driver].join(' / ');
}

const ODD_SHOWN = 4;

/** What a cell shows of a driver's mistake, a line each. */
export function failureLines({ outcome, expected, nth, violations, requests, log, leaks }: ReportedResult): string[] {
  const odd = requests.filter((request) => !request.expected);
  return [
    `${outcome}; a correct driver: ${expected.join(', or ')}`,
    ...(nth === undefined ? [] : [`the fault strikes request ${nth}`]),
    ...violations.map(({ section, statement, seen }) => `${section}  ${statement} ${seen}`),
    ...leakLines(leaks),
    ...odd.slice(0, ODD_SHOWN).map(({ what, end }) => `${what}: ${end}`),
    ...(odd.length > ODD_SHOWN ? [`and ${odd.length - ODD_SHOWN} more requests`] : []),
    ...log,
  ];
}
