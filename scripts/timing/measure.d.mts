/** See measure.mjs. */
export interface Trial {
  memory: Uint8Array;
  pool: number;
  input: number;
  bytes: number;
  prepare?: (chunk: Uint8Array, classes: Uint8Array) => void;
  before?: () => void;
  run: () => void;
  after?: () => void;
}
export function measure(
  trial: Trial,
  options: { samples: number; swap?: boolean; progress?: (done: number) => void },
): Promise<{ t: number; difference: number; error: number }>;
