// The rules of setting up a queue (2.7.1, 2.8.11, 4.1.4.3.2): they are looked at when the driver enables it.
import * as virtio from '../../../spec/virtio.ts';
import type { QueueRegisters } from '../../device/queue_registers.ts';
import type { GuestView } from '../../trace/index.ts';
import type { Findings } from './violation.ts';

const ALIGNMENTS = {
  split: { desc: virtio.DESC_ALIGN, driver: virtio.AVAIL_ALIGN, device: virtio.USED_ALIGN },
  packed: { desc: virtio.DESC_ALIGN, driver: virtio.EVENT_SUPPRESS_ALIGN, device: virtio.EVENT_SUPPRESS_ALIGN },
} as const;

/** Checks the registers of a queue that the driver enables. */
export function checkQueueSetup(index: number, registers: QueueRegisters, view: GuestView, findings: Findings): void {
  const { ring, size, maxSize } = registers;
  const place = { queue: index };
  for (const part of ['desc', 'driver', 'device'] as const) {
    const alignment = ALIGNMENTS[ring][part];
    if (registers[part] % BigInt(alignment) === 0n) continue;
    findings.report(
      ring === 'packed' ? '2.8.11-1' : '2.7.1-1',
      `the ${part} area is at 0x${registers[part].toString(16)}, no multiple of ${alignment}`,
      { ...place, address: Number(registers[part]) },
    );
  }
  if (registers.desc === 0n && registers.driver === 0n && registers.device === 0n) {
    findings.report('4.1.4.3.2-3', 'the addresses of all three areas are 0', place);
  }
  if (ring === 'packed' && size === 0) findings.report('4.1.4.3.2-2', 'the size is 0', place);
  if (ring === 'split' && (size === 0 || (size & (size - 1)) !== 0)) {
    findings.report('4.1.4.3.2-1', `the size is ${size}`, place);
  }
  if (size > maxSize) findings.report('4.2.2.2-1', `the size is ${size}, and the device presents ${maxSize}`, place);
  if (ring === 'split') {
    const flags = view.uint16(Number(registers.device) + virtio.USED_FLAGS);
    if (flags !== undefined && flags !== 0)
      findings.report('2.7.10.1-1', `the flags are 0x${flags.toString(16)}`, place);
  }
}
