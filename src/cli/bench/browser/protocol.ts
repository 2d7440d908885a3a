// What passes between the command and the page that it measures in. All of it survives being copied.
import type { BackendOptions } from '../../../backend/options.ts';
import type { CaseName } from '../cases.ts';
import type { RowResult } from '../run.ts';

/** One row to measure, with all backends. */
export interface RowOrder {
  case: CaseName;
  bytes: number;
  batch: number;
  /** What node:crypto makes of the row's workload, by resultDigest(). */
  expected: string;
  options: Omit<BackendOptions, 'backend'>;
  rowMilliseconds: number;
}

/** What came out, or the reason why nothing did. */
export type RowAnswer = Pick<RowResult, 'speeds' | 'costs'> | { error: string };

/** What the page says of itself. */
export interface PageFacts {
  isolated: boolean;
  /** The engine's build that it takes. */
  build: string;
}

/** What a figure depends on, beside the code. */
export interface BrowserFacts extends PageFacts {
  browser: string;
  cpu: string;
  cores: number;
}

/** What the page answers to. */
export interface BenchPage {
  facts(): PageFacts;
  measure(order: RowOrder): Promise<RowAnswer>;
}
