import v8 from 'node:v8';
import { engineBuild } from '../engine/load.ts';

/**
 * Lets the engine's build with relaxed SIMD run where V8 has it behind a flag. Node 20's V8 is the last such: one release later
 * it is on for everybody. For the commands alone: a library doesn't change its process's engine.
 */
export function allowRelaxedSimd(): void {
  // A later V8 has dropped the flag, and complains of it.
  if (engineBuild() === 'simd') v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
}
