// What differs between two runs of a program.
import type { Configuration } from './configurations.ts';
import { ARENA, type Outcome } from './machine.ts';

/** Differences that one program is described by, at most. */
const DIFFERENCES_MAX = 12;

/**
 * Says what a configuration made of a program other than the reference did; nothing, if all is the same. Both must be the last that their
 * machines have run.
 */
export function differences(reference: Outcome, outcome: Outcome, { inOrder }: Configuration): string[] {
  const found: string[] = [];
  if (reference.broken !== undefined) found.push(`The reference: ${reference.broken}`);
  if (outcome.broken !== undefined) found.push(outcome.broken);
  compare(found, 'sessions', reference.sessions, outcome.sessions);
  compare(found, 'fault', [JSON.stringify(reference.fault)], [JSON.stringify(outcome.fault)]);
  compare(found, 'used.len of request', reference.written, outcome.written);
  const sorted = [...outcome.order].sort((a, b) => a - b);
  // 2.7.9, 2.8.8.
  if (inOrder) compare(found, 'IN_ORDER, used as number', sorted, outcome.order);
  for (const [name, value] of Object.entries(reference.counts)) {
    if (outcome.counts[name] !== value) found.push(`statistics, ${name}: ${outcome.counts[name]}, not ${value}`);
  }
  for (const [i, expected] of reference.memory.entries()) {
    const actual = outcome.memory[i];
    if (!actual?.equals(expected))
      found.push(...memoryDifferences(reference, expected, actual, i === 0 ? 0 : ARENA.start));
  }
  return found.slice(0, DIFFERENCES_MAX);
}

function compare(found: string[], name: string, expected: readonly unknown[], actual: readonly unknown[]): void {
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    if (expected[i] !== actual[i]) found.push(`${name} ${i}: ${String(actual[i])}, not ${String(expected[i])}`);
  }
}

/** The stretches of memory that differ, and what stands there. */
function memoryDifferences(
  { placed }: Outcome,
  expected: Uint8Array,
  actual: Uint8Array | undefined,
  start: number,
): string[] {
  const found: string[] = [];
  let at = 0;
  while (at < expected.length && found.length < DIFFERENCES_MAX) {
    if (expected[at] === actual?.[at]) {
      at++;
      continue;
    }
    const address = start + at;
    const from = at;
    while (at < expected.length && expected[at] !== actual?.[at]) at++;
    const places = placed.flatMap(({ pieces }, request) =>
      pieces
        .filter((piece) => piece.address <= address && address < piece.address + piece.bytes)
        .map(({ name }) => `${name} of request ${request}`),
    );
    const hex = (bytes: Uint8Array | undefined) =>
      Buffer.from(bytes?.subarray(from, Math.min(at, from + 16)) ?? []).toString('hex');
    found.push(
      `memory at 0x${address.toString(16)}, ${at - from} bytes (${places.join(', ') || 'of no request'}): ${hex(actual)}, not ${hex(expected)}`,
    );
  }
  return found;
}
