import type { Machine } from '../machine.ts';
import type { Output } from '../output.ts';

/** Ctrl-], as telnet has it: everything else, Ctrl-C with it, goes to the guest. */
const ESCAPE = 0x1d;

/** Connects the terminal to the guest's shell until Ctrl-] or the end of standard input. */
export async function runInteractive(machine: Machine, output: Output, signal: AbortSignal): Promise<void> {
  output.line('The guest’s shell: Ctrl-] leaves it. Try: cat /proc/crypto');
  showSerial(machine, output);
  machine.send('\n');
  const { stdin } = process;
  const raw = stdin.isTTY === true;
  if (raw) stdin.setRawMode(true);
  stdin.resume();
  try {
    await new Promise<void>((resolve) => {
      stdin.on('data', (bytes: Buffer) => {
        const end = bytes.indexOf(ESCAPE);
        machine.send(bytes.subarray(0, end < 0 ? undefined : end));
        if (end >= 0) resolve();
      });
      stdin.once('end', resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    if (raw) stdin.setRawMode(false);
    stdin.pause();
    stdin.removeAllListeners('data');
  }
}

/**
 * Writes what the guest prints, as it comes; an emulator hands over many bytes in a row.
 * @returns a function that ends it
 */
export function showSerial(machine: Machine, output: Output): () => void {
  let waiting: number[] = [];
  let shown = true;
  machine.onByte((byte) => {
    if (!shown || waiting.push(byte) > 1) return;
    setImmediate(() => {
      output.stream.write(Buffer.from(waiting));
      waiting = [];
    });
  });
  return () => {
    shown = false;
  };
}
