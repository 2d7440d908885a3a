import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { engineBuild } from '../engine/load.ts';

/**
 * Lets V8 optimise WebAssembly when it first compiles it, instead of when it has been called often. v86 translates only
 * what ran for long already, in modules of a page each; with this, a small request to the driver takes 63 µs and not 69.
 */
const OPTIMISE_AT_ONCE = '--no-liftoff';
/** Node 20 is the last whose V8 has relaxed SIMD behind a flag: one release later it is on for everybody. */
const RELAXED_SIMD = '--experimental-wasm-relaxed-simd';

/** Signals that ask a process to end, and the one that asks a daemon for its counts. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const;

/** The flags of V8 with which a command runs faster in this Node.js. */
export function wantedFlags(command: string): string[] {
  return [
    ...(command === 'demo' || command === 'guest' ? [OPTIMISE_AT_ONCE] : []),
    ...(engineBuild() === 'simd' ? [RELAXED_SIMD] : []),
  ];
}

/**
 * Starts this program again with flags of V8, once, and ends with its exit status. V8 takes flags at the start alone: Node 26 ends
 * with a fatal error when they change in a process that runs WebAssembly. Returns where this process is to do the work itself: it
 * has the flags, or this Node.js refuses them, or it is not Node.js.
 */
export async function restartWithFlags(flags: readonly string[]): Promise<void> {
  endWithParent();
  const { bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined) return;
  const missing = flags.filter((flag) => !process.execArgv.includes(flag) && isAccepted(flag));
  if (missing.length === 0) return;
  const child = start([...process.execArgv, ...missing, ...process.argv.slice(1)]);
  if (child !== undefined) await endAs(child);
}

/** Node.js ends with "bad option" where it knows a flag no more, so another process tries it first. */
function isAccepted(flag: string): boolean {
  try {
    return spawnSync(process.execPath, [flag, '--eval', '0'], { stdio: 'ignore' }).status === 0;
  } catch {
    // Node's permission model forbids processes: the work is done without the flag.
    return false;
  }
}

function start(args: readonly string[]): ChildProcess | undefined {
  try {
    // The channel tells the child when this process is gone.
    return spawn(process.execPath, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  } catch {
    return undefined;
  }
}

/** Waits for the child, and ends this process in the same way. Returns only where the child could not be started. */
async function endAs(child: ChildProcess): Promise<void> {
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  const end = await new Promise<{ status: number; signal: NodeJS.Signals | null } | undefined>((resolve) => {
    child.once('error', () => resolve(child.pid === undefined ? undefined : { status: 1, signal: null }));
    child.once('exit', (status, signal) => resolve({ status: status ?? 1, signal }));
  });
  for (const signal of FORWARDED) process.off(signal, forward);
  if (end === undefined) return;
  if (end.signal !== null) process.kill(process.pid, end.signal);
  process.exit(end.status);
}

/** Ends this process as SIGTERM does when the process that started it, and has a channel to it, is killed. */
function endWithParent(): void {
  if (!process.connected) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel alone is no reason to stay.
  process.channel?.unref();
}
