import { type ChildProcess, spawn } from 'node:child_process';

/** A program that is given up if it stands still: on a busy machine it may take long, but it always says or does something. */
export interface WatchedOptions {
  env?: Record<string, string>;
  /** A number that grows while the program does something although it says nothing. */
  progress?: () => number;
  /** Called with everything that it has said so far, whenever it says more. */
  onOutput?: (output: string, child: ChildProcess) => void;
}

const STILL_MS = 240_000;

/** Runs a program to its end, without a shell. Resolves with its status and all that it said; rejects if it stands still. */
export function runWatched(
  program: string,
  args: readonly string[],
  { env = {}, progress = () => 0, onOutput = () => {} }: WatchedOptions = {},
): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let output = '';
    let last = -1;
    let still = false;
    const watch = setInterval(() => {
      const now = output.length + progress();
      still = now === last;
      last = now;
      if (still) child.kill('SIGKILL');
    }, STILL_MS);
    const end = () => {
      clearInterval(watch);
      process.off('exit', onExit);
    };
    const onExit = () => child.kill('SIGKILL');
    process.once('exit', onExit);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('latin1').on('data', (text: string) => {
        output += text;
        onOutput(output, child);
      });
    }
    child.once('error', (error) => {
      end();
      reject(error);
    });
    child.once('close', (status) => {
      end();
      if (still)
        reject(new Error(`${program} stood still for ${STILL_MS / 1000} s. It said last:\n${output.slice(-2000)}`));
      else resolve({ status, output });
    });
  });
}
