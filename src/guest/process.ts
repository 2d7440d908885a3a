import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export interface ProcessResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  /** Lines that the child writes to its descriptor 3. */
  readonly onStatusLine?: (line: string) => void;
}

/** How long a child may tidy up after SIGTERM before it is killed. */
const GRACE_MS = 2000;
/** Enough for every index listing; a child that says more than this has gone astray, and only the end of it is of use. */
const MAX_OUTPUT = 8 << 20;

/** Those of the named programs that PATH does not hold. */
export async function missingPrograms(names: readonly string[]): Promise<string[]> {
  const { PATH = '' } = process.env;
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(
    names.map(async (name) => {
      for (const folder of folders) {
        try {
          await access(join(folder, name), constants.X_OK);
          return true;
        } catch {
          // not in this folder: the next one may have it
        }
      }
      return false;
    }),
  );
  return names.filter((_, index) => found[index] !== true);
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // the whole group has ended already
  }
}

/**
 * Runs a program to its end, without a shell. The child leads a group of its own: apt-get starts download methods and
 * dpkg-deb starts tar, and an abort has to end them all before the folder they write to is removed.
 */
export function runProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  const { signal, onStatusLine } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const child = spawn(program, args, {
      cwd: options.cwd,
      detached: true,
      // Messages are parsed: they must not be translated, and no front end may ask a question.
      env: { ...process.env, LC_ALL: 'C', LANGUAGE: '', DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe', onStatusLine === undefined ? 'ignore' : 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] = (output[name] + text).slice(-MAX_OUTPUT);
      });
    }
    if (onStatusLine !== undefined) readLines(child, onStatusLine);

    let grace: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      killGroup(child, 'SIGTERM');
      grace = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS);
    };
    const onExit = (): void => killGroup(child, 'SIGKILL');
    signal?.addEventListener('abort', onAbort, { once: true });
    process.once('exit', onExit);
    const tidy = (): void => {
      clearTimeout(grace);
      signal?.removeEventListener('abort', onAbort);
      process.removeListener('exit', onExit);
    };
    child.once('error', (error) => {
      tidy();
      reject(error);
    });
    child.once('close', (code) => {
      tidy();
      if (signal?.aborted === true) reject(signal.reason);
      else resolve({ status: code ?? -1, ...output });
    });
  });
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  const stream = child.stdio[3];
  if (stream === null || stream === undefined) return;
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

/** The last lines of what a program complained about, for a message. */
export function lastLines(text: string, count = 4): string {
  return text.trim().split('\n').slice(-count).join('\n');
}
