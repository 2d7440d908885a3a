import { SingleBar } from 'cli-progress';
import type { Row } from './cases.ts';

/** How far a benchmark has come, on a terminal's standard error; nothing where that is none. */
export class RowProgress {
  readonly #bar = new SingleBar({
    format: 'bench {bar} {value}/{total}  {row}',
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
    hideCursor: true,
  });

  start(rows: number): void {
    if (process.stderr.isTTY) this.#bar.start(rows, 0, { row: '' });
  }

  show(row: Row, index: number): void {
    if (this.#bar.isActive)
      this.#bar.update(index, { row: `${row.case.name}, ${row.bytes} bytes, batch ${row.batch}` });
  }

  stop(): void {
    this.#bar.stop();
  }
}
