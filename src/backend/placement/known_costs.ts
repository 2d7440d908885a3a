// Costs that were measured before, as a device is given them.
import * as v from 'valibot';
import { DEPTHS } from '../../engine/depth.ts';
import type { RequestCosts } from '../contract.ts';

/** Invalid costs. The message says what is wrong, and in which field. */
export class CostsError extends Error {
  override name = 'CostsError';
}

/** No device has more: 256 families of sessions, three depths, and classes of sizes up to 4 GiB. */
const ROWS_MAX = 256 * 3 * 33;
/** A name has three algorithms at most. */
const NAME_MAX = 128;

const microseconds = v.exactOptional(v.pipe(v.number(), v.finite(), v.gtValue(0)));
const places = v.picklist(['inline', 'host', 'workers']);
const Rows = v.pipe(
  v.array(
    v.strictObject({
      algorithms: v.pipe(v.string(), v.maxLength(NAME_MAX)),
      depth: v.picklist(DEPTHS),
      bytes: v.pipe(v.number(), v.check(isLeast, 'Expected 0 or a power of two up to 2^31')),
      place: places,
      microseconds: v.strictObject({ inline: microseconds, host: microseconds, workers: microseconds }),
    }),
  ),
  v.maxLength(ROWS_MAX),
);

function isLeast(bytes: number): boolean {
  return bytes === 0 || (Number.isInteger(Math.log2(bytes)) && bytes >= 1 && bytes <= 2 ** 31);
}

/**
 * Checks costs that were measured before, for example from a file.
 * @throws CostsError that names the first wrong field
 */
export function parseCosts(given: unknown): RequestCosts[] {
  const parsed = v.safeParse(Rows, given);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new CostsError(
    `costs: ${v.getDotPath(issue) ?? 'all of them'}: ${issue.message}. Give the costs of a device's statistics(), or leave them out.`,
  );
}
