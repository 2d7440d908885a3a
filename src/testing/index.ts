/**
 * A device and the reference driver, wired to one memory.
 * @module virtio-crypto-wasm/testing
 */
export { type Bench, type BenchOptions, createBench } from './bench.ts';
