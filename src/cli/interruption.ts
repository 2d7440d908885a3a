/** What a user who asks the program to end, with Ctrl-C or a signal, asks of a command. */
export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Gives the signals their usual effect again. */
  end(): void;
}

/**
 * Takes SIGINT and SIGTERM. A terminal's Ctrl-C may arrive more than once, from the terminal and from the process that started this
 * one: all but the first do nothing.
 */
export function takeInterruption(): Interruption {
  const interruption = new AbortController();
  const onSignal = () => interruption.abort(new Error('Interrupted.'));
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: interruption.signal,
    end: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
