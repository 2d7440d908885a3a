import { Command, Option } from 'commander';
import { defaultCacheDir } from '../../../guest/cache.ts';
import { AXES } from '../../../lab/index.ts';
import { chosen, part } from '../../../lab/matrix/select.ts';
import { runInThreads } from '../cell_pool.ts';
import { lostResult } from '../lost.ts';
import { measure } from '../measure.ts';
import { addMatrixOptions, type MatrixFlags, withSelection } from '../options.ts';
import type { ReportedResult } from '../results.ts';
import { type NamedGuest, withBase } from './base.ts';
import { GUEST_FAULTS } from './faults.ts';
import { GUEST_FEATURE_NAMES } from './features.ts';
import { checkJobs, machineHas, parseJobs } from './jobs.ts';
import { type GuestCell, guestCellOptions } from './run_cell.ts';
import { GUEST_SCENARIOS, type GuestScenarioName } from './scenarios/index.ts';

interface GuestFlags extends MatrixFlags, NamedGuest {
  scenario?: string[];
  fault?: string[];
  ring?: string[];
  features?: string[];
  jobs: number;
}

const NAMES = Object.keys(GUEST_SCENARIOS) as GuestScenarioName[];
const TIMEOUT_SECONDS = 120;
const SCRIPT = new URL('./cell_worker.js', import.meta.url);
const ENDED = 'The thread of the machine has ended.';

/** `virtio-crypto lab guest`: runs the matrix of a Linux guest. */
export function guestCommand(): Command {
  const command = new Command('guest')
    .description(
      "Run scenarios in a Linux guest on v86: Debian's, or your own. Each cell goes on from where the guest has booted, with a device that is plugged in anew.",
    )
    .option('--scenario <names...>', `of ${NAMES.join(' ')} (default: all)`)
    .option('--fault <names...>', 'faults, all (default: none, the device that does its work)')
    .option('--ring <names...>', `of ${AXES.rings.join(' ')} (default: both)`)
    .option('--features <names...>', `what the device offers: ${GUEST_FEATURE_NAMES.join(' ')}, all (default: default)`)
    .option('--jobs <n>', 'machines beside each other, each with a processor and memory of its own', parseJobs, 1)
    .option('--kernel <bzImage>', 'a 32-bit kernel of your own, with virtio_pci and virtio_crypto')
    .option('--initrd <file>', 'its initramfs: a shell on ttyS0, the modules, kcapi-enc')
    .addOption(
      new Option('--modules <folder>', "of a built virtio_crypto.ko, in place of the guest's own").conflicts('kernel'),
    )
    .option('--bios <file>', 'SeaBIOS image')
    .option('--vga-bios <file>', 'VGA BIOS image')
    .option('--cache-dir <folder>', `where the built guest is kept (default: ${defaultCacheDir()})`);
  return addMatrixOptions(command, TIMEOUT_SECONDS).action((flags: GuestFlags) =>
    withSelection(command, flags, () => run(flags)),
  );
}

async function run(flags: GuestFlags): Promise<number> {
  const { timeout, report, output: path, seed = 1, shard = '1/1', jobs } = flags;
  const scenarios = chosen('scenarios', NAMES, flags.scenario, NAMES);
  const faults = chosen('faults', GUEST_FAULTS, flags.fault, ['none']);
  const rings = chosen('rings', AXES.rings, flags.ring, AXES.rings);
  const features = chosen('features', GUEST_FEATURE_NAMES, flags.features, ['default']);
  const rest = { transport: 'pci', driver: 'linux', seed };
  const all = scenarios.flatMap((scenario) =>
    faults.flatMap((fault) =>
      rings.flatMap((ring) => features.map((set): GuestCell => ({ scenario, fault, ring, features: set, ...rest }))),
    ),
  );
  const cells = part(all, shard);
  checkJobs(jobs, machineHas());
  const limitMs = timeout * 1000;
  return measure({
    ...{ cells: cells.length, report, path },
    work: async ({ signal, output, onResult }) => {
      try {
        await withBase(flags, output, signal, (base) =>
          runInThreads<GuestCell, ReportedResult>(cells, {
            ...{ script: SCRIPT, data: { base, limitMs }, jobs, signal, onResult },
            lost: (cell) => ({ cell, ...lostResult(limitMs, ENDED), again: guestCellOptions(cell, base) }),
          }),
        );
      } catch (error) {
        // Ctrl-C in the middle of the boot: nothing was measured, and nothing failed.
        if (!signal.aborted) throw error;
      }
    },
  });
}
