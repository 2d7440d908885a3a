import { basename } from 'node:path';
import { GuestBuildError } from './errors.ts';
import { outsideCause } from './outside_cause.ts';
import { lastLines, runProcess } from './process.ts';

/** A kernel package holds 300 MB of modules: only the paths that match are written, the rest runs by. */
const UNPACK_SOME =
  'archive=$1; root=$2; shift 2; dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$root" --no-same-owner --wildcards "$@"';

/** Unpacks a Debian package as an ordinary user: no maintainer script runs, and no file of the system is touched. */
export async function unpackDeb(
  archive: string,
  root: string,
  patterns: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { status, stderr } =
    patterns.length === 0
      ? await runProcess('dpkg-deb', ['-x', archive, root], { signal })
      : await runProcess('sh', ['-c', UNPACK_SOME, 'unpack', archive, root, ...patterns], { signal });
  if (status === 0) return;
  throw (
    outsideCause(stderr) ??
    new GuestBuildError(
      'unpack-failed',
      `The package ${basename(archive)} could not be unpacked into ${root}: ${lastLines(stderr)}\n` +
        'It may be damaged: try again.',
    )
  );
}
