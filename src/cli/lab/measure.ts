import { closeSync, openSync, writeSync } from 'node:fs';
import { SelectionError } from '../../lab/index.ts';
import { takeInterruption } from '../interruption.ts';
import { commandOutput, type Output } from '../output.ts';
import { showProgress } from './progress.ts';
import { htmlReport } from './report/html.ts';
import { jsonReport, junitReport, tapReport } from './report/machine.ts';
import { textReport } from './report/text.ts';
import type { ReportedResult, RunResults } from './results.ts';

export const REPORTS = { html: htmlReport, junit: junitReport, tap: tapReport, json: jsonReport } as const;
export type ReportName = keyof typeof REPORTS;

const EXIT_INTERRUPTED = 130;

/** What runs the cells of a matrix, and where their report goes. */
export interface Measurement {
  /** Number of cells. */
  cells: number;
  report: ReportName | undefined;
  /** The report's file. Default: standard output. */
  path: string | undefined;
  /** Runs the cells, and ends early if the signal is aborted. */
  work(hooks: Hooks): Promise<void>;
}

/** What the work reports to. */
export interface Hooks {
  signal: AbortSignal;
  output: Output;
  /** @param index the cell's place among the cells */
  onResult(result: ReportedResult, index: number): void;
}

/**
 * Runs cells, and writes the report of those that have ended. Returns the exit status: 0 all passed, 1 some did not, 130 interrupted.
 * @throws SelectionError if the report's file cannot be written: before the work, not after it
 */
export async function measure({ cells, report, path, work }: Measurement): Promise<number> {
  const file = path === undefined ? undefined : openReport(path);
  const output = commandOutput(report !== undefined && path === undefined);
  const interruption = takeInterruption();
  const { signal } = interruption;
  const progress = showProgress(cells);
  const began = performance.now();
  const results = new Map<number, ReportedResult>();
  try {
    await work({
      ...{ signal, output },
      onResult: (result, index) => {
        results.set(index, result);
        progress.done(result.passed);
      },
    });
    progress.end();
    const run: RunResults = {
      results: [...results].sort(([a], [b]) => a - b).map(([, result]) => result),
      cells,
      seconds: (performance.now() - began) / 1000,
    };
    if (report !== undefined) {
      const text = REPORTS[report](run);
      if (file === undefined) process.stdout.write(text);
      else writeSync(file, text);
    }
    textReport(run, output);
    if (signal.aborted) {
      output.line('Interrupted.');
      return EXIT_INTERRUPTED;
    }
    return run.results.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    progress.end();
    interruption.end();
    if (file !== undefined) closeSync(file);
  }
}

function openReport(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new SelectionError(
      `--output is ${path}, which cannot be written${code}: give a file in a folder that exists.`,
    );
  }
}
