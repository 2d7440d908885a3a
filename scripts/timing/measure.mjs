// Times the two classes of a trial in random order.
import { randomFillSync } from 'node:crypto';
import { CroppedTest, cropsOf } from './welch.mjs';

/** Timings between two draws of inputs. */
const CHUNK = 1000;
/** Until V8 has optimised what is timed. Another batch after them says where to crop. */
const WARM_UP = 4 * CHUNK;
const CROP_BATCH = 4 * CHUNK;

/**
 * What is timed, over a WebAssembly memory of its own.
 * @typedef {object} Trial
 * @property {string} algorithm
 * @property {string} what which part of its work, and how its two classes differ
 * @property {Uint8Array} memory the WebAssembly memory
 * @property {number} pool where inputs stand before they are used, room for CHUNK of them
 * @property {number} input where the kernel expects its input
 * @property {number} bytes length of an input
 * @property {(chunk: Uint8Array, classes: Uint8Array) => void} [prepare] makes the inputs, where a fixed one of zeros and random ones
 *   are not what is wanted; they are random when it is called
 * @property {() => void} [before] what is done before each run, and not timed
 * @property {() => void} run what is timed
 * @property {() => void} [after] checks that the run did what it ought to
 */

/**
 * Runs a trial `samples` times, with the class of each run drawn by lot.
 * @param {Trial} trial
 * @param {{ samples: number, swap?: boolean, progress?: (done: number) => void }} options `swap` exchanges the classes' numbers
 * @returns the largest |t| with its sign, by how many nanoseconds class 1 takes longer there, and the standard error, in nanoseconds, of
 *   the difference over nearly all timings
 */
export async function measure(trial, { samples, swap = false, progress = () => {} }) {
  const { memory, pool, input, bytes, before = () => {}, after = () => {}, run } = trial;
  const chunk = memory.subarray(pool, pool + CHUNK * bytes);
  const classes = new Uint8Array(CHUNK);
  const timings = new Float64Array(CHUNK);
  const runChunk = () => {
    draw(trial, chunk, classes);
    for (let i = 0; i < CHUNK; i++) {
      // Both classes are copied from places like any other: where an input stood says nothing of its class.
      memory.copyWithin(input, pool + i * bytes, pool + (i + 1) * bytes);
      before();
      const start = performance.now();
      run();
      timings[i] = performance.now() - start;
      after();
    }
  };
  for (let done = 0; done < WARM_UP; done += CHUNK) runChunk();
  const first = new Float64Array(CROP_BATCH);
  for (let done = 0; done < CROP_BATCH; done += CHUNK) {
    runChunk();
    first.set(timings, done);
  }
  const test = new CroppedTest(cropsOf(first));
  for (let done = 0; done < samples; done += CHUNK) {
    runChunk();
    for (let i = 0; i < CHUNK; i++) test.add(swap ? 1 - classes[i] : classes[i], timings[i]);
    progress(done + CHUNK);
    // A terminal's progress and Ctrl-C have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { t, difference } = test.worst;
  const sign = swap ? -1 : 1;
  return { t: sign * t, difference: sign * difference * 1e6, error: test.most.error * 1e6 };
}

/** Draws the classes of a chunk, and its inputs: of class 0 zeros, of class 1 random ones, or what the trial makes of them. */
function draw({ bytes, prepare }, chunk, classes) {
  randomFillSync(classes);
  for (let i = 0; i < CHUNK; i++) classes[i] &= 1;
  randomFillSync(chunk);
  if (prepare) prepare(chunk, classes);
  else for (let i = 0; i < CHUNK; i++) if (classes[i] === 0) chunk.fill(0, i * bytes, (i + 1) * bytes);
}
