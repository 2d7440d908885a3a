// The statistic of dudect (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?", DATE 2017): whether two classes of
// timings have the same mean, by Welch's t-test. The long tail of timings is the machine's, so that the test is made again and
// again without it: each time over the timings below another percentile.

/** Crops beside the test over all timings, as in dudect. */
const CROPS = 100;
/** The crop below which 97 % of the timings lie: without the machine's pauses, and with nearly all of the kernel's times. */
const MOST = 49;
/** A test over fewer timings of a class says nothing. */
const TIMINGS_MIN = 2000;

/** Welch's t-test of two classes, fed one value at a time (Welford's sums, which lose no digits). */
export class WelchTest {
  #count = [0, 0];
  #mean = [0, 0];
  #squares = [0, 0];

  /** @param {0 | 1} index the value's class */
  add(index, value) {
    const count = ++this.#count[index];
    const delta = value - this.#mean[index];
    this.#mean[index] += delta / count;
    this.#squares[index] += delta * (value - this.#mean[index]);
  }

  /** Values of the smaller class. */
  get count() {
    return Math.min(...this.#count);
  }

  /** How much larger the mean of class 1 is. */
  get difference() {
    return this.#mean[1] - this.#mean[0];
  }

  /** The standard error of the difference. */
  get error() {
    return Math.sqrt([0, 1].reduce((sum, i) => sum + this.#squares[i] / (this.#count[i] - 1) / this.#count[i], 0));
  }

  /** Student's t, above 0 where class 1 takes longer; 0 where no value differs from another. */
  get t() {
    if (this.count < 2 || this.difference === 0) return 0;
    return this.difference / this.error;
  }
}

/**
 * Where timings are cropped: dudect's percentiles, dense where most timings are.
 * @param {Float64Array} timings of a first batch, which takes no part in the tests
 */
export function cropsOf(timings) {
  const sorted = timings.toSorted();
  return Array.from({ length: CROPS }, (_, i) => {
    const share = 1 - 0.5 ** ((10 * (i + 1)) / CROPS);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  });
}

/** The test over all timings and over those below each crop. */
export class CroppedTest {
  #all = new WelchTest();
  /** @type {{ crop: number, test: WelchTest }[]} */
  #cropped;

  /** @param {readonly number[]} crops in ascending order */
  constructor(crops) {
    this.#cropped = crops.map((crop) => ({ crop, test: new WelchTest() }));
  }

  /** @param {0 | 1} index the timing's class */
  add(index, timing) {
    this.#all.add(index, timing);
    for (let i = this.#cropped.length - 1; i >= 0 && timing < this.#cropped[i].crop; i--) {
      this.#cropped[i].test.add(index, timing);
    }
  }

  /** The test over nearly all timings, whose error says how small a difference would be seen. */
  get most() {
    return this.#cropped[MOST].test;
  }

  /** The test with the largest |t| of those with timings enough. */
  get worst() {
    const tests = [this.#all, ...this.#cropped.map(({ test }) => test).filter(({ count }) => count >= TIMINGS_MIN)];
    return tests.reduce((worst, test) => (Math.abs(test.t) > Math.abs(worst.t) ? test : worst));
  }
}
