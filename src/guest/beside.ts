import { DEVICE_DRIVER, GuestMeasureError, type GuestShell, parseSkcipherClock, SOFTWARE_DRIVER } from './measure.ts';
import { SKCIPHER_CLOCK } from './skcipher-clock.ts';

/**
 * How much of its own speed a computing process in the guest keeps while another one there has the kernel encrypt
 * AES-128-CBC, 8 requests of 64 KiB in flight. The guest has one processor: whatever encrypting takes of it (the copies
 * into the kernel and the driver's work, and with software the cipher itself), the computing process has not.
 *
 * Seconds of computing alone and of computing beside alternate, and the median of their ratios counts: whatever else
 * the host is doing then weighs on both.
 */
export interface BesideFigure {
  /** As /proc/crypto names it. */
  readonly driver: string;
  /** What the encrypting process asks for, in 10^6 bytes a second; undefined if batch follows upon batch. */
  readonly askedMBps: number | undefined;
  /** What it got; where it asks for all it can, more than while the other computes, since it starts earlier and ends later. */
  readonly MBps: number;
  /** Iterations a second of the computing process. */
  readonly alone: number;
  readonly beside: number;
  /** The part of its speed that the computing process kept. */
  readonly kept: number;
}

const BYTES = 65536;
const IN_FLIGHT = 8;
const BATCH_BYTES = BYTES * IN_FLIGHT;
/** From one batch to the next: 10.5 MB/s, a little more than software encrypts when it has the processor to itself. */
export const INTERVAL_MILLISECONDS = 50;
export const BESIDE_ROUNDS = 5;
const SECONDS = 2;
/** The encrypting process works for longer: its start, and its end, are none of what the computing one is measured beside. */
const CLOCK_SECONDS = SECONDS + 2;

export const BESIDE_CASES: readonly { readonly driver: string; readonly interval: number | undefined }[] = [
  { driver: SOFTWARE_DRIVER, interval: INTERVAL_MILLISECONDS },
  { driver: DEVICE_DRIVER, interval: INTERVAL_MILLISECONDS },
  { driver: SOFTWARE_DRIVER, interval: undefined },
  { driver: DEVICE_DRIVER, interval: undefined },
];

/** Steps of a generator of numbers, counted for some seconds of the monotonic clock (system call 265 of i386). */
export const COMPUTE_COMMAND =
  'perl -e \'my $t = "\\0" x 8; sub now { syscall 265, 1, $t; my ($s, $n) = unpack "lL", $t; $s + $n / 1e9 } ' +
  'my ($x, $n, $start, $now) = (1, 0, now()); $now = $start; ' +
  `while ($now - $start < ${SECONDS}) { $x = ($x * 69069 + 12345) & 0xffff for 1 .. 1000; $n += 1000; $now = now() } ` +
  'printf "compute: %.0f a second\\n", $n / ($now - $start)\'';

export function besideCommand(driver: string, interval: number | undefined): string {
  const clock =
    `${SKCIPHER_CLOCK} '${driver}' ${BYTES} ${IN_FLIGHT} ${CLOCK_SECONDS * 1000} ${interval ?? ''}`.trimEnd();
  return `${clock} > /tmp/clock 2>&1 & sleep 1; ${COMPUTE_COMMAND}; wait; cat /tmp/clock`;
}

export function parseCompute(text: string): number | undefined {
  const iterations = Number(/^compute: (\d+) a second$/m.exec(text)?.[1]);
  return iterations > 0 ? iterations : undefined;
}

/** Bytes a second that skcipher-clock encrypted in all: of the batches, it has left out the first third. */
function encryptedMBps(text: string): number | undefined {
  const batches = Number(/ in flight (\d+) batches /.exec(text)?.[1]);
  return parseSkcipherClock(text) && batches > 0 ? (batches * 1.5 * BATCH_BYTES) / CLOCK_SECONDS / 1e6 : undefined;
}

/**
 * Measures each case in turn, with virtio_crypto loaded. Takes about 2 minutes.
 * @param onRound called after each of the BESIDE_ROUNDS of a case
 * @throws GuestMeasureError with what the guest printed, where it lacks perl or skcipher-clock
 */
export async function measureBeside(shell: GuestShell, onRound: () => void = () => {}): Promise<BesideFigure[]> {
  const figures: BesideFigure[] = [];
  for (const { driver, interval } of BESIDE_CASES) {
    const rounds: { MBps: number; alone: number; beside: number }[] = [];
    for (let round = 0; round < BESIDE_ROUNDS; round++) {
      const answers = [await shell.run(COMPUTE_COMMAND), await shell.run(besideCommand(driver, interval))] as const;
      const [alone, beside, MBps] = [parseCompute(answers[0]), parseCompute(answers[1]), encryptedMBps(answers[1])];
      if (alone === undefined || beside === undefined || MBps === undefined) {
        throw new GuestMeasureError(`The guest did not measure computing beside ${driver}:\n${answers.join('')}`);
      }
      rounds.push({ MBps, alone, beside });
      onRound();
    }
    figures.push({
      driver,
      askedMBps: interval === undefined ? undefined : BATCH_BYTES / interval / 1000,
      MBps: median(rounds.map((round) => round.MBps)),
      alone: median(rounds.map((round) => round.alone)),
      beside: median(rounds.map((round) => round.beside)),
      kept: median(rounds.map(({ alone, beside }) => beside / alone)),
    });
  }
  return figures;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
