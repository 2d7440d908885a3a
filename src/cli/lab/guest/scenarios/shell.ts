// Pieces of shell commands that several scenarios have.
import { DEVICE_DRIVER } from '../../../../guest/measure.ts';

/** The driver's folder in sysfs. */
export const DRIVER_FOLDER = '/sys/bus/virtio/drivers/virtio_crypto';
/** The device in the bus, by its device id. */
export const PCI_DEVICE = 'd=$(grep -l 0x1054 /sys/bus/pci/devices/*/device | head -1); d=$(dirname $d)';

/** @param name of a file of the process's own: others may be at work at the same time */
const keyOf = (name: string): string => `printf 0123456789abcdef > /tmp/${name}.k`;
const kcapi = (mode: '-e' | '-d', name: string): string =>
  `kcapi-enc ${mode} -q -c ${DEVICE_DRIVER} --iv ${'00'.repeat(16)} --keyfd 3 3< /tmp/${name}.k`;

/** Encrypts by AF_ALG in the background for ever, so that requests are in flight. */
export const BUSY =
  `${keyOf('busy')}; (while head -c 100000 /dev/zero | ${kcapi('-e', 'busy')} > /dev/null 2>&1; do :; done) > /dev/null 2>&1 & ` +
  'sleep 0.2';

/** Encrypts zeros on the driver, decrypts the result on it, and compares. @param name of its files in /tmp */
export function roundTripOf(bytes: number, name = 'a'): string {
  return [
    keyOf(name),
    `head -c ${bytes} /dev/zero > /tmp/${name}`,
    `${kcapi('-e', name)} < /tmp/${name} > /tmp/${name}.e`,
    `${kcapi('-d', name)} < /tmp/${name}.e > /tmp/${name}.d`,
    `cmp /tmp/${name} /tmp/${name}.d && ! cmp -s /tmp/${name} /tmp/${name}.e`,
  ].join(' && ');
}

/**
 * Prints the free pages and those on the processors' own lists (/proc/zoneinfo). What is freed a moment later, as sockets are, has its time
 * before, and what caches hold is dropped.
 */
export const FREE_PAGES =
  'sleep 1; sync; echo 3 > /proc/sys/vm/drop_caches; ' +
  `awk '/nr_free_pages/ { n += $2 } /^ +count:/ { n += $2 } END { print n }' /proc/zoneinfo`;
