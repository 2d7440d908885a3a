import { statfs } from 'node:fs/promises';
import { GuestBuildError, OWN_GUEST_REMEDY } from './errors.ts';
import { lastLines } from './process.ts';

/** A disk with less than this is full, for a program that writes files of megabytes. */
const FULL_BYTES = 65_536;
const LOOK_MS = 1_000;
/** A program that ends by itself on a full disk says more than its end by us does. */
const LOOKS_BEFORE_END = 3;

/** As the C library and apt's download methods say it, in the locale C. */
const DISK_FULL = /No space left on device|Disk quota exceeded|don't have enough free space/;
const NO_NETWORK =
  /Temporary failure resolving|Could not resolve|Something wicked happened resolving|Could not connect|Cannot initiate the connection|Unable to connect|Connection (failed|refused|timed out|reset)|Network is unreachable|No route to host/;

/** What a build needs for a time, measured with a bounded disk. */
const BUILD_MB = 150;

/**
 * The error for a program that failed because of the disk or the network, neither of which is a matter of packages.
 * @param complaint what the program wrote on standard error
 * @returns undefined where it failed for another reason
 */
export function outsideCause(complaint: string): GuestBuildError | undefined {
  if (DISK_FULL.test(complaint)) return new GuestBuildError('disk-full', lastLines(complaint));
  const lines = complaint.split('\n').filter((line) => NO_NETWORK.test(line));
  if (lines.length === 0) return undefined;
  return new GuestBuildError(
    'network-unreachable',
    `Debian's package server cannot be reached:\n${lastLines(lines.join('\n'), 2)}\n` +
      'The guest is built from the network once, and kept in a cache afterwards. Check the network (and http_proxy, where there is a\n' +
      `proxy), or copy the cache folder of a machine that has built it (--cache-dir names it).\n${OWN_GUEST_REMEDY}`,
  );
}

/** The error for a disk that is full, as a program or Node.js itself found it, with the folder's name; undefined for another error. */
export function diskFull(error: unknown, folder: string): GuestBuildError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const byProgram = error instanceof GuestBuildError && error.reason === 'disk-full';
  if (!byProgram && code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new GuestBuildError(
    'disk-full',
    `The disk that holds ${folder} is full: a build of the guest takes ${BUILD_MB} MB for a time.\n` +
      'Free some space, or choose a folder on another disk (--cache-dir, XDG_CACHE_HOME, or the option cacheDir).',
    [],
    { cause: error },
  );
}

/**
 * Runs a program as long as its disk has room: apt-get 2.6 waits for ever for a download that it cannot write.
 * @param run gets the signal that ends the program
 * @param freeBytes tells how much room there is
 * @throws GuestBuildError `disk-full` when the disk stayed full for some seconds and the program did not end
 */
export async function whileDiskHasRoom<T>(
  folder: string,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
  freeBytes: () => Promise<number> = () => statfs(folder).then(({ bavail, bsize }) => bavail * bsize),
): Promise<T> {
  const full = new AbortController();
  let looks = 0;
  const timer = setInterval(() => {
    freeBytes().then(
      (bytes) => {
        looks = bytes < FULL_BYTES ? looks + 1 : 0;
        if (looks >= LOOKS_BEFORE_END) full.abort(new GuestBuildError('disk-full', 'No space left on device'));
      },
      // The folder is gone, or cannot be asked: the program will say so.
      () => clearInterval(timer),
    );
  }, LOOK_MS);
  try {
    return await run(signal ? AbortSignal.any([signal, full.signal]) : full.signal);
  } finally {
    clearInterval(timer);
  }
}
