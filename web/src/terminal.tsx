import { effect } from '@preact/signals';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef } from 'preact/hooks';
import { color, dark } from './ui/theme.ts';
import { STAGES } from './vm/stages.ts';
import { alive, hasWork, onBoot, onSerial, phase, stage, vm } from './vm/store.ts';

/** The escape key of telnet. All other keys go to the guest, also the Tab key. */
const ESCAPE = ']';

/** The guest's first serial line. */
export function TerminalView() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => (place.current ? connect(place.current) : undefined), []);
  return (
    <div class="console">
      <div>
        <div ref={place} data-testid="terminal" />
      </div>
      <p class="hint">
        <kbd>Ctrl</kbd>+<kbd>]</kbd> leaves the terminal. Select to copy with <kbd>Ctrl</kbd>+<kbd>C</kbd>, paste with{' '}
        <kbd>Ctrl</kbd>+<kbd>V</kbd>.
      </p>
    </div>
  );
}

/** Draws a terminal into `place`. Returns a function that removes it. */
function connect(place: HTMLElement): () => void {
  const terminal = new Terminal({
    fontSize: 13,
    fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
    screenReaderMode: true,
    scrollback: 5000,
    rows: 20,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  terminal.textarea?.setAttribute('aria-label', 'The guest’s terminal. Control and right bracket leave it.');
  terminal.onData((text) => {
    if (!alive.value) return;
    // The visitor entered a line. The terminal's own answers to the guest contain no end of a line.
    if (text.includes('\r')) hasWork.value = true;
    void vm().type(text);
  });
  terminal.attachCustomKeyEventHandler((event) => {
    if (!event.ctrlKey || event.type !== 'keydown') return true;
    if (event.key === ESCAPE) {
      terminal.blur();
      document.getElementById('tab-experiments')?.focus();
      return false;
    }
    if (event.key === 'c' && terminal.hasSelection()) {
      void navigator.clipboard?.writeText(terminal.getSelection());
      terminal.clearSelection();
      return false;
    }
    // The browser's own paste sends an event that the terminal understands.
    return event.key !== 'v';
  });

  let told = '';
  const tellSize = () => {
    fit.fit();
    const size = `cols ${terminal.cols} rows ${terminal.rows}`;
    if (phase.value !== 'running' || size === told) return;
    told = size;
    // A serial line does not carry the window's size. So a command tells the guest, and its programs get SIGWINCH.
    void vm()
      .run(`stty -F /dev/ttyS0 ${size}`, 10_000)
      .catch(() => {
        told = '';
      });
  };
  const observer = new ResizeObserver(tellSize);
  observer.observe(place);
  const ends = [
    onSerial((bytes) => terminal.write(bytes)),
    onBoot(() => {
      terminal.reset();
      told = '';
    }),
    effect(() => {
      if (phase.value === 'running') tellSize();
    }),
    // The guest itself is silent for most of its boot.
    effect(() => {
      if (phase.value === 'starting') terminal.write(faint(`${STAGES[stage.value]}…`));
    }),
    effect(() => {
      const name = dark.value ? 'dark' : 'light';
      terminal.options.theme = {
        background: color('terminal'),
        foreground: color('text'),
        cursor: color('accent'),
        selectionBackground: name === 'dark' ? '#3a5a8a' : '#b4d2ff',
      };
    }),
  ];
  return () => {
    for (const end of ends) end();
    observer.disconnect();
    terminal.dispose();
  };
}

/** A line of the page itself. It looks different from the guest's lines. */
const faint = (line: string): string => `\u001b[2m${line}\u001b[22m\r\n`;
