import { GuestConsoleError } from '../guest/console.ts';
import { READY_LINE } from '../guest/init.ts';
import { type BootProgress, BootWatch, GONE_SECONDS, STOPPED_SECONDS } from './boot_watch.ts';
import type { Machine } from './machine.ts';

export interface ShellWait {
  /** Whether to probe for a shell until one replies, for an initramfs that is not our own. */
  readonly probe?: boolean;
  readonly signal?: AbortSignal;
  /** The most that the boot may take. Default: as long as the guest is alive, up to half an hour without a word. */
  readonly timeoutMs?: number;
  /** Called once a second. */
  readonly onProgress?: (progress: BootProgress) => void;
  /** Called when the guest runs, and has written nothing for 2 minutes, for 4, for 8 and so on. */
  readonly onSilence?: (progress: BootProgress) => void;
}

/** The shell of a user's own initramfs prints no ready line, so this command is typed until its output appears. */
const PROBE_WORD = 'virtio-crypto-probe';
const PROBE = `echo ${PROBE_WORD}: $((6*7))\n`;
const PROBE_ANSWER = `${PROBE_WORD}: 42`;
const PROBE_LOOKS = 2;
const LOOK_MS = 1_000;
/** The kernel's last words, as kernel/panic.c has them. */
const PANIC = 'Kernel panic - not syncing';

/**
 * Waits until a shell listens on the guest's serial line.
 * @throws GuestConsoleError when the kernel panics, when the guest stops, when it writes nothing for half an hour, and after `timeoutMs`
 */
export async function waitForShell(
  machine: Pick<Machine, 'console' | 'send' | 'onByte' | 'instructionCounter'>,
  { probe = false, signal, timeoutMs = Number.POSITIVE_INFINITY, onProgress, onSilence }: ShellWait = {},
): Promise<void> {
  const watch = new BootWatch(machine.instructionCounter(), probe ? PROBE_WORD : undefined);
  let watching = true;
  machine.onByte((byte) => {
    if (watching) watch.write(byte);
  });
  const end = new AbortController();
  const fail = (message: string) => end.abort(new GuestConsoleError(message, machine.console.tail));
  let looks = 0;
  const timer = setInterval(() => {
    const verdict = watch.look(machine.instructionCounter());
    if (probe && looks++ % PROBE_LOOKS === 0) machine.send(PROBE);
    onProgress?.(watch.progress);
    if (verdict === 'silent') onSilence?.(watch.progress);
    if (verdict === 'stopped') {
      fail(`The guest has stopped: for ${STOPPED_SECONDS} s it ran no instruction and wrote nothing.`);
    }
    if (verdict === 'gone') fail(`The guest runs, but wrote nothing for ${GONE_SECONDS / 60} minutes.`);
  }, LOOK_MS);
  try {
    const [found] = await machine.console.waitFor(
      new RegExp(`${probe ? PROBE_ANSWER : READY_LINE}|${PANIC}[^\\n]*\\n`),
      {
        timeoutMs,
        signal: signal ? AbortSignal.any([signal, end.signal]) : end.signal,
        what: 'a shell after its boot',
      },
    );
    if (found.startsWith(PANIC)) {
      throw new GuestConsoleError(`The guest's kernel gave up: ${found.trim()}`, machine.console.tail);
    }
  } finally {
    watching = false;
    clearInterval(timer);
  }
}
