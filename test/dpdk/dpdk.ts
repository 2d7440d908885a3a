// DPDK's programs of Debian, by their own loader and libraries, with the library beside this file, which takes them to a socket.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unpackedPackages } from '../support/debian.ts';
import { runWatched, type WatchedOptions } from '../support/watched_process.ts';

/** The suite whose DPDK has the driver. */
const SUITE = 'sid';
/** What dpdk-dev depends on for other programs than those that run here. */
const NOT_NEEDED =
  /^(perl|python|debconf|systemd|adduser|passwd|udev|login|mount|util-linux|dpkg|tar|coreutils|bash|dash|cdebconf)/;
const SOURCE = fileURLToPath(new URL('vdpa_over_vhost_user.c', import.meta.url));

/** Arguments of dpdk-test-crypto-perf: AES-128-CBC, throughput. */
export function cipherLoad(driver: string, bytes: number, burst: number, operations: number): string[] {
  return [
    ...['-l', '0,1', '--', '--devtype', driver, '--ptest', 'throughput', '--optype', 'cipher-only'],
    ...['--cipher-algo', 'aes-cbc', '--cipher-op', 'encrypt', '--cipher-key-sz', '16', '--cipher-iv-sz', '16'],
    ...['--buffer-sz', `${bytes}`, '--burst-sz', `${burst}`, '--total-ops', `${operations}`, '--pool-sz', '4096'],
    ...['--silent', '--csv-friendly'],
  ];
}

export class Dpdk {
  readonly #packages: string;
  readonly #library: string;

  private constructor(packages: string, library: string) {
    this.#packages = packages;
    this.#library = library;
  }

  /** Unpacks the packages, and compiles the library into `folder`. */
  static async prepare(folder: string): Promise<Dpdk> {
    const packages = await unpackedPackages({ suite: SUITE, packages: ['dpdk-dev'], without: NOT_NEEDED });
    const library = join(folder, 'vdpa_over_vhost_user.so');
    const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared', '-o', library, SOURCE, '-ldl'];
    await promisify(execFile)('cc', flags);
    return new Dpdk(packages, library);
  }

  /**
   * Runs a program.
   * @param device the virtual device
   * @param driver its driver, as in the name of its library
   * @param progress see runWatched(), as onOutput
   */
  run(
    program: string,
    { device, driver, ...watched }: { device: string; driver: string } & Omit<WatchedOptions, 'env'>,
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<{ status: number | null; output: string }> {
    const libraries = join(this.#packages, 'usr/lib/x86_64-linux-gnu');
    const load = (name: string) => ['-d', join(libraries, 'dpdk/pmds-26.0', `librte_${name}.so`)];
    return runWatched(
      join(libraries, 'ld-linux-x86-64.so.2'),
      [
        ...['--library-path', [libraries, join(libraries, 'blas'), join(libraries, 'lapack')].join(':')],
        ...['--preload', this.#library, join(this.#packages, 'usr/bin', program)],
        ...['--no-huge', '-m', '256', '--no-pci', '--no-telemetry', '--file-prefix', `test${process.pid}`],
        ...[...load('mempool_ring'), ...load(driver), '--vdev', device],
        ...args,
      ],
      { env, ...watched },
    );
  }
}
