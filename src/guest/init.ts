/** The line that tells the host that the guest's shell is about to listen. Nothing else in the guest prints it. */
export const READY_LINE = 'virtio-crypto-guest: ready';

/** Where the guest keeps its kernel modules: `insmod ${MODULE_FOLDER}/virtio_crypto.ko` starts the driver. */
export const MODULE_FOLDER = '/lib/modules';

/** Which modules /init loads, one name a line, in their order. */
export const BOOT_MODULE_LIST = '/etc/modules';

/**
 * The kernel's command line. `cryptomgr.notests` must never stand here: the kernel tests a driver before it offers it.
 * - `quiet loglevel=3`: each character on the serial console costs a port access, so only errors are worth theirs.
 * - `noisapnp`: this machine has no ISA Plug and Play card, and looking for one takes 0.4 s.
 * - `nokaslr`: the same addresses at every boot make one measurement like the next.
 * - `psi=0 mitigations=off init_on_alloc=0`: an emulated processor has nothing to mitigate, and no program reads the pressure
 *   statistics. A request to a crypto driver takes 9,650 guest instructions with them and 10,850 without.
 *
 * Tried, and of no use: tsc=reliable, lpj, random.trust_cpu, edd=off, nohz=off, preempt=none. Of the 2.4 thousand million
 * instructions up to the ready line they save none; the kernel's own unpacking and self-tests are most of them.
 */
export const KERNEL_COMMAND_LINE =
  'console=ttyS0 quiet loglevel=3 noisapnp nokaslr psi=0 mitigations=off init_on_alloc=0';

/**
 * Added to it on a machine with ACPI. The firmware declares hot-plug slots that v86 does not have: their driver would find
 * them empty and drop the PCI devices that stand there.
 */
export const ACPI_COMMAND_LINE = 'acpiphp.disable=1';

/** Process 1. busybox's sh runs it; it starts the shell anew whenever that ends. */
export const INIT_SCRIPT = `#!/bin/sh
export PATH=/bin HOME=/root TERM=linux PS1='guest# '
mount -t devtmpfs devtmpfs /dev
exec 0</dev/ttyS0 1>/dev/ttyS0 2>&1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
# A kernel message in the middle of an answer would spoil it: they stay in the kernel's log, for dmesg.
echo 1 > /proc/sys/kernel/printk
# There is no modprobe: the kernel need not try to start it for every algorithm that is looked up.
echo > /proc/sys/kernel/modprobe
# Wide enough that busybox's line editing does not wrap what it echoes.
stty -F /dev/ttyS0 sane cols 200 rows 50
while read -r module; do
  insmod ${MODULE_FOLDER}/$module.ko || echo "cannot load $module"
done < ${BOOT_MODULE_LIST}
cd /root
# A second shell where the machine has a second serial line: for whoever runs commands without disturbing the first.
if grep -q '^1: uart:[0-9]' /proc/tty/driver/serial; then
  stty -F /dev/ttyS1 sane cols 200 rows 50
  while :; do
    setsid -c sh -i </dev/ttyS1 >/dev/ttyS1 2>&1
  done &
fi
echo '${READY_LINE}'
while :; do
  setsid -c sh -i </dev/ttyS0 >/dev/ttyS0 2>&1
done
`;
