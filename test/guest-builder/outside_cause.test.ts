// Builds that the disk or the network stops, with programs that say what Debian 12's apt said there.
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildGuestFrom } from '../../src/guest/build.ts';
import { GuestBuildError } from '../../src/guest/errors.ts';
import { buildGuest } from '../../src/guest/index.ts';
import { diskFull, whileDiskHasRoom } from '../../src/guest/outside_cause.ts';
import { FAKE_TREE, FakeSource } from './fakes.ts';

const OFFLINE =
  "W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.debian.org'\n" +
  'W: Some index files failed to download. They have been ignored, or old ones used instead.';
const NO_ROOM =
  'E: Failed to fetch http://deb.debian.org/debian/dists/bookworm/main/binary-i386/Packages  Write error - write (28: No space left on device)';

let folder: string;
let cacheDir: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outside-cause-'));
  cacheDir = join(folder, 'cache');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Programs of apt's names in front of the system's, each of which says something on standard error and ends. */
async function standIns(programs: Record<string, { says: string; status: number }>): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const [name, { says, status }] of Object.entries(programs)) {
    await writeFile(join(bin, `${name}.txt`), `${says}\n`);
    await writeFile(join(bin, name), `#!/bin/sh\ncat '${bin}/${name}.txt' >&2\nexit ${status}\n`);
    await chmod(join(bin, name), 0o755);
  }
  for (const name of ['dpkg-deb', 'tar']) {
    await writeFile(join(bin, name), '#!/bin/sh\nexit 1\n');
    await chmod(join(bin, name), 0o755);
  }
  const { PATH = '' } = process.env;
  vi.stubEnv('PATH', `${bin}:${PATH}`);
}

test('no network and an empty cache: the error names the server, not a package source', async () => {
  // apt warns of it, and ends well.
  await standIns({
    'apt-get': { says: OFFLINE, status: 0 },
    'apt-cache': { says: 'E: No packages found', status: 100 },
  });
  const failure = await buildGuest({ cacheDir }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'GuestBuildError', reason: 'network-unreachable' });
  expect(String(failure)).toMatch(
    /cannot be reached:\nW: Failed to fetch .* 'deb.debian.org'\n.*http_proxy.*--cache-dir/s,
  );
  expect(String(failure)).not.toContain('bookworm", main');
  expect(await readdir(cacheDir)).toEqual([]);
});

test('a full disk under apt: the error names the cache folder and what a build takes', async () => {
  await standIns({
    'apt-get': { says: NO_ROOM, status: 100 },
    'apt-cache': { says: 'E: No packages found', status: 100 },
  });
  const failure = await buildGuest({ cacheDir }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'GuestBuildError', reason: 'disk-full' });
  expect(String(failure)).toContain(`The disk that holds ${cacheDir} is full`);
  expect(await readdir(cacheDir)).toEqual([]);
});

test('a package that is missing while server and disk are well is still called that', async () => {
  await standIns({
    'apt-get': { says: '', status: 0 },
    'apt-cache': { says: 'E: No packages found', status: 100 },
  });
  await expect(buildGuest({ cacheDir })).rejects.toMatchObject({
    reason: 'packages-unresolved',
    missing: ['linux-image-686'],
  });
});

test.each(['ENOSPC', 'EDQUOT'])('a full disk under Node.js itself (%s) is named in the same way', async (code) => {
  const source = new FakeSource(FAKE_TREE, (step) => {
    if (step === 'unpack') throw Object.assign(new Error('write'), { code });
  });
  const failure = await buildGuestFrom(source.parts(), { cacheDir }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(GuestBuildError);
  expect(failure).toMatchObject({ reason: 'disk-full', cause: { code } });
  expect(String(failure)).toContain(cacheDir);
});

describe('a program on a disk that fills up', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

  test('is ended when it does not end by itself, and the error is that of the disk', async () => {
    const ended = whileDiskHasRoom('.', undefined, untilAborted, async () => 0);
    const caught = ended.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await caught).toMatchObject({ reason: 'disk-full' });
    expect(diskFull(await caught, '/some/cache')?.message).toContain('The disk that holds /some/cache is full');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is left alone where there is room again, and where nothing can be known', async () => {
    let free = 0;
    const run = () => new Promise<string>((resolve) => setTimeout(() => resolve('done'), 10_000));
    const ended = whileDiskHasRoom('.', undefined, run, async () => (free = free === 0 ? 1e9 : 0));
    const other = whileDiskHasRoom('.', undefined, run, () => Promise.reject(new Error('gone')));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await Promise.all([ended, other])).toEqual(['done', 'done']);
  });

  test('is ended by the caller’s signal as before', async () => {
    const caller = new AbortController();
    const ended = whileDiskHasRoom('.', caller.signal, untilAborted, async () => 1e9);
    caller.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
  });
});
