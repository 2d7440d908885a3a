import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDir } from '../../../guest/cache.ts';
import { bootMachine } from '../../demo/boot.ts';
import { BootedGuest } from '../../demo/booted_guest.ts';
import { type NamedFiles, resolveFiles } from '../../demo/image.ts';
import type { Output } from '../../output.ts';
import { withModules } from './modules.ts';
import { checkNeeds } from './needs.ts';
import type { BootedBase } from './run_cell.ts';
import { takeOut } from './take_out.ts';

const MEMORY_MIB = 256;

/** The guest that a user names. */
export interface NamedGuest extends NamedFiles {
  /** The folder of built modules that take the place of the guest's own. */
  modules?: string;
}

/**
 * Boots the guest, or goes on from where it had booted, takes its device out, and runs the work with it: each cell plugs another device in.
 * @throws SelectionError for modules that the guest cannot take, and for a guest of the user's own in which no driver can be tested
 */
export async function withBase<Result>(
  named: NamedGuest,
  output: Output,
  signal: AbortSignal,
  work: (base: BootedBase) => Promise<Result>,
): Promise<Result> {
  const found = await resolveFiles(named, output, signal);
  const ownGuest = named.kernel !== undefined;
  // A reboot reads the files again, so that they stay until the work is done.
  const scratch = named.modules === undefined ? undefined : mkdtempSync(join(tmpdir(), 'virtio-crypto-lab-'));
  try {
    const files = scratch && named.modules !== undefined ? withModules(found, named.modules, scratch) : found;
    const isKept = !ownGuest && scratch === undefined;
    const identity = { files, memoryMiB: MEMORY_MIB, append: '' };
    const machine = await bootMachine(
      {
        ownGuest,
        ...(isKept ? { kept: await BootedGuest.of(named.cacheDir ?? defaultCacheDir(), identity) } : {}),
        machine: { files, memoryMiB: MEMORY_MIB, device: {} },
      },
      output,
      signal,
    );
    let base: BootedBase;
    try {
      if (ownGuest) await checkNeeds(machine);
      base = await takeOut(machine, { files, memoryMiB: MEMORY_MIB, ownGuest, again: againOf(named) });
    } finally {
      await machine.stop();
    }
    return await work(base);
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

/** The options of `lab guest` that name the guest, for the command that runs a cell again. */
function againOf({ kernel, initrd, bios, vgaBios, modules }: NamedGuest): string {
  return [
    ['kernel', kernel],
    ['initrd', initrd],
    ['bios', bios],
    ['vga-bios', vgaBios],
    ['modules', modules],
  ]
    .flatMap(([option, path]) => (path === undefined ? [] : [` --${option} ${path}`]))
    .join('');
}
