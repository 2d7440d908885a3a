/** Work in small steps. A caller may pause at each yield. A step takes STEP_MS at most, about, on a slow machine. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** In milliseconds. */
export const STEP_MS = 0.2;

/** Does all the work at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
