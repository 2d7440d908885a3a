// Trace files come from anywhere. Whatever fromJsonLines() takes, everything that shows a request must be able to show.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { createBench } from '../../src/testing/bench.ts';
import {
  DeviceTracer,
  decodeRequest,
  fromJsonLines,
  summarise,
  type TracedRequest,
  TraceFileError,
  toChromeTrace,
  toJsonLines,
  withoutKeys,
} from '../../src/trace/index.ts';
import { flagNames } from '../../web/src/inspector/flags.ts';
import { bytesText, clockText, durationText, hex, hexBytes } from '../../web/src/ui/format.ts';
import { noise } from '../support/memory.ts';

const HEADER = '{"format":"virtio-crypto-trace","version":1}';
/** Lines of requests as they are saved: every service, both rings, both layouts, with errors among them. */
const saved: string[] = [];

beforeAll(async () => {
  for (const ring of ['split', 'packed'] as const) {
    for (const layout of ['legacy', 'revision1'] as const) {
      const bench = await createBench({ ring, layout, algorithms: 'all', backend: 'inline' });
      const tracer = new DeviceTracer(bench.device);
      const stateless = layout === 'revision1';
      const [key, iv, data] = [noise(16, 1), noise(16, 2), noise(300, 3)];
      const { driver } = bench;
      await driver.cipher({ algorithm: 'aes-ctr', direction: 'encrypt', key, iv, data, stateless });
      await driver.cipher({ algorithm: 'aes-cbc', direction: 'encrypt', key, iv, data });
      await driver.hash({ algorithm: 'sha-256', data });
      await driver.mac({ algorithm: 'hmac-sha-256', key, data, stateless });
      await driver.aead({ algorithm: 'gcm', direction: 'decrypt', key, iv: noise(12), aad: iv, data, stateless });
      await driver.chain({
        order: 'cipher-then-hash',
        direction: 'encrypt',
        cipher: { algorithm: 'aes-ctr', key, iv },
        hash: { mode: 'auth', algorithm: 'hmac-sha-256', key },
        data,
      });
      await driver.submit({ queue: 0, readable: [noise(72)], writable: [5] });
      saved.push(...toJsonLines(tracer.requestsSince(0)).trimEnd().split('\n').slice(1));
      await bench.dispose();
    }
  }
});

/** Everything that is done with a request that was read: the module's functions, and what the page makes of their answers. */
function expectShown(requests: readonly TracedRequest[]): void {
  for (const request of requests) {
    const fields = decodeRequest(request);
    for (const field of fields) {
      expect(Number.isSafeInteger(field.offset) && Number.isSafeInteger(field.bytes)).toBe(true);
      expectText(field.name, field.value, field.section, hexBytes(field.data));
    }
    const { operation, algorithm, bytes, session, status } = summarise(request);
    expectText(operation, algorithm, bytesText(bytes), session, status);
    expectText(clockText(request.startedAt), durationText(request.duration), `${request.batch}`, `${request.queue}`);
    for (const descriptor of request.descriptors) {
      expectText(hex(descriptor.address), bytesText(descriptor.bytes), flagNames(descriptor.flags));
    }
    withoutKeys(request);
  }
  const text = toJsonLines(requests);
  expect(toJsonLines(fromJsonLines(text))).toBe(text);
  const trace: unknown = JSON.parse(toChromeTrace(requests), (key, value: unknown) => {
    expect(value, key).not.toBeNull();
    return value;
  });
  expect(trace).toMatchObject({ traceEvents: expect.any(Array) });
}

function expectText(...texts: string[]): void {
  for (const text of texts) expect(text).not.toMatch(/NaN|Infinity|undefined|null|e\+/);
}

/** Reads a file that may be damaged. @returns the requests, or undefined where it was refused as it ought to be */
function read(text: string): TracedRequest[] | undefined {
  try {
    return fromJsonLines(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TraceFileError);
    return undefined;
  }
}

/** Where something stands in a value of JSON. */
type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? value.map((item, i) => [i, item] as const) : Object.entries(value);
  return [path, ...entries.flatMap(([name, item]) => pathsOf(item, [...path, name]))];
}

/** A copy of `value` with what `change` makes of the value at `path`; undefined takes it away. */
function changed(value: unknown, [name, ...rest]: Path, change: (before: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  const copy: Record<string | number, unknown> = Array.isArray(value)
    ? ([...value] as unknown as Record<number, unknown>)
    : { ...Object(value) };
  copy[name] = changed(copy[name], rest, change);
  if (copy[name] === undefined) {
    if (Array.isArray(copy)) copy.splice(Number(name), 1);
    else delete copy[name];
  }
  return copy;
}

/** Literals of JSON, as text: some have no value in JavaScript that JSON.stringify would write. */
const literals = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1',
    '-1',
    '255',
    '256',
    '257',
    '4096',
    '4097',
    '65535',
    '65536',
    '4294967295',
    '4294967296',
  ),
  fc.constantFrom(
    '9007199254740991',
    '9007199254740993',
    '18446744073709551615',
    '18446744073709551616',
    '36893488147419103232',
  ),
  fc.constantFrom('0.5', '1e-320', '-1e308', '1e308', '1e999', '-1e999', '8.64e15', '8.64e16', '1e21'),
  fc.constantFrom(
    'null',
    'true',
    'false',
    '""',
    '"0"',
    '"zz"',
    '"split"',
    '"packed"',
    '"legacy"',
    '"ring"',
    '"host"',
    '[]',
    '{}',
  ),
  fc.nat(600).map((bytes) => `"${'a5'.repeat(bytes)}"`),
  fc.constant(`"${'00'.repeat(300_000)}"`),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.json({ maxDepth: 2 }),
);

/** One damage to the lines of a file. */
const damages = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('replace' as const), at: fc.nat(), where: fc.nat(), literal: literals }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), where: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), where: fc.nat(), times: fc.nat(1100) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('swap' as const), at: fc.nat(), with: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('letter' as const),
      at: fc.nat(),
      where: fc.nat(),
      letter: fc.string({ maxLength: 3 }),
    }),
  },
);
type Damage = typeof damages extends fc.Arbitrary<infer D> ? D : never;

const REPEATED_CHARACTERS = 4_000_000;
const MARK = '"\u2063here\u2063"';

function damage(lines: readonly string[], what: Damage): string[] {
  const copy = [...lines];
  const at = what.at % copy.length;
  const line = copy[at] ?? '';
  if (what.kind === 'swap') {
    const other = what.with % copy.length;
    [copy[at], copy[other]] = [copy[other] ?? '', line];
    return copy;
  }
  if (what.kind === 'letter') {
    const where = what.where % line.length;
    copy[at] = `${line.slice(0, where)}${what.letter}${line.slice(where + 1)}`;
    return copy;
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return copy;
  }
  const paths = pathsOf(value);
  const path = paths[what.where % paths.length] ?? [];
  if (what.kind === 'replace') {
    copy[at] = JSON.stringify(changed(value, path, () => JSON.parse(MARK))).replace(MARK, () => what.literal);
  } else if (what.kind === 'remove') {
    copy[at] = path.length > 0 ? JSON.stringify(changed(value, path, () => undefined)) : '';
  } else {
    const repeated = (before: unknown) => {
      if (!Array.isArray(before)) return before;
      // A long item is repeated less often: no text may become longer than strings can be.
      const times = Math.min(what.times, Math.floor(REPEATED_CHARACTERS / (JSON.stringify(before[0])?.length ?? 1)));
      return [...before, ...Array.from({ length: times }, () => before[0])];
    };
    copy[at] = JSON.stringify(changed(value, path, repeated)) ?? '';
  }
  return copy;
}

test('what a tracer saved is read, and shown', () => {
  expect(saved.length).toBeGreaterThan(40);
  for (let i = 0; i < saved.length; i += 13) expectShown(fromJsonLines([HEADER, saved[i] ?? ''].join('\n')));
});

test('a file that was damaged in any way is refused, or can be shown', () => {
  const seen = { refused: 0, shown: 0 };
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 1, max: 4 }),
      fc.array(damages, { minLength: 1, maxLength: 3 }),
      (from, count, all) => {
        const start = from % (saved.length - count);
        const text = [HEADER, ...all.reduce(damage, saved.slice(start, start + count))].join('\n');
        const requests = read(text);
        if (requests) expectShown(requests);
        seen[requests ? 'shown' : 'refused']++;
      },
    ),
    { numRuns: 600 },
  );
  // The property would hold of a reader that refuses everything, too.
  expect(seen.refused).toBeGreaterThan(50);
  expect(seen.shown).toBeGreaterThan(50);
});

/** Words of a header as hostile guests write them. */
const words = fc.oneof(
  fc.nat(20),
  fc.nat(400),
  fc.constantFrom(0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  fc.nat(0xffff_ffff),
);
/** service << 8 | operation, some of them unknown. */
const opcodes = fc
  .tuple(fc.nat(6), fc.constantFrom(0, 1, 2, 3, 4, 5, 0xff))
  .map(([service, operation]) => (service << 8) | operation);
const headers = fc.tuple(opcodes, fc.array(words, { maxLength: 40 })).map(([opcode, rest]) => {
  const view = new DataView(new ArrayBuffer(4 + 4 * rest.length));
  for (const [i, word] of [opcode, ...rest].entries()) view.setUint32(4 * i, word, true);
  return Buffer.from(view.buffer).toString('hex');
});
const descriptors = fc.array(
  fc.record({
    table: fc.constantFrom('ring', 'indirect'),
    index: fc.nat(0xffff),
    address: fc.oneof(fc.nat(), fc.constantFrom(2 ** 53, 2 ** 64)),
    bytes: fc.oneof({ weight: 3, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: words }),
    flags: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 0x80, 0x8082), fc.nat(0xffff)),
    last: fc.nat(0xffff),
  }),
  { maxLength: 8 },
);
const lines = fc.record({
  serial: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  queue: fc.nat(0xffff),
  control: fc.boolean(),
  ring: fc.constantFrom('split', 'packed'),
  layout: fc.constantFrom('legacy', 'revision1'),
  stateless: fc.boolean(),
  head: fc.nat(0xffff),
  descriptors,
  header: headers,
  usedBytes: words,
  lastByte: fc.nat(255),
  startedAt: fc.double({ min: 0, max: 8.64e15, noNaN: true }),
  duration: fc.double({ min: 0, max: 8.64e15, noNaN: true }),
  batch: fc.integer({ min: 1, max: 0xffff_ffff }),
});

test('a request of any opcode, with any numbers in its header and any chain, is read and shown', () => {
  fc.assert(
    fc.property(lines, ({ header, ...rest }) => {
      const buffers = rest.descriptors
        .filter(({ flags }) => !(flags & 4))
        .map(({ address, bytes, flags }) => ({
          address,
          bytes,
          writable: (flags & 2) !== 0,
          data: header.slice(0, 2 * Math.min(bytes, 256)),
        }));
      expectShown(fromJsonLines([HEADER, JSON.stringify({ ...rest, buffers })].join('\n')));
    }),
    { numRuns: 600 },
  );
});
