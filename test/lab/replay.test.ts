// What a trace shows of a driver's mistakes: each rule that replay() holds it to, by a trace that was changed.
import { beforeAll, expect, test } from 'vitest';
import { RULES } from '../../src/lab/index.ts';
import { NOT_REPLAYED, REPLAYED, replay } from '../../src/lab/replay/replay.ts';
import { createBench } from '../../src/testing/index.ts';
import { DeviceTracer, type TracedDescriptor, type TracedRequest } from '../../src/trace/index.ts';

async function record(ring: 'split' | 'packed'): Promise<TracedRequest[]> {
  const bench = await createBench({ backend: 'inline', ring });
  const tracer = new DeviceTracer(bench.device, { perSecond: Number.POSITIVE_INFINITY });
  await bench.driver.hash({ algorithm: 'sha-256', data: new Uint8Array(3) });
  const requests = tracer.requestsSince(0);
  await bench.dispose();
  return requests;
}

let split: TracedRequest[];
let packed: TracedRequest[];
beforeAll(async () => {
  [split, packed] = [await record('split'), await record('packed')];
});

/** The second request of a trace, the hash itself, with other descriptors. */
const rulesOf = (
  requests: TracedRequest[],
  change: (descriptors: TracedDescriptor[]) => TracedDescriptor[],
): string[] => {
  const [, hash = expect.unreachable()] = requests;
  return replay([{ ...hash, descriptors: change(hash.descriptors) }]).violations.map(({ rule }) => rule);
};
const flagged = (table: 'ring' | 'indirect', flags: number) => (all: TracedDescriptor[]) =>
  all.map((one) => (one.table === table ? { ...one, flags: one.flags | flags } : one));

test('a driver that does nothing wrong', () => {
  expect(replay(split)).toEqual({ violations: [], requests: 3 });
  expect(replay(packed)).toEqual({ violations: [], requests: 3 });
});

test('each rule of a chain', () => {
  const found = [
    ...rulesOf(split, (all) => all.toReversed()),
    ...rulesOf(split, (all) => all.map((one) => ({ ...one, bytes: 0xffffffff }))),
    ...rulesOf(split, flagged('indirect', 4)),
    ...rulesOf(split, flagged('ring', 1)),
    ...rulesOf(packed, (all) => all.toReversed()),
    ...rulesOf(packed, flagged('indirect', 4)),
    ...rulesOf(packed, (all) => all.flatMap((one) => (one.table === 'ring' ? [one, one] : [one]))),
  ];
  expect(found).toEqual(REPLAYED);
});

test('an opcode of no service, and a chain without room for a status', () => {
  const [create = expect.unreachable()] = split;
  const [header = expect.unreachable(), ...rest] = create.buffers;
  const strange = { ...create, buffers: [{ ...header, data: header.data.with(1, 0xff) }, ...rest] };
  const readable = { ...create, buffers: create.buffers.filter(({ writable }) => !writable) };
  expect(replay([strange]).violations).toMatchObject([{ rule: 'request:opcode', section: '5.9.7.2' }]);
  expect(replay([readable]).violations).toMatchObject([{ rule: 'request:status', section: '5.9.7.1' }]);
});

test('each section of a rule is checked, or it is said why not', () => {
  const reasons = NOT_REPLAYED.flatMap(({ sections }) => sections);
  for (const [name, { section }] of Object.entries(RULES)) {
    const isNamed = reasons.some((one) => section === one || section.startsWith(`${one}.`));
    expect(isNamed || REPLAYED.some((rule) => rule === name), name).toBe(true);
  }
});
