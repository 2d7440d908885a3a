import { SingleBar } from 'cli-progress';
import type { BootProgress } from '../../machine/boot_watch.ts';
import type { Output } from '../output.ts';

/** Instructions of our own guest's boot, see KERNEL_COMMAND_LINE. */
const BOOT_INSTRUCTIONS = 2.4e9;
/** Where no bar can be drawn, a line is written each half minute. */
const LINE_SECONDS = 30;

export interface BootView {
  progress(progress: BootProgress): void;
  silence(progress: BootProgress): void;
  end(): void;
}

/** Shows how far a boot is: a bar on a terminal, elsewhere a line now and then. The kernel's log needs neither. */
export function bootView(output: Output, { ownGuest, verbose }: { ownGuest: boolean; verbose: boolean }): BootView {
  let seconds = 0;
  let bar: SingleBar | undefined;
  const end = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    progress: ({ instructions }) => {
      seconds++;
      if (verbose) return;
      const value = Math.min(instructions / BOOT_INSTRUCTIONS, 0.99);
      if (output.stream.isTTY === true) {
        bar ??= startBar(output, ownGuest);
        bar.update(Math.round(value * 100), { millions: millions(instructions) });
      } else if (seconds % LINE_SECONDS === 0) {
        output.line(
          `  ${seconds} s: ${millions(instructions)} million instructions${ownGuest ? '' : `, about ${(value * 100).toFixed(0)} % of the boot`}`,
        );
      }
    },
    silence: ({ instructions, silentSeconds, lastLine }) => {
      end();
      output.line(
        `  The guest runs (${millions(instructions)} million instructions), but has written nothing for ${silentSeconds / 60} minutes.` +
          `${lastLine === '' ? '' : ` Its last line: ${lastLine}`}`,
      );
      output.line(
        verbose
          ? '  Ctrl-C ends it.'
          : "  It may be slow, or hang: --verbose shows the kernel's log, --timeout sets a limit, Ctrl-C ends it.",
      );
    },
    end,
  };
}

function startBar(output: Output, ownGuest: boolean): SingleBar {
  const bar = new SingleBar({
    format: ownGuest
      ? '  {millions} million instructions, {duration} s'
      : '  boot {bar} {percentage} %  {millions} million instructions, {duration} s',
    stream: output.stream,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(100, 0, { millions: '0' });
  return bar;
}

const millions = (instructions: number): string => Math.round(instructions / 1e6).toLocaleString('en');
