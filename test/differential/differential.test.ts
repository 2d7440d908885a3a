import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences } from './compare.ts';
import { CONFIGURATIONS, type Configuration, REFERENCE } from './configurations.ts';
import { Machine, type Outcome } from './machine.ts';
import { isProgram, type Program, programOf, shrink } from './program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { DIFFERENTIAL_SECONDS, DIFFERENTIAL_SEED = '1' } = process.env;
/** Some two thousand on each configuration. */
const SHORT = ['--requests', '40000'];

test('random requests come to the same on every configuration (npm run differential)', async () => {
  const run = promisify(execFile);
  await run('npm', ['run', '--silent', 'build:differential'], { cwd: ROOT });
  const length = DIFFERENTIAL_SECONDS ? ['--seconds', DIFFERENTIAL_SECONDS] : SHORT;
  const options = [...length, '--seed', DIFFERENTIAL_SEED];
  const fuzz = ['scripts/differential.mjs', '--built', ...options];
  const { stdout, stderr } = await run(process.execPath, fuzz, { cwd: ROOT });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\d{4,} requests of \d+ programs on \d+ configurations in .*: 0 differ/m);
  // What has nothing to do proves nothing.
  for (const { name, backend } of CONFIGURATIONS) {
    if (backend.backend !== 'inline')
      expect(stdout).toMatch(new RegExp(`^${name}: .*[1-9]\\d* in (the host|workers)`, 'm'));
  }
  console.log(stdout.trim());
}, 900_000);

describe('programs', () => {
  test('a seed gives the same program each time, and another seed another one', () => {
    expect(programOf(7)).toEqual(programOf(7));
    expect(programOf(8)).not.toEqual(programOf(7));
  });

  test('a file holds a program, or is refused', () => {
    const program = programOf(7);
    expect(isProgram(JSON.parse(JSON.stringify(program)))).toBe(true);
    for (const other of [null, {}, { ...program, layout: 'none' }, { ...program, requests: [{}] }]) {
      expect(isProgram(other)).toBe(false);
    }
  });

  test('a program is made as small as it goes: what it does not fail by is left out', async () => {
    const fails = async ({ sessions, requests }: Program) =>
      sessions.some(({ key }) => key >= 2) && requests.filter(({ bytes }) => bytes > 40).length >= 3;
    const seed = [1, 2, 3, 4, 5, 6, 7, 8].find((each) => programOf(each).requests.length > 20) ?? expect.unreachable();
    const { sessions, requests, sharedBytes } = await shrink(programOf(seed), fails);
    expect(sharedBytes).toBe(0);
    expect(sessions.map(({ key, like, seed: keySeed }) => [key, like, keySeed])).toEqual([[2, false, 0]]);
    // Where no bytes are shared, place 0 stands apart as well.
    expect(requests.map(({ bytes, places, before }) => [bytes, places.source <= 0, before.kind])).toEqual([
      [41, true, 'nothing'],
      [41, true, 'nothing'],
      [41, true, 'nothing'],
    ]);
  });
});

describe('a comparison notices', () => {
  const inOrder: Configuration = { ...REFERENCE, name: 'in order', inOrder: true };
  let reference: Machine;
  let machine: Machine;
  let expected: Outcome;
  let actual: Outcome;

  beforeAll(async () => {
    reference = await Machine.make(REFERENCE);
    machine = await Machine.make(inOrder);
    // Requests of more than one kind, none of which stops the device.
    const program = programOf(1);
    expected = await reference.run(program);
    actual = await machine.run(program, expected);
  });
  afterAll(() => {
    for (const each of [reference, machine]) each.dispose();
  });

  const found = (changed: Partial<Outcome>) => differences(expected, { ...actual, ...changed }, inOrder);

  test('nothing where nothing differs', () => {
    expect(expected.placed.length).toBeGreaterThan(2);
    expect(found({})).toEqual([]);
  });

  test('a byte of a result, and one that is of no request', () => {
    const [low, high] = actual.memory;
    const request = expected.placed.findIndex(({ pieces }) =>
      pieces.some(({ name }) => name === 'result' || name === 'digest'),
    );
    const piece = expected.placed[request]?.pieces.find(
      ({ name, bytes }) => (name === 'result' || name === 'digest') && bytes > 0,
    );
    const at = (piece ?? expect.unreachable()).address;
    const result = Buffer.from(high ?? expect.unreachable());
    result[at - 0x30000] = ~(result[at - 0x30000] ?? 0);
    expect(found({ memory: [low ?? expect.unreachable(), result] })).toEqual([
      expect.stringMatching(
        new RegExp(`^memory at 0x${at.toString(16)}, 1 bytes \\(.*(result|digest) of request ${request}\\)`),
      ),
    ]);
    const canary = Buffer.from(low ?? expect.unreachable());
    canary[5] = ~(canary[5] ?? 0);
    expect(found({ memory: [canary, high ?? expect.unreachable()] })).toEqual([
      expect.stringMatching(/^memory at 0x5, 1 bytes \(of no request\)/),
    ]);
  });

  test('a length, an order, a fault, a count, a status of a session, a hang', () => {
    const [first = 0, ...others] = actual.written;
    expect(found({ written: [first + 1, ...others] })).toEqual([`used.len of request 0: ${first + 1}, not ${first}`]);
    expect(found({ order: [...actual.order].reverse() })[0]).toMatch(/^IN_ORDER, used as number 0/);
    expect(found({ fault: { code: 16, queue: 0 } })).toEqual(['fault 0: {"code":16,"queue":0}, not undefined']);
    expect(found({ counts: { ...actual.counts, 'data: err': 1000 } })[0]).toMatch(/^statistics, data: err: 1000/);
    expect(found({ sessions: ['err 0', ...actual.sessions.slice(1)] })[0]).toMatch(/^sessions 0: err 0/);
    expect(found({ broken: 'It hangs.' })).toEqual(['It hangs.']);
  });
});
