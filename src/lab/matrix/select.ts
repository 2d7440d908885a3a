import { DRIVERS } from '../drivers/index.ts';
import { FAULTS } from '../faults/index.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import { type Cell, NO_FAULT, RINGS, TRANSPORTS } from './cell.ts';
import { FEATURE_SETS } from './features.ts';

/** Which cells of the matrix are run. Each list may hold `all`. */
export interface Selection {
  /** Names of SCENARIOS. Default: all. */
  scenarios?: readonly string[] | undefined;
  /** Names of FAULTS, and `none`. Default: all. */
  faults?: readonly string[] | undefined;
  /** `split`, `packed`. Default: both. */
  rings?: readonly string[] | undefined;
  /** Names of FEATURE_SETS. Default: `default`. */
  features?: readonly string[] | undefined;
  /** `pci`, `pci-memory`, `mmio`. Default: `pci`. */
  transports?: readonly string[] | undefined;
  /** Names of DRIVERS, and `own` for the caller's. Default: `reference`. */
  drivers?: readonly string[] | undefined;
  /** A whole number from 0 to 2^32 - 1. Default 1. */
  seed?: number | undefined;
  /** Which part of the cells is run: `2/3` is the second of three parts. Default: all of them. */
  shard?: string | undefined;
}

/** A selection that no matrix can be made of. The message names the value and what to give instead. */
export class SelectionError extends Error {
  override name = 'SelectionError';
}

const names = <Name extends string>(table: Record<Name, unknown>): Name[] => Object.keys(table) as Name[];

/** The names of each axis. */
export const AXES = {
  scenarios: names(SCENARIOS),
  faults: [NO_FAULT, ...names(FAULTS)],
  rings: RINGS,
  features: names(FEATURE_SETS),
  transports: TRANSPORTS,
  drivers: [...names(DRIVERS), 'own'],
} as const;

const SEED_MAX = 2 ** 32 - 1;
const PARTS_MAX = 1000;

/** The names that were given, or the fallback. @throws SelectionError for a name that is not known, or none */
export function chosen<Name extends string>(
  axis: string,
  known: readonly Name[],
  given: readonly string[] | undefined,
  fallback: readonly Name[],
): Name[] {
  if (given === undefined) return [...fallback];
  if (!Array.isArray(given)) throw new SelectionError(`${axis} is ${String(given)}: give a list of names.`);
  if (given.length === 0)
    throw new SelectionError(`${axis} is empty, so there is no cell: give some of ${known.join(', ')}.`);
  const all = given.flatMap((name): Name[] => {
    if (name === 'all') return [...known];
    const found = known.find((one) => one === name);
    if (found === undefined) {
      throw new SelectionError(
        `${axis} has ${String(name)}, which is not known: give some of ${known.join(', ')}, or all.`,
      );
    }
    return [found];
  });
  return [...new Set(all)];
}

/**
 * The cells of a selection, in an order that is always the same.
 * @throws SelectionError for an unknown name, an empty list, a seed or a shard that is out of range, or a shard without cells
 */
export function cellsOf(selection: Selection = {}): Cell[] {
  const scenarios = chosen('scenarios', AXES.scenarios, selection.scenarios, AXES.scenarios);
  const faults = chosen('faults', AXES.faults, selection.faults, AXES.faults);
  const rings = chosen('rings', AXES.rings, selection.rings, AXES.rings);
  const features = chosen('features', AXES.features, selection.features, ['default']);
  const transports = chosen('transports', AXES.transports, selection.transports, ['pci']);
  const drivers = chosen('drivers', AXES.drivers, selection.drivers, ['reference']);
  const { seed = 1, shard = '1/1' } = selection;
  if (!Number.isInteger(seed) || seed < 0 || seed > SEED_MAX) {
    throw new SelectionError(`seed is ${seed}: give a whole number from 0 to ${SEED_MAX}.`);
  }
  const cells = scenarios.flatMap((scenario) =>
    faults.flatMap((fault) =>
      rings.flatMap((ring) =>
        features.flatMap((set) =>
          transports.flatMap((transport) =>
            drivers.map((driver): Cell => ({ scenario, fault, ring, features: set, transport, driver, seed })),
          ),
        ),
      ),
    ),
  );
  return part(cells, shard);
}

/** Every nth cell, so that each part has some of every scenario. */
export function part<Item>(all: readonly Item[], shard: string): Item[] {
  const [, index = '', count = ''] = /^([0-9]{1,4})\/([0-9]{1,4})$/.exec(shard) ?? [];
  const [i, n] = [Number(index), Number(count)];
  if (!(n >= 1 && n <= PARTS_MAX && i >= 1 && i <= n)) {
    throw new SelectionError(`shard is ${shard}: give a part and a number of parts up to ${PARTS_MAX}, such as 2/3.`);
  }
  const cells = all.filter((_, at) => at % n === i - 1);
  if (cells.length === 0) {
    throw new SelectionError(
      `shard is ${shard}, and the matrix has ${all.length} cells: give at most ${all.length} parts.`,
    );
  }
  return cells;
}
