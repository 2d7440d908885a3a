// The matrix without a guest: what each driver of the lab makes of it, and that a cell is the same whenever it is run.
import { describe, expect, test } from 'vitest';
import { CryptoDriver } from '../../src/driver/index.ts';
import { GuardedDriver } from '../../src/lab/drivers/guarded_driver.ts';
import { type Cell, type CellResult, cellsOf, LabError, lab, type MakeDriver, runCell } from '../../src/lab/index.ts';

const run = (choice: Partial<Cell>, make?: MakeDriver): Promise<CellResult> =>
  runCell(
    {
      scenario: 'self-test',
      fault: 'none',
      ring: 'split',
      features: 'default',
      transport: 'pci',
      driver: 'reference',
      seed: 1,
      ...choice,
    },
    make,
  );

const shown = ({ cell, outcome, expected, violations, requests }: CellResult) => ({
  cell,
  outcome,
  expected,
  violations: violations.map(({ rule, seen }) => `${rule}: ${seen}`),
  odd: requests.filter((request) => !request.expected),
});

describe('the reference driver does what a correct driver does, breaks no statement, and gives all memory and sessions back:', () => {
  test.each(cellsOf({ scenarios: ['all'] }).filter(({ seed }) => seed === 1))(
    '$scenario / $fault / $ring',
    async (cell) => {
      const result = await runCell(cell);
      expect(result.passed, JSON.stringify(shown(result))).toBe(true);
      expect(result.leaks).toEqual({ sessions: 0, bytes: 0 });
    },
  );

  test.each(
    cellsOf({
      scenarios: ['self-test', 'mixed'],
      faults: ['none', 'needs-reset'],
      features: ['all'],
      transports: ['all'],
      seed: 7,
    }),
  )('$scenario / $fault / $ring / $features / $transport, another seed', async (cell) => {
    const result = await runCell(cell);
    expect(result.passed, JSON.stringify(shown(result))).toBe(true);
    expect(result.struck).toBe(cell.fault !== 'none');
  });
});

describe('the trusting driver', () => {
  test.each(['completion-never', 'interrupt-lost', 'needs-reset', 'removal'] as const)(
    'hangs with %s, and the run goes on',
    async (fault) => {
      const result = await run({ fault, driver: 'trusting' });
      expect(result).toMatchObject({ outcome: 'hung', passed: false });
      expect(result.requests.at(-1)).toMatchObject({ end: 'open' });
    },
  );

  test('sends requests while the hardware is not ready, which is reported with its section', async () => {
    const result = await run({ scenario: 'reload', fault: 'hardware-away', driver: 'trusting' });
    expect(result.violations).toMatchObject([{ section: '5.9.5.2' }, { section: '5.9.5.2' }]);
    expect(result.passed).toBe(false);
    const [violation] = result.timeline.filter(({ kind }) => kind === 'violation');
    expect(violation?.text).toContain('HW_READY');
    expect(result.timeline.some(({ request }) => request !== undefined)).toBe(true);
  });

  test('makes chains that are longer than the queue', async () => {
    const result = await run({ fault: 'queue-size-2', driver: 'trusting' });
    expect(result.violations.map(({ rule }) => rule)).toEqual(['2.7.5.3.1-3']);
  });
});

describe('a driver of the caller', () => {
  /** It takes the first byte of each result for another one. */
  class Corrupting extends GuardedDriver {
    override async hash(request: Parameters<CryptoDriver['hash']>[0]) {
      const result = await super.hash(request);
      return { ...result, data: result.data.with(0, 1 ^ (result.data[0] ?? 0)) };
    }
  }
  /** It never hears of a completion. */
  class Deaf extends CryptoDriver {
    override interrupt(): void {}
  }
  /** It fails when it is interrupted. */
  class Failing extends CryptoDriver {
    override interrupt(): void {
      throw new Error('no handler');
    }
  }

  test('that gives a wrong result is found out', async () => {
    const result = await run({ driver: 'own' }, (parts) => new Corrupting(parts));
    expect(result).toMatchObject({ outcome: 'wrong', passed: false });
  });

  test('that leaves sessions open, or memory behind, fails', async () => {
    class Forgetful extends GuardedDriver {
      override destroySession() {
        return Promise.resolve('ok' as const);
      }
      override stop() {}
    }
    const result = await run({ scenario: 'session-churn', driver: 'own' }, (parts) => new Forgetful(parts));
    expect(result).toMatchObject({ outcome: 'completed', passed: false, violations: [], leaks: { sessions: 9 } });
    expect(result.leaks.bytes).toBeGreaterThan(0);
    expect(new LabError(result).message).toContain('sessions that were left open: 9');
  });

  test('that ignores interrupts hangs', async () => {
    const result = await run({ driver: 'own' }, ({ transport, ram, allocator }) => new Deaf(transport, ram, allocator));
    expect(result).toMatchObject({ outcome: 'hung', passed: false });
  });

  test('whose interrupt handler throws does not end the run', async () => {
    const result = await run(
      { driver: 'own' },
      ({ transport, ram, allocator }) => new Failing(transport, ram, allocator),
    );
    expect(result.outcome).toBe('hung');
    expect(result.timeline.map(({ text }) => text).join('\n')).toContain('interrupt() throws: Error: no handler');
  });

  test('that waits by a clock of its own is waited for', async () => {
    const result = await run({ driver: 'own' }, (parts) => {
      const driver = new GuardedDriver(parts);
      const hash = driver.hash.bind(driver);
      driver.hash = async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return hash(request);
      };
      return driver;
    });
    expect(result.outcome).toBe('completed');
  });

  test('has to be given', async () => {
    await expect(run({ driver: 'own' })).rejects.toThrow('driver is undefined: give a function.');
  });
});

describe('a cell is repeatable:', () => {
  test.each(['mixed', 'in-flight'] as const)('%s', async (scenario) => {
    const choice = { scenario, fault: 'used-id-foreign', ring: 'packed', seed: 20 } as const;
    const { milliseconds: _, ...first } = await run(choice);
    const { milliseconds: __, ...second } = await run(choice);
    expect(second).toEqual(first);
    const { milliseconds: ___, ...other } = await run({ ...choice, seed: 21 });
    expect(other.requests).not.toEqual(first.requests);
  });
});

describe('the timeline', () => {
  test('has the fault, and the chain that it strikes, without a key', async () => {
    const { timeline, nth } = await run({ fault: 'status-err', seed: 3 });
    const at = timeline.findIndex(({ kind }) => kind === 'fault');
    expect(timeline[at]?.text).toBe('The device answers the request with ERR, although it has computed the result.');
    expect(nth).toBeGreaterThan(0);
    const struck = timeline[at - 1]?.request ?? timeline[at - 2]?.request ?? expect.unreachable();
    expect(struck.descriptors.length).toBeGreaterThan(1);
    expect(struck.fields).toContainEqual(expect.objectContaining({ name: 'opcode', section: '5.9.7.3' }));
    expect(JSON.stringify(timeline)).not.toContain('2b7e1516');
  });
});

describe('a selection', () => {
  test('is split into parts that have every cell once', () => {
    const all = cellsOf();
    const parts = ['1/3', '2/3', '3/3'].flatMap((shard) => cellsOf({ shard }));
    expect(parts).toHaveLength(all.length);
    expect(new Set(parts.map((cell) => JSON.stringify(cell)))).toEqual(
      new Set(all.map((cell) => JSON.stringify(cell))),
    );
  });

  test.each([
    [{ scenarios: ['nothing'] }, /^scenarios has nothing, which is not known: give some of self-test, .*, or all\.$/],
    [{ faults: [] }, /^faults is empty, so there is no cell: give some of none, status-err, /],
    [{ rings: ['round'] }, /^rings has round, which is not known: give some of split, packed, or all\.$/],
    [{ seed: -1 }, /^seed is -1: give a whole number from 0 to 4294967295\.$/],
    [{ shard: '4/3' }, /^shard is 4\/3: give a part and a number of parts up to 1000, such as 2\/3\.$/],
    [{ shard: 'a' }, /^shard is a: /],
    [{ scenarios: ['mixed'], faults: ['none'], shard: '3/3' }, /the matrix has 2 cells: give at most 2 parts\.$/],
  ])('%j is refused', (selection, message) => {
    expect(() => cellsOf(selection)).toThrow(message);
  });
});

describe('lab()', () => {
  const collect = (options: Parameters<typeof lab>[1]) => {
    const tests: { name: string; run: () => Promise<void> }[] = [];
    lab((name, body) => tests.push({ name, run: body }), options);
    return tests;
  };

  test('makes a test of each cell', async () => {
    const tests = collect({ scenarios: ['self-test'], faults: ['none', 'removal'], rings: ['split'] });
    expect(tests.map(({ name }) => name)).toEqual([
      'self-test / none / split / default / pci / reference / seed 1',
      'self-test / removal / split / default / pci / reference / seed 1',
    ]);
    for (const { run: body } of tests) await body();
  });

  test('says what a driver of the caller did wrong', async () => {
    const [first = expect.unreachable()] = collect({
      scenarios: ['self-test'],
      faults: ['needs-reset'],
      driver: ({ transport, ram, allocator, options }) => new CryptoDriver(transport, ram, allocator, options),
    });
    const error: unknown = await first.run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LabError);
    expect(String(error)).toMatch(
      /hung; a correct driver: recovered\n {4}the fault strikes request [1-4]\n(.*\n)*.*: open/,
    );
  });

  test('refuses what is no test function, and no driver', () => {
    expect(() => lab(undefined as never)).toThrow('test is undefined: give a function.');
    expect(() => lab(() => {}, { driver: 1 as never })).toThrow('driver is 1: give a function.');
  });
});
