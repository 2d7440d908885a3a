/** See welch.mjs. */
export class WelchTest {
  add(index: 0 | 1, value: number): void;
  get count(): number;
  get difference(): number;
  get error(): number;
  get t(): number;
}
export function cropsOf(timings: Float64Array): number[];
export class CroppedTest {
  constructor(crops: readonly number[]);
  add(index: 0 | 1, timing: number): void;
  get most(): WelchTest;
  get worst(): WelchTest;
}
