import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import {
  buildGuest,
  buildTlsGuest,
  type GuestImage,
  type GuestOptions,
  type GuestProgress,
} from '../../guest/index.ts';
import type { MachineFiles } from '../machine.ts';
import type { Output } from '../output.ts';

/** The files that a user named on the command line. */
export interface NamedFiles {
  kernel?: string;
  initrd?: string;
  bios?: string;
  vgaBios?: string;
  /** Where a guest that is built is kept. */
  cacheDir?: string;
  /** Whether a guest that is built has OpenSSL over the device. */
  tls?: true;
}

/** Where Debian, Fedora and Arch put SeaBIOS. */
const SYSTEM_BIOS = {
  bios: ['/usr/share/seabios/bios.bin', '/usr/share/seabios/bios-256k.bin', '/usr/share/qemu/bios-256k.bin'],
  vgaBios: [
    '/usr/share/seabios/vgabios-stdvga.bin',
    '/usr/share/seavgabios/vgabios-stdvga.bin',
    '/usr/share/qemu/vgabios-stdvga.bin',
  ],
} as const;

/**
 * The files to boot from: the user's own, or a guest built from Debian's packages (kept in a cache).
 * @throws Error that names the option when a file is missing
 */
export async function resolveFiles(named: NamedFiles, output: Output, signal: AbortSignal): Promise<MachineFiles> {
  for (const [option, path] of [
    ['--kernel', named.kernel],
    ['--initrd', named.initrd],
    ['--bios', named.bios],
    ['--vga-bios', named.vgaBios],
  ] as const) {
    if (path !== undefined && !(existsSync(path) && statSync(path).isFile())) {
      throw new Error(`${option} is ${path}: there is no such file.`);
    }
  }
  if (named.kernel !== undefined && named.initrd !== undefined) {
    return {
      kernel: named.kernel,
      initrd: named.initrd,
      bios: named.bios ?? systemBios('bios', '--bios'),
      vgaBios: named.vgaBios ?? systemBios('vgaBios', '--vga-bios'),
    };
  }
  if (named.kernel !== undefined || named.initrd !== undefined) {
    const [given, missing] = named.kernel === undefined ? ['--initrd', '--kernel'] : ['--kernel', '--initrd'];
    throw new Error(
      `${given} is given without ${missing}: an initramfs carries the modules of one kernel, so give both, or neither.`,
    );
  }
  const image = await build(named.tls ?? false, output, {
    signal,
    onProgress: progress(output),
    ...(named.cacheDir === undefined ? {} : { cacheDir: resolve(named.cacheDir) }),
  });
  return {
    kernel: image.kernel,
    initrd: image.initrd,
    bios: named.bios ?? image.bios,
    vgaBios: named.vgaBios ?? image.vgaBios,
  };
}

/** Builds the guest with OpenSSL, or without it where there is no compiler. */
async function build(tls: boolean, output: Output, options: GuestOptions): Promise<GuestImage> {
  if (!tls) return buildGuest(options);
  const { image } = await buildTlsGuest(options, (why) => output.line(output.colors.yellow(why)));
  return image;
}

function systemBios(name: keyof typeof SYSTEM_BIOS, option: string): string {
  const found = SYSTEM_BIOS[name].find((path) => existsSync(path));
  if (!found)
    throw new Error(`No SeaBIOS is installed here: name its image with ${option}, or install the package seabios.`);
  return found;
}

/** Draws a bar on a terminal; elsewhere, writes a line a stage. */
function progress(output: Output): (event: GuestProgress) => void {
  const interactive = output.stream.isTTY === true;
  let bar: SingleBar | undefined;
  let stage: GuestProgress['stage'] | undefined;
  const close = () => {
    bar?.stop();
    bar = undefined;
  };
  const show = (label: string, value: number, total: number) => {
    if (!interactive) return;
    if (!bar) {
      bar = new SingleBar({
        format: '  {label} {bar} {percentage}%',
        stream: output.stream,
        clearOnComplete: true,
        hideCursor: true,
      });
      bar.start(total, value, { label });
    }
    bar.setTotal(total);
    bar.update(value, { label });
  };
  return (event) => {
    const entered = event.stage !== stage;
    stage = event.stage;
    switch (event.stage) {
      case 'update-index':
        if (entered) output.line("Building the guest from Debian's packages (kept in a cache afterwards)");
        show('package lists', event.percent, 100);
        break;
      case 'download':
        if (entered) close();
        if (entered && !interactive) output.line(`  downloading ${Math.ceil(event.totalBytes / 1e6)} MB`);
        show('download     ', event.doneBytes, event.totalBytes);
        break;
      case 'unpack':
        if (entered) close();
        if (entered && !interactive) output.line('  unpacking');
        show('unpack       ', event.done, event.total);
        break;
      case 'compile':
        close();
        output.line('  compiling its OpenSSL provider');
        break;
      case 'warning':
        close();
        output.line(output.colors.yellow(`  ${event.message}`));
        break;
      case 'done':
        close();
        if (!event.fromCache) output.ok('The guest is built');
        break;
      default:
        break;
    }
  };
}
