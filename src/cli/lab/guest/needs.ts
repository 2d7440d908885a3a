import { MODULE_FOLDER } from '../../../guest/init.ts';
import { SelectionError } from '../../../lab/index.ts';
import type { Machine } from '../../machine.ts';

/** What the scenarios need of a guest, and how its owner brings it in. */
interface Need {
  /** A shell command whose status is 0 if the guest has it. Nothing is loaded by it. */
  look: string;
  /** What is missing, and the remedy. */
  remedy: string;
}

/** A module's file, or a kernel's own driver, which sysfs lists. modprobe -D only says what it would load. */
const moduleOr = (name: string, folder: string): string =>
  `[ -d ${folder} ] || [ -e ${MODULE_FOLDER}/${name}.ko ] || modprobe -D ${name} > /dev/null 2>&1`;

const NEEDS: readonly Need[] = [
  {
    look: moduleOr('virtio_crypto', '/sys/bus/virtio/drivers/virtio_crypto'),
    remedy:
      `the driver, virtio_crypto: put virtio_crypto.ko of that kernel, and crypto_engine.ko which it needs, into ${MODULE_FOLDER} ` +
      'of the initramfs, or build the kernel with CONFIG_CRYPTO_DEV_VIRTIO=y',
  },
  {
    look: '[ -d /sys/bus/pci/drivers/virtio-pci ]',
    remedy:
      'virtio_pci, which finds the device: have /init load virtio_pci.ko, or build the kernel with CONFIG_VIRTIO_PCI=y',
  },
  {
    look: 'command -v kcapi-enc > /dev/null',
    remedy: 'kcapi-enc, which encrypts by AF_ALG: put that program of kcapi-tools into the initramfs',
  },
];

/**
 * Looks whether a guest that has booted has what the scenarios need.
 * @throws SelectionError that names everything that is missing, and the remedies
 */
export async function checkNeeds({ console }: Pick<Machine, 'console'>): Promise<void> {
  const missing: string[] = [];
  for (const { look, remedy } of NEEDS) {
    if ((await console.run(look)).status !== 0) missing.push(`\n    - ${remedy}`);
  }
  if (missing.length === 0) return;
  throw new SelectionError(
    `--kernel and --initrd name a guest in which no driver can be tested. It lacks${missing.join('')}\ndocs/guests.md has the steps.`,
  );
}
