import { defaultCacheDir } from '../../../guest/cache.ts';
import { bootMachine } from '../../demo/boot.ts';
import { BootedGuest } from '../../demo/booted_guest.ts';
import { type NamedFiles, resolveFiles } from '../../demo/image.ts';
import type { Output } from '../../output.ts';
import type { BootedBase } from './run_cell.ts';
import { takeOut } from './take_out.ts';

const MEMORY_MIB = 256;

/** Boots the guest, or goes on from where it had booted, and takes its device out: each cell plugs another one in. */
export async function bootBase(named: NamedFiles, output: Output, signal: AbortSignal): Promise<BootedBase> {
  const files = await resolveFiles(named, output, signal);
  const isOwn = named.kernel !== undefined;
  const identity = { files, memoryMiB: MEMORY_MIB, append: '' };
  const machine = await bootMachine(
    {
      ownGuest: isOwn,
      ...(isOwn ? {} : { kept: await BootedGuest.of(named.cacheDir ?? defaultCacheDir(), identity) }),
      machine: { files, memoryMiB: MEMORY_MIB, device: {} },
    },
    output,
    signal,
  );
  try {
    return await takeOut(machine, files, MEMORY_MIB);
  } finally {
    await machine.stop();
  }
}
