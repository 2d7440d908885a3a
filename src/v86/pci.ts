import * as v from 'valibot';
import { PCI_COMMAND } from '../../spec/virtio_pci.ts';
import type { CryptoDevice } from '../device/device.ts';
import type { AccessSize } from '../transport/access.ts';
import { NOTIFY } from '../transport/pci/layout.ts';
import { VirtioPci } from '../transport/pci/pci.ts';
import { PciState } from '../transport/state.ts';
import { type CoalescedNotifications, coalesceNotifications } from './coalescing.ts';
import type { V86Cpu } from './internals.ts';
import { connectConfigWindow } from './pci_window.ts';
import { keepState } from './state.ts';

/** The place of a device on v86's PCI bus: slot, and first I/O port of the BAR. */
export interface PciPlace {
  slot: number;
  port: number;
}

const DEFAULT_SLOT = 0x0d;
const DEFAULT_PORT = 0xac00;
const FREE_SLOTS = [0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d];
const TAKEN_PORTS = [0xa600, 0xa700, 0xa800, 0xa900, 0xb000, 0xb400, 0xb600, 0xb700, 0xb800, 0xb900];

/** 4.1.4.5.1: the Interrupt Status bit of the PCI status register follows the ISR. The bit is in the word at offset 4. */
const PCI_STATUS_WORD = PCI_COMMAND / 4;
const INTERRUPT_STATUS = 1 << (16 + 3);

/** Checks a place. @throws RangeError that names an option whose value v86 does not leave free */
export function resolvePciPlace(slot = DEFAULT_SLOT, port = DEFAULT_PORT): PciPlace {
  if (!FREE_SLOTS.includes(slot)) {
    throw new RangeError(`slot is ${slot}: give one that v86 leaves free, 13 to 17 or 19 to 29.`);
  }
  if (!Number.isInteger(port) || port % 256 !== 0 || port < 0x1000 || port > 0xbf00 || TAKEN_PORTS.includes(port)) {
    throw new RangeError(
      `port is ${port}: give a multiple of 256 from 0x1000 to 0xbf00 that v86 leaves free, 0xac00 say.`,
    );
  }
  return { slot, port };
}

/** Puts a device on v86's PCI bus, with an I/O BAR and INTx, because v86 neither moves memory BARs nor delivers MSI. */
export function plugIntoPci(
  cpu: V86Cpu,
  device: CryptoDevice,
  { slot, port }: PciPlace,
  saveKeys: boolean,
): VirtioPci<CryptoDevice> {
  const pciId = slot << 3;
  const { pci } = cpu.devices;
  const setInterruptLine = (level: boolean) => {
    if (level) {
      space[PCI_STATUS_WORD] = (space[PCI_STATUS_WORD] ?? 0) | INTERRUPT_STATUS;
      pci.raise_irq(pciId);
    } else {
      space[PCI_STATUS_WORD] = (space[PCI_STATUS_WORD] ?? 0) & ~INTERRUPT_STATUS;
      pci.lower_irq(pciId);
    }
  };
  const notify = coalesceNotifications(cpu, device);
  const registers = new VirtioPci(device, setInterruptLine, { notify });
  connectPorts(cpu, port, registers, notify);
  // The ports come first, because v86 takes the BAR's handlers now and moves them when the BAR moves.
  const space = pci.register_device({
    name: 'virtio-crypto',
    pci_id: pciId,
    pci_space: Array.from(registers.configHeader(port)),
    pci_bars: [{ size: registers.barBytes }],
  });
  connectConfigWindow(cpu, pciId, space, registers, notify.answerHeld);
  keepState(cpu, slot, {
    device,
    includeKeys: saveKeys,
    reset: () => {
      registers.reset();
      // A restore that failed may have left the line as the saved machine had it.
      setInterruptLine(false);
    },
    save: () => {
      // The configuration space is in v86's own state.
      const { isr, selected } = registers.save();
      return { pci: { isr, selected } };
    },
    parse: (saved) => {
      const parsed = v.safeParse(v.strictObject({ pci: PciState }), saved);
      return parsed.success ? () => registers.restore(parsed.output.pci) : undefined;
    },
  });
  return registers;
}

/**
 * Routes the BAR's ports to the register model. The BAR is aligned to its size, so the low bits of a port are the offset wherever the BAR
 * moves. Notifications bypass the register model, because they are by far the most frequent accesses.
 */
function connectPorts(cpu: V86Cpu, port: number, registers: VirtioPci, notify: CoalescedNotifications): void {
  const mask = registers.barBytes - 1;
  const beforeAccess = notify.answerHeld;
  const read = (size: AccessSize) => (at: number) => {
    beforeAccess();
    return registers.read(at & mask, size) | 0;
  };
  const reads = [read(1), read(2), read(4)] as const;
  const toQueue = (value: number) => notify(value & 0xffff);
  for (let offset = 0; offset < registers.barBytes; offset++) {
    cpu.io.register_read(port + offset, registers, ...reads);
    if (offset === NOTIFY.offset) {
      // 4.1.5.2: the driver writes the queue's index; with VIRTIO_F_NOTIFICATION_DATA, the index is the low half.
      cpu.io.register_write(port + offset, registers, (value) => notify(value & 0xff), toQueue, toQueue);
      continue;
    }
    const write = (size: AccessSize) => (value: number) => {
      beforeAccess();
      registers.write(offset, size, value);
    };
    cpu.io.register_write(port + offset, registers, write(1), write(2), write(4));
  }
}
