// `virtio-crypto lab`, as it is built: npm test and .ci/run build it first.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBench } from '../../src/testing/index.ts';
import { DeviceTracer, toJsonLines } from '../../src/trace/index.ts';
import { traceEventProblems } from '../support/trace_event_rules.ts';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const DRIVER = new URL('../../dist/src/driver/index.js', import.meta.url).href;
const ONE = ['--scenario', 'self-test', '--fault', 'none', '--ring', 'split'];

interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

function virtioCryptoLab(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'lab', ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('list names scenarios, faults and drivers', async () => {
  const { status, stdout } = await virtioCryptoLab('list', '--json');
  expect(status).toBe(0);
  const listed = JSON.parse(stdout);
  expect(listed.scenarios).toContainEqual(expect.objectContaining({ name: 'reset-in-flight', section: '2.4.2' }));
  expect(listed.faults).toContainEqual(expect.objectContaining({ name: 'removal', outcomes: ['gave up'] }));
  expect((await virtioCryptoLab('list')).stdout).toContain('--driver-file FILE');
});

describe('run', () => {
  test('says what a driver did, and how to do it again; the status is 1', async () => {
    const { status, stdout, stderr } = await virtioCryptoLab(
      ...['run', '--scenario', 'self-test', '--fault', 'needs-reset', '--driver', 'trusting', '--ring', 'packed'],
    );
    expect(status).toBe(1);
    expect(stdout).toContain('hung; a correct driver: recovered');
    const again = /again: virtio-crypto lab (.*)/.exec(stdout)?.[1] ?? expect.unreachable();
    expect(stderr).toContain('1 of 1 cells, 1 failed');
    expect((await virtioCryptoLab(...again.split(' '))).stdout).toContain('hung; a correct driver: recovered');
  });

  test.each([
    ['json', /^\{"format":"virtio-crypto-lab"/],
    ['junit', /^<\?xml .*\n<testsuites .* tests="1" failures="0"/],
    ['tap', /^TAP version 13\n1\.\.1\nok 1 - self-test \/ none \/ split/],
    ['html', /^<!doctype html>/],
  ] as const)('--report %s has standard output to itself', async (kind, begins) => {
    const { status, stdout, stderr } = await virtioCryptoLab('run', ...ONE, '--report', kind);
    expect(status).toBe(0);
    expect(stdout).toMatch(begins);
    expect(stderr).toContain('1 of 1 cells');
  });

  test('writes a page that loads nothing, with failures in it', async () => {
    const path = join(folder, 'lab.html');
    const flags = ['--scenario', 'removal', '--driver', 'trusting', '--report', 'html', '--output', path];
    expect((await virtioCryptoLab('run', ...flags)).status).toBe(1);
    const page = await readFile(path, 'utf8');
    expect(page).not.toMatch(/\b(src|href)=|url\(|@import/);
    const data = JSON.parse(/id="data">([^<]*)</.exec(page)?.[1] ?? '');
    expect(data.results).toHaveLength(62);
    expect(data.results[0]).toMatchObject({ outcome: 'hung', passed: false });
  });

  test('takes a driver of a file, ends one that keeps the processor, and goes on', async () => {
    const path = join(folder, 'driver.mjs');
    await writeFile(
      path,
      `import { CryptoDriver } from '${DRIVER}';
class Busy extends CryptoDriver { mac() { while (true); } }
export default ({ transport, ram, allocator, options }) => new Busy(transport, ram, allocator, options);\n`,
    );
    const { status, stdout } = await virtioCryptoLab(
      ...['run', '--scenario', 'self-test', 'reload', '--fault', 'none', '--ring', 'split'],
      ...['--driver-file', path, '--timeout', '5', '--jobs', '1', '--report', 'json'],
    );
    expect(status).toBe(1);
    expect(JSON.parse(stdout).results).toMatchObject([
      { outcome: 'hung', cell: { scenario: 'self-test' }, again: expect.stringContaining(path) },
      { outcome: 'completed', cell: { scenario: 'reload' }, passed: true },
    ]);
  });

  test('Ctrl-C ends it with what was measured so far', async () => {
    const child = spawn(process.execPath, [MAIN, 'lab', 'run', '--features', 'all', '--report', 'json', '--jobs', '1']);
    let stdout = '';
    child.stdout.on('data', (bytes: Buffer) => {
      stdout += bytes.toString();
    });
    child.stderr.once('data', () => child.kill('SIGINT'));
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect(status).toBe(130);
    const { cells, results } = JSON.parse(stdout);
    expect(cells).toBe(2790);
    expect(results.length).toBeGreaterThan(0);
    expect(results.length).toBeLessThan(cells);
  });

  test.each([
    [['--scenario', 'nothing'], '--scenario has nothing, which is not known: give some of self-test, '],
    [['--fault', 'x'], '--fault has x, which is not known: give some of none, '],
    [['--driver', 'own'], '--driver is own: name the file of your driver with --driver-file instead.'],
    [['--driver-file', '/nowhere.mjs'], '--driver-file is /nowhere.mjs: there is no such file.'],
    [['--driver-file', MAIN.replace('main.js', 'lab/results.js')], 'export a function by default that takes'],
    [['--shard', '0/3'], '--shard is 0/3: give a part and a number of parts'],
    [['--seed', '-1'], "argument '-1' is invalid. Give a whole number from 0 to 4294967295."],
    [['--jobs', '0'], "argument '0' is invalid. Give a whole number from 1 to 64."],
    [['--timeout', 'x'], "argument 'x' is invalid. Give whole seconds from 1 to 3600."],
    [['--report', 'pdf'], 'Allowed choices are html, junit, tap, json'],
    [['--output', 'lab.html'], '--output is given without --report'],
    [
      ['--report', 'json', '--output', '/nowhere/lab.json'],
      '--output is /nowhere/lab.json, which cannot be written (ENOENT)',
    ],
  ])('%j: status 2, and the remedy', async (flags, message) => {
    const { status, stderr, stdout } = await virtioCryptoLab('run', ...flags);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
    expect(stdout).toBe('');
  });
});

describe('guest', () => {
  test.each([
    [['--scenario', 'self-test'], '--scenario has self-test, which is not known: give some of guest-self-test, '],
    [['--fault', 'interrupt-shared'], '--fault has interrupt-shared, which is not known: give some of none, '],
    [['--features', 'in-order'], '--features has in-order, which is not known: give some of default, direct, qemu, '],
    [['--jobs', '0'], "argument '0' is invalid. Give a whole number from 1."],
    [['--jobs', '1.5'], "argument '1.5' is invalid. Give a whole number from 1."],
    [
      ['--jobs', '9999'],
      /--jobs is 9999: there (is one|are [0-9]+) processors?, and each machine keeps one busy\. Give 1/,
    ],
    [['--modules', '/nowhere', '--kernel', '/nowhere'], "'--modules <folder>' cannot be used with option '--kernel"],
  ] as const)('%j: status 2 before a guest is built, and the remedy', async (flags, message) => {
    const { status, stderr, stdout } = await virtioCryptoLab('guest', ...flags);
    expect(stderr).toEqual(
      typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
    );
    expect(status).toBe(2);
    expect(stdout).toBe('');
  });
});

describe('replay', () => {
  /** A trace of a driver that does `work`. */
  async function record(work: (bench: Awaited<ReturnType<typeof createBench>>) => Promise<void>): Promise<string> {
    const bench = await createBench({ backend: 'inline' });
    const tracer = new DeviceTracer(bench.device, { perSecond: Number.POSITIVE_INFINITY });
    await work(bench);
    const text = toJsonLines(tracer.requestsSince(0));
    await bench.dispose();
    return text;
  }
  const save = async (text: string): Promise<string> => {
    const path = join(folder, 'trace.jsonl');
    await writeFile(path, text);
    return path;
  };
  const hash = { algorithm: 'sha-256', data: new Uint8Array(3) } as const;

  test('finds nothing in a trace of the reference driver, and says what it cannot check', async () => {
    const path = await save(
      await record(async ({ driver }) => {
        for (let i = 0; i < 5; i++) await driver.hash(hash);
      }),
    );
    const { status, stdout } = await virtioCryptoLab('replay', path);
    expect(status).toBe(0);
    expect(stdout).toContain('15 requests');
    expect(stdout).toContain('a trace has no registers and no configuration');
  });

  test('writes the trace for Perfetto, by the rules of its format', async () => {
    const path = await save(await record(async ({ driver }) => void (await driver.hash(hash))));
    const written = join(folder, 'trace.json');
    expect((await virtioCryptoLab('replay', path, '--perfetto', written)).status).toBe(0);
    const text = await readFile(written, 'utf8');
    expect(traceEventProblems(text)).toEqual([]);
    expect(text).toContain('"name":"HASH sha-256"');
    const { status, stderr } = await virtioCryptoLab('replay', path, '--perfetto', '/nowhere/trace.json');
    expect(stderr).toContain('--perfetto is /nowhere/trace.json, which cannot be written (ENOENT): give a file');
    expect(status).toBe(2);
  });

  test('finds sessions that are used and closed after they were closed', async () => {
    const path = await save(
      await record(async ({ driver }) => {
        const key = new Uint8Array(16);
        const { id } = await driver.createCipherSession('aes-cbc', 'encrypt', key);
        await driver.destroySession(id);
        const data = new Uint8Array(16);
        await driver.cipherInSession(id, { algorithm: 'aes-cbc', direction: 'encrypt', iv: data, data });
        await driver.destroySession(id);
      }),
    );
    const { status, stdout } = await virtioCryptoLab('replay', path, '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout).violations).toMatchObject([
      { rule: 'request:session', section: '5.9.7.3' },
      { rule: 'request:destroy-session', section: '5.9.7.2.1' },
    ]);
  });

  test.each([
    ['', 'This is no trace of a virtio crypto device'],
    ['{"format":"virtio-crypto-trace","version":2}\n', 'This is no trace of a virtio crypto device'],
    ['{"format":"virtio-crypto-trace","version":1}\n', 'has no request: record while the driver works'],
    ['{"format":"virtio-crypto-trace","version":1}\n{"serial":1,"que', 'Line 2 of the trace is damaged'],
  ])('refuses %j with status 2', async (text, message) => {
    const { status, stderr } = await virtioCryptoLab('replay', await save(text));
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });

  test('refuses a file that is not there', async () => {
    const { status, stderr } = await virtioCryptoLab('replay', join(folder, 'nothing.jsonl'));
    expect(stderr).toContain('cannot be read (ENOENT): give a .jsonl file');
    expect(status).toBe(2);
  });
});
