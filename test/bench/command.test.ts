import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CASE_NAMES } from '../../src/cli/bench/cases.ts';
import { IMPLEMENTATIONS } from '../../src/cli/bench/implementation.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = 'dist/src/cli/main.js';
const ONE_ROW_EACH = ['--size', '16', '--batch', '1', '--quick'];
const TWO_ROWS = [...ONE_ROW_EACH, '--case', 'aes-128-cbc-decrypt', 'sha-256'];

interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

function bench(args: readonly string[], root = ROOT, environment: Record<string, string> = {}): Promise<Ended> {
  const env = { ...process.env, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, MAIN), 'bench', ...args], { env }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe('bench --json', () => {
  it('prints one array and nothing else', async () => {
    const { status, stdout, stderr } = await bench([...ONE_ROW_EACH, '--json']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const results: { case: string; implementation: string }[] = JSON.parse(stdout);
    expect(new Set(results.map((result) => result.case))).toEqual(new Set(CASE_NAMES));
    expect(new Set(results.map((result) => result.implementation))).toEqual(new Set(IMPLEMENTATIONS));
    expect(results).toContainEqual({
      case: 'aes-128-cbc-decrypt',
      bytes: 16,
      batch: 1,
      implementation: 'node-masked',
      MBps: expect.any(Number),
      opsPerSecond: expect.any(Number),
    });
  });
});

describe('bench', () => {
  it('measures the cases that are named, and no others', async () => {
    const { stdout } = await bench([...TWO_ROWS, '--json']);
    const results: { case: string; implementation: string }[] = JSON.parse(stdout);
    expect(results.map((result) => `${result.case} ${result.implementation}`)).toEqual([
      ...['engine', 'node', 'node-masked', 'noble'].map((name) => `aes-128-cbc-decrypt ${name}`),
      ...['engine', 'node', 'node-masked', 'webcrypto', 'noble', 'hash-wasm'].map((name) => `sha-256 ${name}`),
    ]);
  });

  it('prints what the rings cost', async () => {
    const { status, stdout } = await bench(['--overhead', '--ring', 'packed', '--quick']);
    expect(status).toBe(0);
    expect(stdout).toContain('packed ring');
    expect(stdout).toMatch(/^A notification of an empty queue: [0-9.]+ ns$/m);
  });

  it('prints a table without colour where nobody looks at a terminal', async () => {
    const { status, stdout } = await bench(TWO_ROWS);
    expect(status).toBe(0);
    expect(stdout).toContain('OPENSSL_ia32cap=~0x200000200000000:~0x20000000');
    expect(stdout).not.toContain('\u001b');
  });

  it('leaves out what is not installed, and says so', async () => {
    const root = await mkdtemp(join(tmpdir(), 'virtio-crypto-bench-'));
    try {
      await installWithoutDevDependencies(root);
      const { status, stdout, stderr } = await bench([...TWO_ROWS, '--json'], root);
      for (const [name, packages] of [
        ['noble', '@noble/ciphers or @noble/hashes'],
        ['hash-wasm', 'hash-wasm'],
        ['libsodium', 'libsodium-wrappers'],
      ]) {
        expect(stderr).toContain(`note: ${name} is left out: ${packages} is not installed`);
      }
      expect(status).toBe(0);
      const results: { implementation: string }[] = JSON.parse(stdout);
      expect(new Set(results.map((result) => result.implementation))).toEqual(
        new Set(['engine', 'node', 'node-masked', 'webcrypto']),
      );
      const charts = await bench(['--charts'], root);
      expect(charts.status).toBe(1);
      expect(charts.stderr).toContain('Charts need vega and vega-lite, which are not installed');
      const browser = await bench(['--browser'], root);
      expect(browser.status).toBe(1);
      expect(browser.stderr).toContain('The page needs vite, which is not installed');
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('says what to install where there is no browser', async () => {
    const { status, stdout, stderr } = await bench(['--browser'], ROOT, { CHROMIUM: '/no/chromium' });
    expect(stderr).toMatch(
      /^There is no Chromium at \/no\/chromium: install it .*, or name another in the environment/,
    );
    expect(status).toBe(1);
    expect(stdout).toBe('');
  });

  it.each([
    [['--size', '17'], "'--size <bytes...>' argument '17' is invalid. Give multiples of 16 from 16 to 1048576."],
    [['--size', '16', '-16'], "argument '-16' is invalid"],
    [['--size', '16', '4k'], "argument '4k' is invalid"],
    [['--batch', '0'], "'--batch <n...>' argument '0' is invalid. Give whole numbers from 1 to 1024."],
    [['--batch', '1025'], "argument '1025' is invalid"],
    [['--size', '1048576', '--batch', '1024'], 'Give a size and a batch whose product is at most 67108864.'],
    [['--case', 'aes-256-cbc'], "argument 'aes-256-cbc' is invalid. Give some of aes-128-cbc-encrypt"],
    [['--ring', 'round'], 'Allowed choices are split, packed.'],
    [['--charts', '--size', '64'], "'--charts' cannot be used with option '--size <bytes...>'"],
    [['--overhead', '--json'], "'--overhead' cannot be used with option '--json'"],
    [['--ipsec', '--size', '64'], "'--ipsec' cannot be used with option '--size <bytes...>'"],
    [['--browser', '--charts'], "'--browser' cannot be used with option '--charts'"],
    [['extra'], 'too many arguments'],
  ])('refuses %j with status 2', async (args, message) => {
    const { status, stdout, stderr } = await bench(args);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
    expect(stdout).toBe('');
  });
});

describe.skipIf(process.platform !== 'linux')('Ctrl-C', () => {
  it('ends bench with status 130, and the masked process with it', async () => {
    const child = spawn(process.execPath, [join(ROOT, MAIN), 'bench', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
    let written = '';
    child.stdout.on('data', (data: Buffer) => {
      written += data.toString();
    });
    const masked = await maskedProcessOf(child);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(written).toBe('');
    await expect.poll(() => isRunning(masked)).toBe(false);
  });
});

/** What a package manager leaves behind when it installs the package alone. */
async function installWithoutDevDependencies(root: string): Promise<void> {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  );
  await cp(join(ROOT, 'package.json'), join(root, 'package.json'));
  await cp(join(ROOT, 'dist'), join(root, 'dist'), { recursive: true });
  for (const name of Object.keys(manifest.dependencies)) {
    const target = join(root, 'node_modules', name);
    await mkdir(dirname(target), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), target);
  }
}

/** The masked process below bench's, once it runs: bench may have started itself anew, with flags of V8, in between. */
async function maskedProcessOf({ pid }: ChildProcess): Promise<number> {
  let found: number | undefined;
  await expect
    .poll(async () => {
      for (const below of await descendants(Number(pid))) {
        const command = await readFile(`/proc/${below}/cmdline`, 'utf8').catch(() => '');
        if (command.includes('masked_child')) found = below;
      }
      return found !== undefined;
    })
    .toBe(true);
  return found ?? expect.unreachable();
}

async function descendants(pid: number): Promise<number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = listed.split(' ').filter(Boolean).map(Number);
  const below = await Promise.all(children.map(descendants));
  return [...children, ...below.flat()];
}

async function isRunning(pid: number): Promise<boolean> {
  const entries = await readdir(`/proc/${pid}`).catch(() => []);
  return entries.length > 0;
}
