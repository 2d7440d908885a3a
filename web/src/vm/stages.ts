import type { BootStage } from './protocol.ts';

/** What happens at each stage of a start. */
export const STAGES: Record<BootStage, string> = {
  download: 'Downloading the guest',
  unpack: 'Unpacking the saved machine',
  machine: 'Building the machine',
  kernel: 'Linux is starting',
  device: 'Linux found the device on its PCI bus; loading modules',
  shell: 'A shell is ready',
};

/** The stages in their order. */
export const ORDER: readonly BootStage[] = ['download', 'unpack', 'machine', 'kernel', 'device', 'shell'];
