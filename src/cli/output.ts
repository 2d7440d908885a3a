import pc from 'picocolors';

/** Where a command's words go: people read them on standard output, unless that is reserved for a machine. */
export interface Output {
  /** A line of the log. */
  line(text: string): void;
  /** A line of the log with a verdict in front. */
  ok(text: string): void;
  failed(text: string): void;
  /** The same stream, for what draws on it itself. */
  readonly stream: NodeJS.WriteStream;
  readonly colors: ReturnType<typeof pc.createColors>;
}

/** @param json whether standard output carries nothing but JSON */
export function commandOutput(json: boolean): Output {
  const stream = json ? process.stderr : process.stdout;
  const colors = pc.createColors(pc.isColorSupported && stream.isTTY === true);
  const line = (text: string) => void stream.write(`${text}\n`);
  return {
    line,
    ok: (text) => line(`${colors.green('✔')} ${text}`),
    failed: (text) => line(`${colors.red('✘')} ${text}`),
    stream,
    colors,
  };
}
