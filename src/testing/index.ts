/** A device and the reference driver, wired to one memory. */
export { type Bench, type BenchOptions, createBench } from './bench.ts';
