import * as v from 'valibot';
import { MMIO_QUEUE_NOTIFY } from '../../spec/virtio_mmio.ts';
import type { CryptoDevice } from '../device/device.ts';
import type { AccessSize } from '../transport/access.ts';
import { VirtioMmio } from '../transport/mmio/mmio.ts';
import { MmioState } from '../transport/state.ts';
import { mmioDeviceTable } from './acpi_table.ts';
import { coalesceNotifications } from './coalescing.ts';
import type { V86Cpu } from './internals.ts';
import { keepState } from './state.ts';

/** The place of a device in v86's memory: guest-physical address, and interrupt. */
export interface V86MmioPlace {
  address: number;
  irq: number;
}

/** v86 has handlers of memory for blocks of this size. */
const BLOCK_BYTES = 128 * 1024;
/** Above the RAM of any v86 machine, and below what its BIOS gives to PCI. */
const SPACE = { start: 0x8000_0000, end: 0xe000_0000 };
const DEFAULT_ADDRESS = 0xd000_0000;
const DEFAULT_IRQ = 7;
/** The ISA interrupts that v86 leaves free unless it has a second serial port (3) or a sound card (5). */
const FREE_IRQS = [3, 5, 7];

/** Checks a place. @throws RangeError that names an option whose value v86 does not leave free */
export function resolveMmioPlace(address = DEFAULT_ADDRESS, irq = DEFAULT_IRQ): V86MmioPlace {
  const free = Number.isInteger(address) && address >= SPACE.start && address < SPACE.end;
  if (!free || address % BLOCK_BYTES !== 0) {
    throw new RangeError(
      `mmioAddress is ${address}: give a multiple of 0x20000 from 0x80000000 to 0xdffe0000, 0xd0000000 say.`,
    );
  }
  if (!FREE_IRQS.includes(irq)) {
    throw new RangeError(`irq is ${irq}: give one that v86 leaves free, ${FREE_IRQS.join(', ')}.`);
  }
  return { address, irq };
}

/**
 * Maps a device's registers into v86's memory. Gives the firmware an ACPI table that declares the device. SeaBIOS adds it to its own
 * tables, where a guest finds the device if the machine has `acpi: true`.
 */
export function plugIntoMemory(
  cpu: V86Cpu,
  device: CryptoDevice,
  { address, irq }: V86MmioPlace,
  saveKeys: boolean,
): VirtioMmio<CryptoDevice> {
  const setInterruptLine = (level: boolean) => (level ? cpu.device_raise_irq(irq) : cpu.device_lower_irq(irq));
  const notify = coalesceNotifications(cpu, device);
  const registers = new VirtioMmio(device, setInterruptLine, { notify });
  // v86 passes addresses as signed numbers; their low bits are the offset.
  const mask = BLOCK_BYTES - 1;
  const read = (at: number, size: AccessSize) => {
    notify.answerHeld();
    return registers.read(at & mask, size);
  };
  const write = (at: number, size: AccessSize, value: number) => {
    const offset = at & mask;
    if (offset !== MMIO_QUEUE_NOTIFY) notify.answerHeld();
    registers.write(offset, size, value);
  };
  cpu.io.mmap_register(
    address,
    BLOCK_BYTES,
    (at) => read(at, 1),
    (at, value) => write(at, 1, value),
    (at) => read(at, 4) | 0,
    (at, value) => write(at, 4, value),
  );
  const bytes = VirtioMmio.windowBytes;
  // SeaBIOS treats every file of this folder as a table.
  cpu.option_roms.push({ name: `acpi/virtio-crypto-${irq}`, data: mmioDeviceTable({ address, bytes, irq }) });
  keepState(cpu, irq, {
    device,
    includeKeys: saveKeys,
    reset: () => {
      registers.reset();
      // A restore that failed may have left the line as the saved machine had it.
      setInterruptLine(false);
    },
    save: () => ({ mmio: registers.save() }),
    parse: (saved) => {
      const parsed = v.safeParse(v.strictObject({ mmio: MmioState }), saved);
      return parsed.success ? () => registers.restore(parsed.output.mmio) : undefined;
    },
  });
  return registers;
}
