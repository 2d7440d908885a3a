import type { Runner } from './implementation.ts';

/** What can be timed. */
export type Timed = Pick<Runner, 'learns' | 'run'>;

/** How a row's time is spent. */
export interface Pace {
  /** Milliseconds in which each implementation warms up and finds its pace. */
  warmUp: number;
  /** Milliseconds of one round of one implementation. */
  round: number;
  /** Rounds, an odd number: the median is then one of them. */
  rounds: number;
}

const ROUNDS_MAX = 21;
const ROUNDS_MIN = 5;
const ROUND_MIN = 15;
/** The part of a row's time that goes into warming up. */
const WARM_UP = 0.2;

/** Divides `milliseconds` among implementations and rounds: rather many rounds than long ones, as drift demands. */
export function paceFor(milliseconds: number, implementations: number): Pace {
  const each = milliseconds / implementations;
  const left = each * (1 - WARM_UP);
  const fitting = Math.floor(left / ROUND_MIN);
  const rounds = Math.min(Math.max(fitting - ((fitting + 1) % 2), ROUNDS_MIN), ROUNDS_MAX);
  return { warmUp: each * WARM_UP, round: left / rounds, rounds };
}

/**
 * Measures implementations side by side: a round of each in turn, another one first each time and each after another one, so that
 * whatever slows the machine down, and whatever garbage one leaves to the next, slows all of them. Returns, for each, its seconds per workload in each round.
 */
export async function measureRounds(
  runners: readonly Timed[],
  pace: Pace,
  signal: AbortSignal | undefined,
): Promise<number[][]> {
  const times: number[] = [];
  for (const runner of runners) times.push(await calibrate(runner, pace, signal));
  const seconds = runners.map((): number[] => []);
  const strides = runners.map((_, index) => index + 1).filter((stride) => coprime(stride, runners.length));
  for (let round = 0; round < pace.rounds; round++) {
    const stride = strides[round % strides.length] ?? 1;
    for (let turn = 0; turn < runners.length; turn++) {
      const which = (round + turn * stride) % runners.length;
      const count = times[which] ?? 1;
      const elapsed = await run(runners[which], count, signal);
      seconds[which]?.push(elapsed / 1000 / count);
    }
  }
  return seconds;
}

function coprime(a: number, b: number): boolean {
  return b === 0 ? a === 1 : coprime(b, a % b);
}

/** Runs for at least the time to warm up, and returns how many times the workload fits into a round. */
async function calibrate(runner: Timed, pace: Pace, signal: AbortSignal | undefined): Promise<number> {
  let spent = 0;
  let count = 1;
  while (true) {
    const elapsed = await run(runner, count, signal);
    spent += elapsed;
    const fitting = Math.max(1, Math.round((count * pace.round) / Math.max(elapsed, 0.001)));
    // The last trial decides: it was the longest one, and the warmest.
    if (spent >= Math.max(pace.warmUp, runner.learns ?? 0)) return fitting;
    count = Math.min(count * 4, fitting);
  }
}

async function run(runner: Timed | undefined, times: number, signal: AbortSignal | undefined): Promise<number> {
  // A turn of the event loop, in which a signal may arrive.
  await nextTurn();
  signal?.throwIfAborted();
  return runner ? runner.run(times) : 0;
}

/** As soon as this host's event loop has had its turn: a browser has timers alone. */
function nextTurn(): Promise<void> {
  const { setImmediate: soon = setTimeout } = globalThis as Partial<typeof globalThis>;
  return new Promise((resolve) => void soon(resolve));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
