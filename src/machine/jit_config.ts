import type { V86 } from 'v86';

/** v86's number of a setting of its JIT: the pages of guest code that one piece of translated code may come from. */
const MAX_PAGES = 1;

/**
 * Lets v86's JIT translate single pages instead of three at a time. Linux jumps from page to page with nearly every call,
 * so that larger pieces are seldom of use while they take longer to compile: a boot takes 13.4 s so and 16.5 s as v86
 * has it (means of two on one machine). Where a build of v86 has no such setting, nothing is changed.
 *
 * The setting for extra basic blocks keeps v86's own value. With 0 a request took 4 % less time, but v86 then left out the check
 * by which translated code leaves a loop: code that waited in a small loop for an interrupt, or for another thread, never went on.
 */
export function tuneJit(emulator: V86): void {
  emulator.add_listener('emulator-ready', () => {
    const cpu: unknown = Reflect.get(Reflect.get(emulator, 'v86') ?? {}, 'cpu');
    if (typeof cpu !== 'object' || cpu === null) return;
    const setJitConfig: unknown = Reflect.get(cpu, 'set_jit_config');
    if (typeof setJitConfig === 'function') setJitConfig.call(cpu, MAX_PAGES, 1);
  });
}
